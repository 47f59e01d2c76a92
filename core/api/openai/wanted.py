"""What a request in OpenAI's protocol asks for, in the terms of our tasks.

Owns which task serves what, how a model is named, and which of OpenAI's settings have a meaning here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from core.api.answering import caller_of
from core.errors import BadParameters, UnknownName
from core.job import Job
from core.runtime import Runtime
from core.tasks.spec import Task
from core.values import Value

CHAT: Final = "text-generation"
VECTORS: Final = "feature-extraction"
HEARING: Final = "automatic-speech-recognition"
SPEAKING: Final = "text-to-speech"

TASK_IDS: Final = (CHAT, VECTORS, HEARING, SPEAKING)
"""The tasks that OpenAI's protocol has a name for."""

_ANY_MODEL: Final = ("", "default", "dummy")
"""Names for the model that the task starts with; Hugging Face's client says `dummy`."""


class Asked(BaseModel):
    """Be the base of every request: what it does not know, such as `user` or `store`, changes no answer."""

    model_config = ConfigDict(extra="ignore")

    model: str = ""


def task_for(of: Runtime, task_id: str) -> Task:
    """Return a task, if this showcase has it.

    Raises: UnknownName.
    """
    task = next((task for task in of.showcase.tasks() if task.id == task_id), None)
    if task is None:
        raise UnknownName(f"This showcase has no model for {task_id}.", hint="GET /v1/models lists what there is.")
    return task


def start(
    of: Runtime, request: Request, task: Task, inputs: Value, parameters: Mapping[str, Any], asked: Asked, **more: bool
) -> Job:
    """Ask for a run by the model that was named.

    Raises: UnknownName if there is no such model, or what `Showcase.start` raises.
    """
    model_id = None if asked.model in _ANY_MODEL else asked.model
    return of.showcase.start(
        task.id,
        inputs,
        parameters,
        client=caller_of(request).client,
        source="api",
        model_id=model_id,
        **more,
    )


def bounded(task: Task, name: str, value: float) -> float:
    """Return a number moved into the range of the task's parameter of that name."""
    schema: dict[str, float] = task.parameters.model_json_schema()["properties"][name]
    return min(max(value, schema.get("minimum", value)), schema.get("maximum", value))


def refuse(asked: BaseModel, **meaningless: tuple[Any, ...]) -> None:
    """Refuse settings that would change the answer and cannot be obeyed.

    Args:
        meaningless: for each field the values that change nothing.

    Raises: BadParameters naming the first that has another one.
    """
    for name, harmless in meaningless.items():
        if getattr(asked, name) not in harmless:
            raise BadParameters(f"'{name}' has no meaning here.", hint="Leave it out.")
