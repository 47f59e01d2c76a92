"""Surveys of tiny real checkpoints by the real libraries: what they choose, and that it answers alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.catalog import Catalog, ModelCard
from core.engine import ModelKey
from core.engine.loader import TransformersLoader
from core.engine.runtimes import rungs
from core.engine.runtimes import survey as surveys
from core.engine.runtimes import surveyor as surveyor_module
from core.engine.runtimes.exported import open_program
from core.engine.runtimes.findings import PROGRAM, Finding, Tried
from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.survey import survey
from core.engine.runtimes.surveyor import Surveyor
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.values import Text
from tests.engine.runtimes.surveyed_site import OPENVINO, PATIENCE_S, TASK, Site, favour

# What the libraries that convert say of each other's newer versions.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("FutureWarning", "DeprecationWarning", "UserWarning")
]

INT8 = named("onnx int8")


@pytest.fixture(scope="module")
def checkpoint(tiny_folder: Callable[[str], Path]) -> Path:
    return tiny_folder(TASK.id)


@pytest.fixture
def favoured(monkeypatch: pytest.MonkeyPatch) -> None:
    favour(monkeypatch)


def verdicts(tried: list[Tried]) -> dict[str, str]:
    return {one.rung: one.verdict for one in tried}


def test_a_rung_that_agrees_and_is_faster_is_chosen_and_kept(checkpoint: Path, tmp_path: Path, favoured: None) -> None:
    tried = survey(TASK, checkpoint, (OPENVINO, PLAIN), 1, tmp_path)
    assert verdicts(tried) == {"openvino float32": "chosen", "torch float32": "slower"}
    assert tried[0].difference < 1e-5
    assert [entry.name for entry in tmp_path.iterdir()] == [PROGRAM]
    assert open_program(tmp_path / PROGRAM, OPENVINO, 1) is not None


def test_a_rung_beyond_its_tolerance_is_passed_over_and_nothing_of_it_stays(
    checkpoint: Path, tmp_path: Path, favoured: None
) -> None:
    strict = dataclasses.replace(INT8, tolerance=-1.0)
    tried = survey(TASK, checkpoint, (strict, PLAIN), 1, tmp_path)
    assert verdicts(tried) == {"onnx int8": "disagrees", "torch float32": "chosen"}
    assert list(tmp_path.iterdir()) == []


def test_int8_answers_within_its_tolerance(checkpoint: Path, tmp_path: Path) -> None:
    (one, _) = survey(TASK, checkpoint, (INT8, PLAIN), 1, tmp_path)
    assert one.verdict in ("chosen", "slower")
    assert one.difference <= INT8.tolerance


def test_sizes_that_the_model_does_not_take_are_asked_of_nobody(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes_not_seen = surveys.sizes_not_seen

    def with_one_too_long(calls: Any) -> list[dict[str, Any]]:
        (found, *_) = sizes_not_seen(calls)
        return [found, {name: torch.ones(1, 10_000, dtype=one.dtype) for name, one in found.items()}]

    monkeypatch.setattr(surveys, "sizes_not_seen", with_one_too_long)
    (plain,) = survey(TASK, checkpoint, (PLAIN,), 1, tmp_path)
    assert (plain.verdict, plain.note) == ("chosen", "")


def test_a_rung_that_is_not_installed_says_what_to_install(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveys, "is_installed", lambda rung: rung.runtime != "openvino")
    (one, plain) = survey(TASK, checkpoint, (OPENVINO, PLAIN), 1, tmp_path)
    assert (one.verdict, one.note) == ("missing", "pip install openvino")
    assert plain.verdict == "chosen"


def test_a_conversion_that_fails_costs_only_the_rung(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise NotImplementedError("no such operator\nand a long story")

    monkeypatch.setattr(surveys.exported, "export", fail)
    (one, plain) = survey(TASK, checkpoint, (OPENVINO, PLAIN), 1, tmp_path)
    assert (one.verdict, one.note) == ("failed", "NotImplementedError: no such operator")
    assert plain.verdict == "chosen"


def test_a_model_that_is_asked_in_more_ways_than_a_program_answers_is_left_to_torch(
    tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    task = get_task("text-to-speech")
    tried = survey(task, tiny_folder(task.id), (OPENVINO, PLAIN), 1, tmp_path)
    assert verdicts(tried) == {"openvino float32": "skipped"}
    assert Finding(tuple(tried)).chosen is None


LOOKED_AT = [
    ("text-classification", "openvino", "float32", True, True),
    ("text-generation", "openvino", "float32", True, True),
    ("text-generation", "onnx", "auto", True, False),  # none of its programs writes
    ("text-generation", "auto", "auto", False, True),
    ("text-generation", "auto", "auto", True, True),
]


@pytest.mark.parametrize(("task_id", "runtime", "dtype", "multiplies_bfloat16", "looked"), LOOKED_AT)
def test_only_what_has_a_choice_is_surveyed(
    task_id: str,
    runtime: str,
    dtype: str,
    multiplies_bfloat16: bool,
    looked: bool,
    tiny_folder: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[ModelKey] = []
    monkeypatch.setattr(Surveyor, "look", lambda _, key, *rest: seen.append(key))
    monkeypatch.setattr(rungs, "multiplies_bfloat16", lambda: multiplies_bfloat16)
    card = ModelCard(task_id=task_id, model_id="starters/tiny", title="Tiny", folder=tiny_folder(task_id))
    surveyor = Surveyor(tmp_path)
    loader = TransformersLoader(hub=Hub(offline=True), catalog=Catalog([card]), tasks=TASKS, surveyor=surveyor)
    loader.load(ModelKey(task_id, card.model_id, None, dtype, "cpu", runtime), lambda _done, _total: None)
    surveyor.close()
    assert bool(seen) == looked


def test_a_survey_that_dies_leaves_the_model_as_it_was(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(surveyor_module.sys, "executable", "/bin/false")
    made = Site(checkpoint, tmp_path / "findings")
    made.ask(Text(text="Let it be surveyed."))
    made.surveyor._line.submit(lambda: None).result(PATIENCE_S)
    assert "ended with 1" in caplog.text
    assert not made.renewed.is_set()
    assert list((tmp_path / "findings").iterdir()) == []
    assert made.ask(Text(text="And again."))[1] == "torch"
    made.close()


def test_too_large_a_model_is_not_surveyed(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveyor_module, "LARGEST_BYTES", 10)
    made = Site(checkpoint, tmp_path / "findings")
    made.ask(Text(text="Too large."))
    made.surveyor._line.submit(lambda: None).result(PATIENCE_S)
    assert not (tmp_path / "findings").exists()
    made.close()
