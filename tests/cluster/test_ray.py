"""A real Ray with two replicas: the same answers as here, and a replica that is killed costs no request.

Skipped where Ray is not installed: `pip install -r requirements-ray.txt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.engine import Partial
from core.errors import BadInput, Cancelled
from core.runtime import Runtime, build
from core.showcase import Showcase
from core.tasks import TASKS
from core.tasks.spec import Task
from core.values import Chat, Message, Text
from tests import tiny
from tests.conftest import CHAT

pytestmark = pytest.mark.ray

SHAKESPEARE = "starters/shakespeare"
ASKED: dict[str, Any] = {"client": "c", "source": "page"}
WRITING = {"do_sample": False, "max_new_tokens": 80}


@pytest.fixture(scope="module")
def on_ray(ray: Any, session_runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showcase]:
    """Build what PODIUM_ENGINE=ray builds, for the tests' catalog, with two replicas."""
    settings = replace(
        session_runtime.settings,
        data_folder=tmp_path_factory.mktemp("ray"),
        database_url="",
        engine="ray",
        ray_min_replicas=2,
        ray_max_replicas=2,
        ray_cpus=0.5,
        memory_bytes=1_000_000_000,
    )
    made = build(settings)
    yield made.showcase
    made.showcase.close()


def replicas(ray: Any) -> list[Any]:
    """Return the actors that answer."""
    named = ray.util.list_named_actors(all_namespaces=True)
    names = [one for one in named if one["name"].startswith("SERVE_REPLICA::podium#")]
    return [ray.get_actor(one["name"], namespace=one["namespace"]) for one in names]


@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS])
def test_the_answer_is_the_same_as_here(task: Task, on_ray: Showcase, session_runtime: Runtime) -> None:
    cards = [card for card in on_ray.catalog.models(task.id) if card.folder is not None and CHAT not in card.model_id]
    parameters = dict(tiny.ROWS[task.id].parameters)
    if "do_sample" in task.parameters.model_fields:
        parameters |= {"do_sample": False}
    inputs = tiny.inputs_of(task)
    there = on_ray.run(task.id, inputs, parameters, model_id=cards[-1].model_id, **ASKED)
    here = session_runtime.showcase.run(task.id, inputs, parameters, model_id=cards[-1].model_id, **ASKED)
    assert there.output == here.output
    assert (there.record.revision, there.record.dtype) == (here.record.revision, here.record.dtype)
    assert there.record.device.startswith("ray ")
    assert there.tokens == here.tokens
    assert on_ray.engine.budget[0] == 0


def test_there_are_two_replicas(ray: Any, on_ray: Showcase) -> None:
    on_ray.run("text-classification", Text(text="good"), {}, model_id="starters/sentiment", **ASKED)
    assert len(replicas(ray)) == 2
    (status,) = [one for one in on_ray.engine.models() if one.key.task_id == "text-classification"]
    assert (status.state, status.device, status.labels) == ("elsewhere", "ray", ("negative", "positive"))


def test_a_text_is_seen_while_it_is_written(on_ray: Showcase, session_runtime: Runtime) -> None:
    text = Text(text="ROMEO:\n")
    job = on_ray.start("text-generation", text, WRITING, streaming=True, model_id=SHAKESPEARE, **ASKED)
    seen: list[str] = []
    run = job.watch(lambda event: seen.append(event.value.text) if isinstance(event, Partial) else None)
    here = session_runtime.showcase.run("text-generation", text, WRITING, model_id=SHAKESPEARE, **ASKED)
    assert (run.output, run.tokens) == (here.output, here.tokens)
    assert seen
    assert all(run.output.text.startswith(part) for part in seen)


def test_a_stream_that_is_stopped_keeps_what_there_is(on_ray: Showcase) -> None:
    long = {"do_sample": False, "max_new_tokens": 1000}
    job = on_ray.start("text-generation", Text(text="ROMEO:\n"), long, streaming=True, model_id=SHAKESPEARE, **ASKED)
    run = job.watch(lambda event: job.stop() if isinstance(event, Partial) else None)
    assert run.record.stopped
    assert run.output.text


def test_a_refusal_is_the_same_as_here(on_ray: Showcase) -> None:
    chat = Chat(messages=(Message(role="user", content="a"), Message(role="assistant", content="b")))
    with pytest.raises(BadInput, match="not taught to converse"):
        on_ray.run("text-generation", chat, {}, model_id=SHAKESPEARE, **ASKED)


def test_what_is_taken_back_is_taken_back(on_ray: Showcase) -> None:
    long = {"do_sample": False, "max_new_tokens": 1000}
    jobs = [
        on_ray.start("text-generation", Text(text=f"{number}"), long, model_id=SHAKESPEARE, **ASKED)
        for number in range(20)
    ]
    for job in jobs:
        job.cancel()
    for job in jobs:
        with pytest.raises(Cancelled):
            job.result()
    run = on_ray.run("text-generation", Text(text="a"), WRITING, model_id=SHAKESPEARE, **ASKED)
    assert run.output.text


def test_a_killed_replica_costs_no_request(ray: Any, on_ray: Showcase, session_runtime: Runtime) -> None:
    texts = [Text(text=f"KING HENRY {number}:\n") for number in range(12)]
    here = [
        session_runtime.showcase.run("text-generation", text, WRITING, model_id=SHAKESPEARE, **ASKED).output
        for text in texts
    ]
    jobs = [on_ray.start("text-generation", text, WRITING, model_id=SHAKESPEARE, **ASKED) for text in texts]
    jobs[0].result()
    victims = replicas(ray)
    assert not all(job.finished for job in jobs)
    ray.kill(victims[0], no_restart=True)
    assert [job.result().output for job in jobs] == here
