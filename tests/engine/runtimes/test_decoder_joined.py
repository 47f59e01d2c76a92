"""Texts that join others in a program of OpenVINO: as torch writes each of them alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.engine.runtimes.decoder import DecoderExport, open_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.rungs import named
from core.tasks import together
from core.tasks.together import can_be_joined
from core.values import Text
from tests.engine.runtimes.programs import gone_wrong
from tests.tasks.writing import GREEDY, TASK, Door, Watching, loaded, written
from tests.tiny import texts

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

TEXTS = [Text(text=text) for text in ("the film", "a", "a quiet old village by the sea", "x" * 58, "the clock")]


@pytest.mark.parametrize(("at_once", "after"), [(1, 0), (3, 2)])
def test_each_is_as_alone(at_once: int, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 0)
    torch.manual_seed(0)
    checkpoint, float32 = texts.text_generation(tmp_path / "checkpoint"), named("openvino float32")
    plain, by_program = loaded(checkpoint), loaded(checkpoint)
    DecoderExport(plain.model, torch.tensor([[5, 6, 7, 8]])).save(float32, tmp_path / "program")
    alone = [written(plain, text) for text in TEXTS]
    assert len(set(alone)) > 3
    put_in_place(by_program.model, open_decoder(tmp_path / "program", float32, 1), gone_wrong)
    assert can_be_joined(by_program.model)
    door = Door(TEXTS[2:], at_once, after)
    checked = TASK.checked_parameters(GREEDY)
    answers = TASK.stream_together(by_program, TEXTS[:2], checked, [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == alone
    assert [one.whole for one in door.watching] == answers[2:]
