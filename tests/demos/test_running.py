"""Demos in the engine: recorded, streamed, batched, failing, and asking models."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

import pytest

from core.engine import Partial, served
from core.errors import BadInput, BadParameters, Cancelled, DeadlineExceeded, RunFailed, UnknownName
from core.showcase import Showcase
from core.values import Labels, Several, Text, Words
from tests.demos.conftest import Stage

POSITIVE = [{"label": "positive", "score": 0.75}]


def positive(texts: list[str], **_: Any) -> list[list[dict[str, Any]]]:
    """Stand in for a transformers pipeline: everything is lovely."""
    return [POSITIVE for _ in texts]


def run(showcase: Showcase, task_id: str, text: str = "fine", **parameters: Any) -> Any:
    return showcase.run(task_id, Text(text=text), parameters, client="me", source="page")


def test_a_demo_is_run_and_recorded_like_a_task(stage: Stage) -> None:
    showcase = stage("@demo\ndef shout(text: str, times: int = 2) -> str:\n    return text.upper() * times\n")
    done = run(showcase, "demo-shout", times=3)
    assert done.output == Words(text="FINEFINEFINE")
    kept = showcase.find_run(done.record.run_id)
    assert kept.output == done.output
    assert (kept.record.task_id, kept.record.model_id) == ("demo-shout", "demos/mine.py")
    assert (kept.record.dtype, kept.record.device, len(kept.record.revision)) == ("python", "cpu", 40)
    assert kept.record.parameters == {"times": 3}
    task = showcase.task("demo-shout")
    assert task in showcase.tasks("text")
    assert showcase.availability(showcase.first_model(task)).state == "loaded"
    assert showcase.status(showcase.first_model(task)).size_bytes == 0
    with pytest.raises(BadParameters):
        run(showcase, "demo-shout", nope=1)


def test_several_answers_are_kept_and_found_again(stage: Stage) -> None:
    source = '@demo\ndef both(text: str) -> tuple[str, Annotated[dict, "Sure"]]:\n    return text, {"a": 1.0}\n'
    showcase = stage(source, keep_inputs="always")
    done = run(showcase, "demo-both")
    found = showcase.find_run(done.record.run_id)
    assert isinstance(found.output, Several)
    assert found.output == done.output
    assert found.inputs == Text(text="fine")


def test_a_demo_streams_and_keeps_what_there_is_when_stopped(stage: Stage) -> None:
    showcase = stage(
        """
@demo
def count(text: str) -> Iterator[int]:
    for number in range(1, 10_000):
        yield number
        time.sleep(0.01)
"""
    )
    job = showcase.start("demo-count", Text(text=""), {}, client="me", source="page", streaming=True)
    seen: list[str] = []

    def look(event: object) -> None:
        if isinstance(event, Partial):
            seen.append(event.value.text)
            if len(seen) == 3:
                job.stop()

    done = job.watch(look)
    assert done.record.stopped
    assert 3 <= int(done.output.text) < 1000
    assert int(seen[0]) < int(seen[2])


def test_an_error_is_one_sentence_and_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    showcase = stage("@demo\ndef fail(text: str) -> str:\n    raise ZeroDivisionError('secret')\n")
    with caplog.at_level(logging.ERROR), pytest.raises(RunFailed) as caught:
        run(showcase, "demo-fail")
    assert "secret" not in str(caught.value)
    assert "ZeroDivisionError: secret" in caplog.text


def test_an_author_may_say_the_sentence(stage: Stage) -> None:
    source = "@demo\ndef refuse(text: str) -> str:\n    raise BadInput('There is no face.', hint='Try another.')\n"
    with pytest.raises(BadInput, match=r"There is no face. Try another."):
        run(stage(source), "demo-refuse")


def test_a_batch_is_gathered(stage: Stage) -> None:
    showcase = stage(
        """
import threading

GO = threading.Event()

@demo(batch=True)
def size(text: list[str]) -> list[str]:
    GO.wait(10)
    return [f"{one} of {len(text)}" for one in text]
"""
    )
    start = [showcase.start("demo-size", Text(text=str(at)), {}, client=f"c{at}", source="page") for at in range(5)]
    sys.modules["podium_demo_files.mine"].GO.set()
    told = [job.result().output.text for job in start]
    assert [one.split()[0] for one in told] == ["0", "1", "2", "3", "4"]
    assert max(int(one.split()[-1]) for one in told) > 1


JUDGE = """
@demo
def judge(text: str) -> dict[str, float]:
    best = model("text-classification")(text, top_k=1).labels[0]
    return {best.label: best.score}
"""


def test_a_demo_asks_a_model_for_its_client_within_its_deadline_and_unrecorded(stage: Stage) -> None:
    clients: list[tuple[str, bool]] = []

    def pipe(texts: list[str], **_: Any) -> Any:
        (ticket,) = served()
        clients.append((ticket.client, ticket.left_s() <= 30))
        return positive(texts)

    showcase = stage(JUDGE, pipe, deadline_s=30)
    done = run(showcase, "demo-judge")
    assert isinstance(done.output, Labels)
    assert done.output.labels[0].label == "positive"
    assert clients == [("me", True)]
    assert showcase.store.count_runs() == 1
    assert {status.key.model_id for status in showcase.engine.models()} == {"demos/mine.py", "model"}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ('model("no-such-task")(text)', UnknownName, "no-such-task"),
        ('model("text-classification", "no/model")(text)', UnknownName, "no/model"),
        ('model("text-classification")(text, nope=1)', BadParameters, "nope"),
        ('model("text-classification")(5)', RunFailed, "could not answer"),
        ('model("demo-judge")(text)', RunFailed, "could not answer"),
    ],
)
def test_a_wrong_call_ends_the_run(call: str, error: type[Exception], words: str, stage: Stage) -> None:
    with pytest.raises(error, match=words):
        run(stage(f"@demo\ndef judge(text: str) -> str:\n    return str({call})\n", positive), "demo-judge")


def test_a_demo_that_is_taken_back_gives_up_the_model_it_asked(stage: Stage) -> None:
    asked, go = threading.Event(), threading.Event()

    def pipe(texts: list[str], **_: Any) -> Any:
        asked.set()
        go.wait(10)
        return positive(texts)

    showcase = stage(JUDGE, pipe)
    job = showcase.start("demo-judge", Text(text="a"), {}, client="me", source="page")
    assert asked.wait(10)
    job.stop()
    with pytest.raises(Cancelled):
        job.result()
    again = showcase.start("demo-judge", Text(text="b"), {}, client="me", source="page")
    go.set()
    assert again.result().output.labels[0].label == "positive"


def test_a_stopped_stream_keeps_what_came_before_the_model_was_given_up(stage: Stage) -> None:
    asked, go = threading.Event(), threading.Event()

    def pipe(texts: list[str], **_: Any) -> Any:
        asked.set()
        go.wait(10)
        return positive(texts)

    source = '@demo\ndef judge(a: str) -> Iterator[str]:\n    yield "so far"\n    model("text-classification")(a)\n'
    showcase = stage(source, pipe)
    job = showcase.start("demo-judge", Text(text="a"), {}, client="me", source="page", streaming=True)
    assert asked.wait(10)
    job.stop()
    done = job.result()
    go.set()
    assert (done.output.text, done.record.stopped) == ("so far", True)


def test_a_model_that_takes_too_long_is_given_up_at_the_demos_deadline(stage: Stage) -> None:
    go = threading.Event()

    def pipe(texts: list[str], **_: Any) -> Any:
        go.wait(10)
        return positive(texts)

    showcase = stage(JUDGE, pipe, deadline_s=0.3)
    with pytest.raises(DeadlineExceeded):
        run(showcase, "demo-judge")
    go.set()


def test_two_demos_asking_each_others_models_do_not_wait_for_ever(stage: Stage) -> None:
    showcase = stage(JUDGE + JUDGE.replace("def judge", "def judge_too"), positive)
    jobs = [
        showcase.start(task_id, Text(text=str(at)), {}, client=f"c{at}", source="page")
        for at in range(10)
        for task_id in ("demo-judge", "demo-judge-too")
    ]
    assert all(job.result().output.labels for job in jobs)


def test_a_model_is_asked_only_while_a_demo_runs() -> None:
    from core.demo import model

    with pytest.raises(RuntimeError, match="while a demo runs"):
        model("text-classification")("a")
