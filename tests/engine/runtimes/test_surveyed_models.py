"""Models that a survey found a program for: what answers, what it costs, and what happens when it fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.engine import ModelKey, lanes
from core.engine.cache import with_headroom
from core.engine.key import Loaded
from core.engine.runtimes import survey as surveys
from core.engine.runtimes.findings import FILE, PROGRAM
from core.engine.runtimes.probe import probe_inputs
from core.engine.runtimes.rungs import PLAIN
from core.engine.runtimes.survey import survey
from core.engine.runtimes.surveyor import Surveyor
from core.engine.torch_setup import allowed_cpus
from core.values import Labels, Text
from tests.engine.runtimes.surveyed_site import OPENVINO, PATIENCE_S, TASK, Site, favour

# What the libraries that convert say of each other's newer versions.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("FutureWarning", "DeprecationWarning", "UserWarning")
]


@pytest.fixture(scope="module")
def checkpoint(tiny_folder: Callable[[str], Path]) -> Path:
    return tiny_folder(TASK.id)


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
    verdicts = {one.rung: one.verdict for one in status.finding.tried}
    assert verdicts == {"openvino float32": "failed", "torch float32": "chosen"}


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
