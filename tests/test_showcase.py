"""The one door: what is checked, run, recorded and found again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.engine import Event, Finished
from core.errors import BadInput, BadParameters, Busy, Cancelled, ShowcaseError, UnknownName
from core.feedback.store import FeedbackStore
from core.showcase import Showcase
from core.values import Audio, Label, Labels, Text
from tests.fake_engine import showcase_of

TASK = "text-classification"


def positive(texts: list[str], **_: Any) -> list[list[dict[str, Any]]]:
    """Stand in for a transformers pipeline: everything is lovely."""
    return [[{"label": "positive", "score": 0.75}] for _ in texts]


@pytest.fixture
def showcase(tmp_path: Path) -> Iterator[Showcase]:
    made = showcase_of(tmp_path, positive)
    yield made
    made.close()


def start(showcase: Showcase, text: str = "Fine.", **options: Any) -> Any:
    return showcase.start(TASK, Text(text=text), {}, client="c", source="page", **options)


def test_a_run_is_answered_and_recorded_with_everything(showcase: Showcase) -> None:
    run = showcase.run(TASK, Text(text="Fine."), {"top_k": 3}, client="someone", source="api")
    assert run.output == Labels(labels=(Label(label="positive", score=0.75),))
    assert run.recorded
    record = showcase.store.find_run(run.record.run_id)
    assert record == run.record
    assert record.parameters == {"top_k": 3}
    assert record.revision == "f" * 40
    assert record.client == "someone"
    assert record.input_digest == Text(text="Fine.").digest()
    assert record.batch_size == 1


def test_a_job_is_found_by_its_run_id_while_it_is_remembered(showcase: Showcase) -> None:
    job = start(showcase)
    assert showcase.find_job(job.run_id) is job
    assert job.result().record.run_id == job.run_id
    assert showcase.find_job("0" * 32) is None


def test_watching_ends_with_the_run(showcase: Showcase) -> None:
    events: list[Event] = []
    run = start(showcase).watch(events.append)
    assert run.output.labels
    assert isinstance(events[-1], Finished) or events


def test_a_run_is_found_after_a_restart_without_its_input(showcase: Showcase, tmp_path: Path) -> None:
    run_id = showcase.run(TASK, Text(text="Fine."), {}, client="c", source="page").record.run_id
    again = showcase_of(tmp_path, positive)
    found = again.find_run(run_id)
    again.close()
    assert found is not None
    assert found.output.labels[0].label == "positive"
    assert found.inputs is None


def test_inputs_are_kept_with_every_run_if_so_set(tmp_path: Path) -> None:
    showcase = showcase_of(tmp_path, positive, keep_inputs="always")
    run_id = showcase.run(TASK, Text(text="Kept 👍"), {}, client="c", source="page").record.run_id
    found = showcase.find_run(run_id)
    showcase.close()
    assert found is not None
    assert found.inputs == Text(text="Kept 👍")


def test_a_database_that_is_down_costs_the_record_and_not_the_answer(tmp_path: Path) -> None:
    showcase = showcase_of(tmp_path, positive, database_url="postgresql://nobody@127.0.0.1:1/none")
    run = showcase.run(TASK, Text(text="Fine."), {}, client="c", source="page")
    showcase.close()
    assert run.output.labels
    assert not run.recorded


@pytest.mark.parametrize(
    ("task_id", "inputs", "parameters", "model_id", "error"),
    [
        ("no-such-task", Text(text="a"), {}, None, UnknownName),
        (TASK, Text(text="a"), {}, "no/such", UnknownName),
        (TASK, Text(text="a"), {"top_k": 1000}, None, BadParameters),
        (TASK, Audio(samples=b"\0" * 4, sampling_rate=8000), {}, None, BadInput),
    ],
)
def test_what_cannot_be_run_is_refused_before_the_engine(
    task_id: str, inputs: Any, parameters: Any, model_id: str | None, error: type[ShowcaseError], showcase: Showcase
) -> None:
    with pytest.raises(error):
        showcase.start(task_id, inputs, parameters, client="c", source="page", model_id=model_id)
    assert showcase.store.count_runs() == 0


def test_text_sent_where_a_file_is_meant_is_never_opened(showcase: Showcase) -> None:
    from core.tasks import get_task

    with pytest.raises(BadInput, match="is not base64"):
        showcase.read_input(get_task("image-classification"), "/etc/hostname")


def test_an_error_of_the_model_reaches_every_watcher_and_no_record(tmp_path: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("broken inside")

    showcase = showcase_of(tmp_path, fail)
    with pytest.raises(ShowcaseError) as refusal:
        start(showcase).result()
    assert "broken inside" not in str(refusal.value)
    assert showcase.store.count_runs() == 0
    showcase.close()


@pytest.mark.usefixtures("one_lane")
def test_a_full_queue_is_refused_and_a_cancelled_job_leaves_it(tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(texts: list[str], **_: Any) -> Any:
        entered.set()
        assert leave.wait(30)
        return positive(texts)

    showcase = showcase_of(tmp_path, slow, queue_limit=1)
    first = start(showcase)
    assert entered.wait(30)
    waiting = start(showcase)
    with pytest.raises(Busy) as refusal:
        start(showcase)
    assert refusal.value.retry_after_s > 0
    waiting.cancel()
    with pytest.raises(Cancelled):
        waiting.result()
    leave.set()
    assert first.result().output.labels
    showcase.close()


def test_a_bug_while_recording_leaves_nobody_waiting(
    showcase: Showcase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FeedbackStore, "add", break_down)
    with pytest.raises(ShowcaseError, match="could not be kept"):
        start(showcase).result()
    assert "ZeroDivisionError" in caplog.text


def test_only_tasks_with_models_are_offered(showcase: Showcase) -> None:
    assert [task.id for task in showcase.tasks()] == ["text-classification", "text-generation"]
    assert showcase.tasks("image") == []
