"""A Whisper as programs of OpenVINO behind the engine: what visitors are told is what torch would tell them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine import Answer, ModelKey
from core.engine.runtimes.encoder_decoder import EncoderDecoderExport
from core.engine.runtimes.findings import PROGRAM, Tried, write
from core.engine.runtimes.probe import read_example
from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.surveyor import Surveyor
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from tests.engine.runtimes.surveyed_site import PATIENCE_S, Site
from tests.tiny.sounds import whisper

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

TASK = get_task("automatic-speech-recognition")
FLOAT32 = named("openvino float32")


def given_to_encoder() -> dict[str, Any]:
    """Return what transformers' pipeline gives the encoder of a Whisper that hears a second at a time."""
    features = torch.randn(1, 8, 100, generator=torch.Generator().manual_seed(0))
    return {"input_features": features, "attention_mask": torch.ones(1, 100)}


def test_a_whisper_that_was_surveyed_hears_for_visitors_as_torch_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through transformers' own pipeline, with its five wordings, and the language to be found out."""
    torch.manual_seed(0)
    checkpoint = whisper(tmp_path / "whisper")

    def found_before(_: Surveyor, key: ModelKey, folder: Path, scratch: Path) -> bool:
        export = EncoderDecoderExport(TASK.load(Checkpoint(folder, "float32", "cpu")).model.eval(), given_to_encoder())
        export.save(FLOAT32, scratch / PROGRAM)
        write(scratch, [Tried(FLOAT32.name, "chosen"), Tried(PLAIN.name, "slower")])
        return True

    monkeypatch.setattr(Surveyor, "_run", found_before)
    sounds = [read_example(TASK, example) for example in TASK.examples]

    def heard(site: Site) -> list[Answer]:
        tickets = [site.engine.submit(TASK, site.key, sound, TASK.checked_parameters({})) for sound in sounds]
        return [ticket.result() for ticket in tickets]

    by_torch = Site(checkpoint, tmp_path / "torch", "torch", task=TASK)
    site = Site(checkpoint, tmp_path / "own", task=TASK)
    expected = [answer.output for answer in heard(by_torch)]
    answers = heard(site)
    assert site.renewed.wait(PATIENCE_S)
    while any(answer.runtime == "torch" for answer in answers):
        answers = heard(site)
    by_torch.close()
    site.close()
    assert [(answer.runtime, answer.dtype) for answer in answers] == [("openvino", "float32")] * len(sounds)
    assert [answer.output for answer in answers] == expected
    assert all(answer.text for answer in expected)
