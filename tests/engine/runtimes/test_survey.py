"""Surveys of tiny real checkpoints by the real libraries: what they choose, and that it answers alike."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Catalog, ModelCard
from core.engine import ModelKey, lanes
from core.engine.cache import with_headroom
from core.engine.key import Loaded
from core.engine.loader import TransformersLoader
from core.engine.runtimes import survey as surveys
from core.engine.runtimes import surveyor as surveyor_module
from core.engine.runtimes.exported import open_program
from core.engine.runtimes.findings import FILE, PROGRAM, Finding, Tried
from core.engine.runtimes.probe import probe_inputs
from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.survey import survey
from core.engine.runtimes.surveyor import Surveyor
from core.engine.torch_setup import allowed_cpus
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.values import Labels, Text
from tests.engine.runtimes.surveyed_site import TASK, Site

# What the libraries that convert say of each other's newer versions.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("FutureWarning", "DeprecationWarning", "UserWarning")
]

PATIENCE_S = 120.0
OPENVINO = named("openvino float32")
INT8 = named("onnx int8")


@pytest.fixture(scope="module")
def checkpoint(tiny_folder: Callable[[str], Path]) -> Path:
    return tiny_folder(TASK.id)


def favour(patch: pytest.MonkeyPatch) -> None:
    """Let plain torch take an hour, so that what a survey chooses is no matter of luck."""
    timed = surveys._probe_ms

    def slow_for_torch(calls: Any, ask: Any, lanes: int) -> float:
        return timed(calls, ask, lanes) + (3.6e6 if ask.__name__ == "ask" else 0)

    patch.setattr(surveys, "_probe_ms", slow_for_torch)


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
    task = get_task("text-generation")
    tried = survey(task, tiny_folder(task.id), (OPENVINO, PLAIN), 1, tmp_path)
    assert verdicts(tried) == {"openvino float32": "skipped"}
    assert Finding(tuple(tried)).chosen is None


@pytest.mark.parametrize(("task_id", "looked"), [("text-classification", True), ("text-generation", False)])
def test_what_generates_is_not_even_surveyed(
    task_id: str, looked: bool, tiny_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[ModelKey] = []
    monkeypatch.setattr(Surveyor, "look", lambda _, key, *rest: seen.append(key))
    card = ModelCard(task_id=task_id, model_id="starters/tiny", title="Tiny", folder=tiny_folder(task_id))
    surveyor = Surveyor(tmp_path)
    loader = TransformersLoader(hub=Hub(offline=True), catalog=Catalog([card]), tasks=TASKS, surveyor=surveyor)
    loader.load(ModelKey(task_id, card.model_id, None, "float32", "cpu", "openvino"), lambda _done, _total: None)
    surveyor.close()
    assert bool(seen) == looked


@pytest.fixture
def site(checkpoint: Path, tmp_path: Path) -> Iterator[Site]:
    made = Site(checkpoint, tmp_path / "findings")
    yield made
    made.close()


def scores(labels: Labels) -> dict[str, float]:
    return {label.label: label.score for label in labels.labels}


def test_a_model_answers_at_once_and_is_loaded_anew_when_its_survey_is_done(site: Site) -> None:
    texts = [text for text in probe_inputs(TASK) if isinstance(text, Text)]
    before = [site.ask(text) for text in texts]
    assert {runtime for _, runtime in before} == {"torch"}
    assert site.renewed.wait(PATIENCE_S)
    status = None
    while status is None or status.finding is None:  # the next answer comes from what was loaded anew
        site.ask(texts[0])
        status = site.engine.info(site.key)
    assert {one.rung for one in status.finding.tried} == {"openvino float32", "torch float32"}
    after = [site.ask(text) for text in texts]
    for (plain, _), (found, _) in zip(before, after, strict=True):
        assert scores(found) == pytest.approx(scores(plain), abs=OPENVINO.tolerance)


@pytest.fixture(scope="module")
def surveyed(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a survey leaves in which OpenVINO was chosen."""
    folder = tmp_path_factory.mktemp("surveyed")
    with pytest.MonkeyPatch.context() as patch:
        favour(patch)
        surveys.write(folder, survey(TASK, checkpoint, (OPENVINO, PLAIN), 1, folder))
    return folder


@pytest.fixture
def settled(checkpoint: Path, surveyed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a site whose finding is there already, with OpenVINO chosen."""

    def run(_: Surveyor, key: ModelKey, folder: Path, scratch: Path) -> bool:
        shutil.copytree(surveyed, scratch, dirs_exist_ok=True)
        return True

    monkeypatch.setattr(Surveyor, "_run", run)
    made = Site(checkpoint, tmp_path / "findings")
    made.ask(Text(text="Let it be surveyed."))
    assert made.renewed.wait(PATIENCE_S)
    while made.ask(Text(text="And loaded anew."))[1] == "torch":
        pass
    made.renewed.clear()
    yield made
    made.close()


def test_what_was_found_is_loaded_at_once_the_next_time(settled: Site, checkpoint: Path, tmp_path: Path) -> None:
    plain = Site(checkpoint, tmp_path / "other", runtime="torch")
    again = Site(checkpoint, tmp_path / "findings")
    text = Text(text="A quiet little film, and then some more words.")
    expected, _ = plain.ask(text)
    answer, runtime = again.ask(text)
    status = again.engine.info(again.key)
    again.close()
    plain.close()
    assert runtime == "openvino"
    assert scores(answer) == pytest.approx(scores(expected), abs=1e-4)
    assert status is not None
    assert (status.runtime, status.dtype) == ("openvino", "float32")
    program = next((tmp_path / "findings").glob(f"*/{PROGRAM}"))
    on_disk = sum(file.stat().st_size for file in program.iterdir())
    assert status.finding is not None
    measured = status.finding.memory_bytes(OPENVINO)
    assert status.size_bytes == measured > on_disk * min(lanes.MOST, allowed_cpus())


def test_a_program_that_would_not_fit_the_budget_is_left_for_torch(
    settled: Site, checkpoint: Path, tmp_path: Path
) -> None:
    finding = next((tmp_path / "findings").glob(f"*/{FILE}"))
    measured = next(row["memory_bytes"] for row in json.loads(finding.read_text()) if row["rung"] == OPENVINO.name)
    needed = with_headroom(measured)
    for budget_bytes, runtime in ((needed + 1, "openvino"), (needed - 2, "torch")):
        small = Site(checkpoint, tmp_path / "findings", budget_bytes=budget_bytes)
        assert small.ask(Text(text="How much room is there?"))[1] == runtime
        status = small.engine.info(small.key)
        small.close()
        assert status is not None
        assert status.finding is not None  # so that nobody surveys it again


def test_a_batch_through_a_program_answers_as_each_alone(settled: Site) -> None:
    parameters = TASK.checked_parameters({})
    texts = [text for text in probe_inputs(TASK) if isinstance(text, Text)]
    tickets = [settled.engine.submit(TASK, settled.key, text, parameters) for text in texts]
    together = [ticket.result().output for ticket in tickets]
    for text, output in zip(texts, together, strict=True):
        assert scores(output) == pytest.approx(scores(settled.ask(text)[0]), abs=1e-5)


def test_a_program_answers_several_at_a_time(settled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_cpus", lambda: 2)
    texts = [Text(text=" ".join(["so many words"] * count)) for count in range(1, 21)]
    expected = [scores(settled.ask(text)[0]) for text in texts]
    with ThreadPoolExecutor(8) as crowd:
        for _ in range(3):
            answers = list(crowd.map(settled.ask, texts))
            assert {runtime for _, runtime in answers} == {"openvino"}
            for (labels, _), known in zip(answers, expected, strict=True):
                assert scores(labels) == pytest.approx(known, abs=1e-5)


def test_a_program_that_fails_on_an_input_is_replaced_by_torch_and_the_answer_comes(
    settled: Site, checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = Text(text="The one that it cannot take.")
    expected = scores(settled.ask(text)[0])
    worker = settled.engine._workers[settled.key]
    loaded = worker.place.loaded
    assert isinstance(loaded, Loaded)

    def fail(**_: Any) -> None:
        raise RuntimeError("Check 'broadcast_merge_into' failed")

    forward = loaded.pipe.model.forward
    cells = dict(zip(forward.__code__.co_freevars, forward.__closure__ or (), strict=True))
    cells["program"].cell_contents = fail
    answer, _ = settled.ask(text)
    assert scores(answer) == pytest.approx(expected, abs=1e-4)
    assert "failed: torch computes it" in caplog.text
    assert settled.renewed.wait(PATIENCE_S)
    while settled.ask(text)[1] != "torch":
        pass
    status = settled.engine.info(settled.key)
    assert status is not None
    assert status.finding is not None
    assert verdicts(list(status.finding.tried)) == {"openvino float32": "failed", "torch float32": "chosen"}


def test_a_program_that_cannot_be_opened_leaves_the_model_to_torch(
    settled: Site, checkpoint: Path, tmp_path: Path
) -> None:
    for file in (tmp_path / "findings").glob(f"*/{PROGRAM}/*.bin"):
        file.write_bytes(b"")
    again = Site(checkpoint, tmp_path / "findings")
    answer, runtime = again.ask(Text(text="Still here."))
    again.close()
    assert runtime == "torch"
    assert answer.labels


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
