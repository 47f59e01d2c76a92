"""Inputs to try a model with, what the model is asked for them, and whether two ways of computing it agree.

Owns the probe: a task's examples and what is made of them. What is compared is what the model itself answers, before a
task makes words of it, so that every task is probed alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.media import Limits
from core.reading import read_value
from core.settings import ROOT, Settings
from core.tasks.spec import Example, Task
from core.values import Text, Value, about_bytes

VECTOR_TOLERANCE: Final = 0.05
"""The largest relative difference of a vector (boxes, embeddings) that is let pass: its cosine is then over 0.998."""

_LIMITS: Final = Limits.of(Settings())


@dataclass(frozen=True)
class Call:
    """Hold one question to a model and its answer, as tensors by name."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def probe_inputs(task: Task) -> list[Value]:
    """Return inputs of different lengths: the task's examples, and of texts also their halves and sums."""
    given = [read_example(task, example) for example in task.examples]
    texts = [value.text for value in given if isinstance(value, Text)]
    if texts:
        cut = [text[: len(text) // 2].rpartition(" ")[0] or text for text in texts]
        given += [Text(text=text) for text in cut]
        given += [Text(text=f"{one} {other}") for one, other in zip(texts, cut, strict=True)]
    return given


def read_example(task: Task, example: Example) -> Value:
    """Return the input that an example stands for."""
    if isinstance(example.inputs, Mapping):
        return read_value(task.input, {name: _part(part) for name, part in example.inputs.items()}, _LIMITS)
    return read_value(task.input, _part(example.inputs), _LIMITS)


def _part(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_part(one) for one in part]
    return (ROOT / part).read_bytes() if isinstance(part, Path) else part


def asked(task: Task, pipe: Any) -> list[Call]:
    """Return what a task asks of its model for the probe: every input alone, then all of them together.

    Where only inputs of one length run together, the largest is asked twice at once: a program is made for as many as
    it has seen, and one that saw a single input refuses two.

    Empty where the task reaches the model by other ways than calling it, or hands it more than tensors.
    """
    inputs, parameters = probe_inputs(task), task.checked_parameters({})
    with _recorded(pipe.model) as calls:
        for value in inputs:
            task.answers(pipe, [value], parameters)
        if task.batches:
            task.answers(pipe, inputs, parameters)
        if task.batches and task.alike:
            task.answers(pipe, [max(inputs, key=about_bytes)] * 2, parameters)
    return calls


def largest_question(calls: Sequence[Call]) -> Call:
    """Return the call with the most numbers, of those with several inputs at once if there are any."""
    together = [call for call in calls if min(len(one) for one in call.inputs.values()) > 1]
    return max(together or calls, key=lambda call: numbers(call.inputs))


def sizes_not_seen(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Return questions of sizes that none of these calls has: parts of the largest one.

    Shorter ones where it is rows of numbers, as texts and sounds are; else fewer at once.
    """
    inputs = largest_question(calls).inputs
    seen = {tuple(one.shape) for call in calls for one in call.inputs.values()}
    shapes = {tuple(one.shape) for one in inputs.values()}
    if len(shapes) == 1 and all(one.dim() == 2 for one in inputs.values()):
        ((count, length),) = shapes
        lengths = sorted({max(1, round(length * share / 20)) for share in range(10, 20)})
        return [
            {name: one[:, :shorter] for name, one in inputs.items()}
            for shorter in lengths
            if (count, shorter) not in seen
        ]
    count = min(len(one) for one in inputs.values())
    parts = [{name: one[:fewer] for name, one in inputs.items()} for fewer in range(2, count)]
    return [part for part in parts if not any(tuple(one.shape) in seen for one in part.values())]


def numbers(inputs: Mapping[str, Any]) -> int:
    """Return how many numbers a question holds."""
    return sum(one.numel() for one in inputs.values())


@contextmanager
def _recorded(model: Any) -> Iterator[list[Call]]:
    """Record every call of a model; give up on one that takes or gives what is no tensor."""
    import torch

    calls: list[Call] = []
    forward, usable = model.forward, True

    def record(*positional: Any, **by_name: Any) -> Any:
        nonlocal usable
        answer = forward(*positional, **by_name)
        inputs = tensors_of(by_name)
        outputs = tensors_of(answer) if isinstance(answer, Mapping) else {}
        others = [value for value in by_name.values() if not isinstance(value, torch.Tensor | bool | None)]
        usable = usable and not positional and not others and bool(inputs) and bool(outputs)
        calls.append(Call(inputs, outputs))
        return answer

    model.forward = record
    try:
        yield calls
    finally:
        del model.forward
        if not usable:
            calls.clear()


def tensors_of(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a tensor, by its name."""
    import torch

    return {name: value for name, value in named.items() if isinstance(value, torch.Tensor)}


def difference(calls: Sequence[Call], answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> tuple[float, str]:
    """Ask the same again and return the largest difference of a score, and where it disagrees; empty if it does not.

    Scores are the softmax of what is called logits: their best label has to be the same everywhere. Anything else is
    compared as a vector.
    """
    largest, problem = 0.0, ""
    for call in calls:
        found = answer(call.inputs)
        for name, reference in call.outputs.items():
            if name not in found or found[name].shape != reference.shape:
                return 1.0, f"{name} is missing or of another shape"
            if not reference.is_floating_point():
                continue
            this, plain = _content(found[name], call.inputs), _content(reference, call.inputs)
            if not bool(this.isfinite().all()):
                return 1.0, f"{name} has what is no number"
            if "logits" in name:
                largest = max(largest, float((this.softmax(-1) - plain.softmax(-1)).abs().max()))
                if not bool((this.argmax(-1) == plain.argmax(-1)).all()):
                    problem = "another label comes first"
            else:
                relative = float((this - plain).norm() / plain.norm().clamp_min(1e-6))
                if relative > VECTOR_TOLERANCE:
                    problem = f"{name} differs by {relative:.1%}"
    return largest, problem


def _content(tensor: Any, inputs: Mapping[str, Any]) -> Any:
    """Return the numbers without those of padding, which nobody reads, in float32."""
    mask = inputs.get("attention_mask")
    tensor = tensor.float()
    if mask is not None and tensor.dim() == 3 and tensor.shape[:2] == mask.shape:
        return tensor[mask.bool()]
    return tensor
