"""Surveys of what writes as programs do: all rungs compared, the best kept, and what cannot be said of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.survey import survey
from core.engine.runtimes.writing import tried_writing
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from tests.tiny.mixed import donut

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

FLOAT32, INT8 = named("openvino float32"), named("openvino int8")
RUNGS = tuple(map(named, ("onnx int8", "openvino int8", "openvino bfloat16", "openvino float32", "torch float32")))


def test_all_of_its_rungs_are_tried_and_the_best_is_kept(mistral: Path, tmp_path: Path) -> None:
    tried = {one.rung: one for one in survey(get_task("text-generation"), mistral, RUNGS, 1, tmp_path)}
    assert tried["onnx int8"].verdict == "skipped"
    assert tried["openvino float32"].difference < 1e-4
    ran = [one for one in tried.values() if one.verdict in ("chosen", "slower")]
    assert len(ran) >= 3
    assert all(one.probe_ms > 0 for one in ran)
    (best,) = [one for one in tried.values() if one.verdict == "chosen"]
    assert [path.name for path in tmp_path.iterdir()] == (["program"] if best.rung.startswith("openvino") else [])


def test_what_cannot_be_exported_is_said_of_each_rung_and_tried_once(
    mistral: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: list[Any] = []

    def cannot(model: Any, _prompt: Any) -> Any:
        exports.append(model)
        raise RuntimeError("no such operation")

    monkeypatch.setattr("core.engine.runtimes.decoder.DecoderExport", cannot)

    def make(dtype: str) -> Any:
        return get_task("text-generation").load(Checkpoint(mistral, dtype, "cpu"))

    tried = tried_writing(get_task("text-generation"), make, (INT8, FLOAT32, PLAIN), 1, tmp_path)
    assert [one.verdict for one in tried] == ["failed", "failed", "slower"]
    assert tried[0].note == "RuntimeError: no such operation"
    assert len(exports) == 1


def test_a_program_that_fails_on_an_example_is_passed_over_by_its_error(
    mistral: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        def ask(**_: Any) -> Any:
            raise ConnectionError("no such operation")

        return ask

    monkeypatch.setattr("core.engine.runtimes.decoder.open_decoder", failing)
    tried = survey(get_task("text-generation"), mistral, (FLOAT32, PLAIN), 1, tmp_path)
    assert [(one.verdict, one.note) for one in tried] == [
        ("disagrees", "fails on an example: ConnectionError"),
        ("chosen", ""),
    ]


def test_what_an_encoder_reads_is_surveyed_too(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    tried = {one.rung: one for one in survey(get_task("translation"), tiny_folder("translation"), RUNGS, 1, tmp_path)}
    ran = [one for one in tried.values() if one.verdict in ("chosen", "slower")]
    assert {"openvino float32", "torch float32"} <= {one.rung for one in ran}
    assert all(one.probe_ms > 0 for one in ran)
    assert tried["openvino float32"].difference < 1e-3


def test_a_task_that_asks_for_more_than_programs_give_is_left_to_torch(
    tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """A page that is read without its words asks for what the model looked at."""
    task = get_task("document-question-answering")

    def make(dtype: str) -> Any:
        return task.load(Checkpoint(donut(tmp_path / "donut"), dtype, "cpu"))

    program, plain = tried_writing(task, make, (FLOAT32, PLAIN), 1, tmp_path)
    assert (program.verdict, program.note) == ("skipped", "its task needs more than programs take and give")
    assert plain.verdict == "slower"
