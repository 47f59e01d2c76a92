"""Whether what writes token by token thinks the same of each next token in another dtype, and how long a token takes.

Owns that comparison, in torch: no exported program writes. What answers in one call is `core.engine.runtimes.probe`'s;
here each call goes on from the tokens of those before, so that two ways are compared for as long as those are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.engine.runtimes.findings import Tried
from core.engine.runtimes.probe import read_example
from core.engine.runtimes.rungs import PLAIN, Rung
from core.tasks.spec import Task
from core.values import Value

STEPS: Final = 64
"""Tokens that are written for each of a task's examples at most."""

TOLERANCE: Final = 0.05
"""How far the score of a token may be from plain float32's, and by how much another may come first. In bfloat16 a logit
of 16 to 32 is rounded to an eighth, by which a score of a half is off by up to 0.016; three times that."""


def writes(model: Any) -> bool:
    """Return whether a model writes its answer token by token."""
    return bool(getattr(model, "can_generate", lambda: False)())


@dataclass
class Writing:
    """Hold the calls that one answer took: the tokens that each was given, its scores of the next, and the time.

    Args:
        error: what it ended with instead, as where a model does not take what the example is of.
    """

    given: list[Any] = field(default_factory=list)
    scores: list[Any] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


class _Enough(Exception):
    """Ends an answer after `STEPS` tokens."""


def tried_writing(task: Task, make: Callable[[str], Any], rungs: Sequence[Rung]) -> list[Tried]:
    """Try the rungs of torch on a model that writes; say of the others that they do not.

    Args:
        make: loads the model in a dtype.
    """
    plain = _written(task, make(PLAIN.dtype))
    tried = []
    for rung in rungs:
        if rung.runtime != "torch":
            tried.append(Tried(rung.name, "skipped", "it writes its answer step by step, as no program does"))
        elif not any(one.scores for one in plain):
            tried += [] if rung is PLAIN else [Tried(rung.name, "skipped", "what it writes has no scores to compare")]
        elif rung is PLAIN:
            tried.append(Tried(rung.name, "slower", "", _ms(plain, plain)))
        else:
            other = _written(task, make(rung.dtype))
            largest, problem = disagreement(plain, other)
            took_ms = 0.0 if problem else _ms(other, plain)
            tried.append(Tried(rung.name, "disagrees" if problem else "slower", problem, took_ms, largest))
    return tried


def disagreement(plain: Sequence[Writing], other: Sequence[Writing]) -> tuple[float, str]:
    """Return the largest difference of a score, and where another token comes first; empty if none does."""
    largest, problem = 0.0, ""
    for one, its in zip(plain, other, strict=True):
        if its.error and not one.error:
            return 1.0, f"fails on an example: {its.error}"
        for given, scores, its_given, its_scores in zip(one.given, one.scores, its.given, its.scores, strict=False):
            if not given.equal(its_given):
                break  # near ties were told apart otherwise: from here on they write of different things
            if not bool(its_scores.isfinite().all()):
                return 1.0, "a score is no number"
            largest = max(largest, float((its_scores - scores).abs().max()))
            ahead = scores.max(-1).values - scores.gather(-1, its_scores.argmax(-1, keepdim=True)).squeeze(-1)
            if float(ahead.max()) > TOLERANCE:
                problem = "another token comes first"
    return largest, problem or (f"a score differs by {largest:.3f}" if largest > TOLERANCE else "")


def _written(task: Task, pipe: Any) -> list[Writing]:
    """Have a model write about a task's examples."""
    import torch

    likeliest = {"do_sample": False} if "do_sample" in task.parameters.model_fields else {}
    parameters = task.checked_parameters(likeliest)
    values = [read_example(task, example) for example in task.examples]
    pipe.model.eval()
    with torch.inference_mode():
        for value in values[:1]:
            _one(task, pipe, value, parameters)  # whatever is prepared once is prepared now
        return [_one(task, pipe, value, parameters) for value in values]


def _one(task: Task, pipe: Any, value: Value, parameters: Any) -> Writing:
    """Have a model write one answer, or the beginning of it."""
    forward, found = pipe.model.forward, Writing()

    def record(*positional: Any, **by_name: Any) -> Any:
        answer = forward(*positional, **by_name)
        tokens = by_name.get("decoder_input_ids", by_name.get("input_ids"))
        logits = getattr(answer, "logits", None)
        if tokens is not None and logits is not None:
            found.given.append(tokens.clone())
            found.scores.append(logits[..., -1, :].float().softmax(-1))
        if len(found.scores) == STEPS:
            raise _Enough
        return answer

    pipe.model.forward = record
    started = time.perf_counter()
    try:
        task.answers(pipe, [value], parameters)
    except _Enough:
        pass
    except Exception as err:  # whatever a model does with what it was not made for
        found = Writing(error=type(err).__name__)
    finally:
        found.seconds = time.perf_counter() - started
        del pipe.model.forward
    return found


def _ms(these: Sequence[Writing], like: Sequence[Writing]) -> float:
    """Return the milliseconds that these would have taken for as many tokens as the others."""
    return 1000 * sum(
        one.seconds * len(other.scores) / max(1, len(one.scores)) for one, other in zip(these, like, strict=True)
    )
