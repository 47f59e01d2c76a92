"""A second Podium, in a process of its own, is the endpoint: the same answers as here, for every task."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from bench.site import Site
from core.catalog import Endpoint, ModelCard
from core.engine import Partial
from core.runtime import Runtime
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Audio, Chat, Depth, Embeddings, Message, Text, Value
from tests import tiny
from tests.conftest import CHAT
from tests.remote.conftest import Elsewhere

LEFT_OUT = {
    "note": "",
    "boxes": (),
    "frames": (),
    "unit": "",
    "nearness": True,
}
"""What the protocol has no place for, as it is afterwards."""

TOLERANCE = 2e-3
"""Sounds travel with 16 bits a sample; all else is exact or has six digits."""


def far(here: ModelCard, site: Site, protocol: Any = "inference") -> ModelCard:
    address = (
        f"{site.url}/api/models/{here.model_id}?task={here.task_id}" if protocol == "inference" else f"{site.url}/v1"
    )
    return ModelCard(task_id=here.task_id, model_id=here.model_id, title="Far", endpoint=Endpoint(address, protocol))


def plain(value: Any) -> Any:
    """Turn an answer into what can be compared."""
    if isinstance(value, Audio | Depth | Embeddings):
        return value.array().astype(float).ravel().tolist()
    if isinstance(value, Value):
        names = [name for name in type(value).model_fields if name not in LEFT_OUT]
        return {name: plain(getattr(value, name)) for name in names}
    return [plain(part) for part in value] if isinstance(value, tuple) else value


def assert_alike(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert set(one) == set(other)
        for name in one:
            assert_alike(one[name], other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        if one and isinstance(one[0], float):
            np.testing.assert_allclose(one, other, atol=TOLERANCE, rtol=TOLERANCE)
        else:
            for first, second in zip(one, other, strict=True):
                assert_alike(first, second)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=TOLERANCE)
    else:
        assert one == other


def last_card(runtime: Runtime, task: Task) -> ModelCard:
    """Return the starter of a task, or its tiny checkpoint."""
    cards = [card for card in runtime.showcase.catalog.models(task.id) if card.folder is not None]
    return next(card for card in reversed(cards) if CHAT not in card.model_id)


@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS])
def test_the_answer_is_the_same_as_here(task: Task, site: Site, session_runtime: Runtime, elsewhere: Elsewhere) -> None:
    here = last_card(session_runtime, task)
    showcase = elsewhere([far(here, site)])
    inputs, parameters = tiny.inputs_of(task), dict(tiny.ROWS[task.id].parameters)
    if "do_sample" in task.parameters.model_fields:
        parameters |= {"do_sample": False}
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    there = showcase.run(task.id, inputs, parameters, **asked)
    local = session_runtime.showcase.run(task.id, inputs, parameters, **asked)
    assert type(there.output) is type(local.output)
    assert_alike(plain(there.output), plain(local.output))
    assert there.record.revision == local.record.revision
    assert there.record.device == site.url.removeprefix("http://")
    assert there.recorded
    assert showcase.find_run(there.record.run_id) is not None
    (status,) = showcase.engine.models()
    assert (status.state, status.size_bytes, status.runs) == ("elsewhere", 0, 1)
    assert showcase.engine.budget[0] == 0


@pytest.mark.parametrize("protocol", ["inference", "openai"])
def test_a_text_is_seen_while_it_is_written(
    protocol: str, site: Site, session_runtime: Runtime, elsewhere: Elsewhere
) -> None:
    here = last_card(session_runtime, get_task("text-generation"))
    showcase = elsewhere([far(here, site, protocol)])
    parameters = {"do_sample": False, "max_new_tokens": 20}
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    job = showcase.start("text-generation", Text(text="ROMEO:\n"), parameters, streaming=True, **asked)
    seen: list[str] = []
    run = job.watch(lambda event: seen.append(event.value.text) if isinstance(event, Partial) else None)
    local = session_runtime.showcase.run("text-generation", Text(text="ROMEO:\n"), parameters, **asked)
    assert run.output == local.output
    assert run.record.revision == local.record.revision
    assert run.tokens == local.tokens
    assert seen
    assert all(run.output.text.startswith(text) for text in seen)


def test_what_was_known_there_is_counted(site: Site, session_runtime: Runtime, elsewhere: Elsewhere) -> None:
    here = last_card(session_runtime, get_task("text-generation"))
    showcase = elsewhere([far(here, site, "openai")])
    said = Text(text="What light through yonder window breaks, and who is she that stands there in the night?")
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    runs = [showcase.run("text-generation", said, {"do_sample": False, "max_new_tokens": 4}, **asked) for _ in "12"]
    tokens = runs[-1].tokens
    assert tokens is not None
    assert tokens.cached == tokens.inputs - 1


def test_a_stream_that_is_stopped_keeps_what_there_is(
    site: Site, session_runtime: Runtime, elsewhere: Elsewhere
) -> None:
    here = last_card(session_runtime, get_task("text-generation"))
    showcase = elsewhere([far(here, site)])
    parameters = {"do_sample": False, "max_new_tokens": 900}
    job = showcase.start(
        "text-generation", Text(text="ROMEO:\n"), parameters, client="c", source="page", streaming=True
    )
    run = job.watch(lambda event: job.stop() if isinstance(event, Partial) else None)
    assert run.record.stopped
    assert run.output.text


@pytest.mark.parametrize("protocol", ["inference", "openai"])
def test_a_conversation_is_answered(protocol: str, site: Site, session_runtime: Runtime, elsewhere: Elsewhere) -> None:
    cards = session_runtime.showcase.catalog.models("text-generation")
    here = next(card for card in cards if CHAT in card.model_id)
    showcase = elsewhere([far(here, site, protocol)])
    chat = Chat(
        messages=(
            Message(role="user", content="the film"),
            Message(role="assistant", content="left"),
            Message(role="user", content="anna"),
        )
    )
    parameters = {"do_sample": False, "max_new_tokens": 8, "system_prompt": "the film"}
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    there = showcase.run("text-generation", chat, parameters, **asked)
    assert there.output == session_runtime.showcase.run("text-generation", chat, parameters, **asked).output


def test_vectors_come_in_openais_protocol(site: Site, session_runtime: Runtime, elsewhere: Elsewhere) -> None:
    task = get_task("feature-extraction")
    here = last_card(session_runtime, task)
    showcase = elsewhere([far(here, site, "openai")])
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    inputs = tiny.inputs_of(task)
    there = showcase.run(task.id, inputs, {}, **asked).output
    local = session_runtime.showcase.run(task.id, inputs, {}, **asked).output
    np.testing.assert_allclose(there.array(), local.array(), atol=1e-6)


def test_many_are_asked_at_once_and_each_gets_its_own(
    site: Site, session_runtime: Runtime, elsewhere: Elsewhere
) -> None:
    here = last_card(session_runtime, get_task("text-classification"))
    showcase = elsewhere([far(here, site)])
    texts = [f"film number {number} was {'good' if number % 2 else 'awful'}" for number in range(60)]
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": here.model_id}
    jobs = [showcase.start("text-classification", Text(text=text), {}, **asked) for text in texts]
    for text, job in zip(texts, jobs, strict=True):
        local = session_runtime.showcase.run("text-classification", Text(text=text), {}, **asked)
        assert_alike(plain(job.result().output), plain(local.output))


def test_what_the_endpoint_refuses_is_refused_in_its_words(
    site: Site, session_runtime: Runtime, elsewhere: Elsewhere
) -> None:
    from core.errors import BadInput, EndpointFailed

    cards = session_runtime.showcase.catalog.models("text-generation")
    here = next(card for card in cards if CHAT not in card.model_id and card.folder is not None)
    gone = ModelCard(
        task_id="text-classification", model_id="no/such", title="Gone", endpoint=Endpoint(f"{site.url}/api/nowhere")
    )
    showcase = elsewhere([far(here, site), gone])
    asked: dict[str, Any] = {"client": "c", "source": "page"}
    chat = Chat(messages=(Message(role="user", content="a"), Message(role="assistant", content="b")))
    with pytest.raises(BadInput, match="not taught to converse"):
        showcase.run("text-generation", chat, {}, model_id=here.model_id, **asked)
    with pytest.raises(EndpointFailed, match="no model at the address"):
        showcase.run("text-classification", Text(text="a"), {}, model_id="no/such", **asked)


def test_closing_ends_the_thread(site: Site, session_runtime: Runtime, elsewhere: Elsewhere) -> None:
    here = last_card(session_runtime, get_task("text-classification"))
    showcase = elsewhere([far(here, site)])
    showcase.run("text-classification", Text(text="good"), {}, client="c", source="page", model_id=here.model_id)
    assert "podium elsewhere" in {thread.name for thread in threading.enumerate()}
    showcase.engine.close()
    assert "podium elsewhere" not in {thread.name for thread in threading.enumerate()}
