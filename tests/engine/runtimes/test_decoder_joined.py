"""Texts that join others in a program of OpenVINO: as torch writes each of them alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine.runtimes.decoder import DecoderExport, open_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.rungs import named
from core.tasks import together
from core.tasks.prefix_cache import PrefixCache
from core.tasks.together import can_be_joined
from core.values import Text
from tests.engine.runtimes.programs import gone_wrong
from tests.tasks.writing import GREEDY, TASK, Door, Watching, loaded, written
from tests.tiny import texts
from tests.tiny.base import ENCODER

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

TEXTS = [Text(text=text) for text in ("the film", "a", "a quiet old village by the sea", "x" * 58, "the clock")]


@pytest.fixture(scope="module", params=[None, 7], ids=["all", "window"])
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model that torch computes, one that looks at 7 letters at a time, too; always the same one."""
    torch.manual_seed(0)
    return loaded(texts.text_generation(tmp_path_factory.mktemp("checkpoint"), far=True, window=request.param))


@pytest.fixture(scope="module")
def by_program(plain: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the same one, computed by a program."""
    folder, float32 = tmp_path_factory.mktemp("program"), named("openvino float32")
    DecoderExport(plain.model, torch.tensor([[5, 6, 7, 8]])).save(float32, folder)
    pipe = loaded(Path(plain.model.name_or_path))
    put_in_place(pipe.model, open_decoder(folder, float32, 1), gone_wrong)
    assert can_be_joined(pipe.model)
    return pipe


@pytest.mark.parametrize(("at_once", "after", "piece_s"), [(1, 0, 60), (3, 2, 60), (3, 2, 1e-9)])
def test_each_is_as_alone(
    at_once: int, after: int, piece_s: float, plain: Any, by_program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole prompts are read at once, or a token at a time while others are written."""
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 0)
    monkeypatch.setattr(together, "PIECE_S", piece_s)
    alone = [written(plain, text) for text in TEXTS]
    assert len(set(alone)) > 3
    door = Door(TEXTS[2:], at_once, after)
    checked = TASK.checked_parameters(GREEDY)
    answers = TASK.stream_together(by_program, TEXTS[:2], checked, [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == alone
    assert [one.whole for one in door.watching] == answers[2:]


def test_texts_go_on_from_what_was_read(plain: Any, by_program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that ended together, too: behind what was read of one stands what fills up."""
    monkeypatch.setattr(by_program, "prefix_cache", PrefixCache(10**6))
    checked = TASK.checked_parameters(GREEDY)
    begun = [Watching() for _ in TEXTS]
    answers = TASK.stream_together(by_program, TEXTS, checked, begun)
    numbers = 2 * ENCODER["num_hidden_layers"] * ENCODER["hidden_size"]  # keys and values of a token
    assert by_program.prefix_cache.size_bytes % (numbers * 4) == 0
    longer = [Text(text=TEXTS[at].text + answers[at].text + " so") for at in (2, 4)]
    again = [Watching() for _ in longer]
    answers = TASK.stream_together(by_program, longer, checked, again)
    assert [answer.text for answer in answers] == [written(plain, one) for one in longer]
    assert [one.known for one in again] == [len(one.text) - 4 for one in longer]
