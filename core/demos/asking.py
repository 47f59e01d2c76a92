"""How a demo asks a model: through the same door, for the same visitor, no longer than its own run may take.

Owns what a call in the middle of a run inherits: the client, the deadline, and being stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from core.demos.declaration import PREFIX
from core.demos.plain import atom_of
from core.engine import served
from core.showcase import Showcase
from core.tasks.spec import Task
from core.values import Value, fields_of

LOOK_S: Final = 0.1
"""How often a call looks whether its demo was stopped meanwhile; a visitor takes that for at once."""


def ask_model(
    showcase: Showcase, task_id: str, inputs: Any, parameters: Mapping[str, Any], model_id: str | None
) -> Value:
    """Answer an input for the demo that runs in this thread. Not recorded: the demo's own run is.

    Args:
        inputs: a value, or the plain thing that stands for one; for several fields a mapping of their names.

    Raises: what the model's run raises; Cancelled once the demo is stopped, taken back or overdue.
    """
    if task_id.startswith(PREFIX):
        # A demo that waited for its own thread would wait for ever.
        raise TypeError(f"{task_id} is a demo; import its function and call it")
    asked_for = served()
    if not asked_for:
        raise RuntimeError("a model can be asked only while a demo runs, in the thread that runs it")
    task = showcase.task(task_id)
    _, ticket = showcase.submit(
        task,
        _value(task, inputs),
        task.checked_parameters(parameters),
        client=asked_for[0].client,
        deadline_s=max(one.left_s() for one in asked_for),
        model_id=model_id,
    )
    answered = threading.Event()
    ticket.add_done_callback(lambda _: answered.set())
    while not answered.wait(LOOK_S):
        if all(one.stopped() for one in asked_for):
            ticket.cancel()
    output: Value = ticket.result().output
    return output


def _value(task: Task, inputs: Any) -> Value:
    """Return what a task takes, made of plain things where they stand for it.

    Raises: TypeError if they do not.
    """
    if isinstance(inputs, task.input):
        return inputs
    fields = fields_of(task.input)
    if not fields[0].name:
        return atom_of(task.input, inputs)
    if not isinstance(inputs, Mapping) or not set(inputs) <= {field.name for field in fields}:
        raise TypeError(f"{task.id} takes a mapping of {', '.join(field.name for field in fields)}")
    parts = {
        field.name: tuple(atom_of(field.atom, part) for part in inputs[field.name])
        if field.many
        else atom_of(field.atom, inputs[field.name])
        for field in fields
        if inputs.get(field.name) is not None
    }
    return task.input(**parts)
