"""Whether what writes token by token thinks the same of each next token by another rung, and how long a token takes.

Owns that comparison. What answers in one call is `core.engine.runtimes.probe`'s; here each call goes on from the tokens
of those before, so that two ways are compared for as long as those are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Final

from core.engine.allocator import trim_memory
from core.engine.budget import resident_bytes
from core.engine.runtimes.decoder import asked_for
from core.engine.runtimes.findings import Tried
from core.engine.runtimes.openvino_setup import prepare_openvino
from core.engine.runtimes.probe import numbers, read_example, tensors_of
from core.engine.runtimes.rungs import PLAIN, Rung, is_installed
from core.engine.runtimes.writers import Export, export_writer, is_taken, put_writer_in_place, reads_first
from core.tasks.spec import Task
from core.values import Value

STEPS: Final = 64
"""Tokens that are written for each of a task's examples at most."""

TOLERANCE: Final = 0.05
"""How far the score of a token may be from plain float32's, and by how much another may come first. In bfloat16 a logit
of 16 to 32 is rounded to an eighth, by which a score of a half is off by up to 0.016; three times that."""


@dataclass
class Writing:
    """Hold the calls that one answer took: the tokens that each was given, its scores of the next, and the time.

    Args:
        takes: the names of all that a call was given.
        read: what the model's encoder was given last, if it has one.
        error: what it ended with instead, as where a model does not take what the example is of.
    """

    given: list[Any] = field(default_factory=list)
    scores: list[Any] = field(default_factory=list)
    takes: set[str] = field(default_factory=set)
    read: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class _Enough(Exception):
    """Ends an answer after `STEPS` tokens."""


def tried_writing(
    task: Task, make: Callable[[str], Any], rungs: Sequence[Rung], threads: int, folder: Path
) -> list[Tried]:
    """Try the rungs on a model that writes; leave the program of each that has one in `folder`, by the rung's name.

    Args:
        make: loads the model in a dtype.
    """
    pipe = make(PLAIN.dtype)
    plain = _written(task, pipe)
    if not any(one.scores for one in plain):
        return [
            Tried(rung.name, "skipped", "what it writes has no scores to compare") for rung in rungs if rung != PLAIN
        ]
    # A program of 8 bits changes what the others are made of.
    order = sorted(rungs, key=lambda rung: (rung.runtime == "torch", rung.dtype == "int8"))
    programs = _Programs(task, make, pipe.model, plain, threads, folder)
    tried = {}
    for rung in order:
        if rung is PLAIN:
            tried[rung] = Tried(rung.name, "slower", "", _ms(plain, plain))
        elif rung.runtime == "torch":
            tried[rung] = _compared(rung, plain, _written(task, make(rung.dtype)))
        else:
            tried[rung] = programs.tried(rung)
    return [tried[rung] for rung in rungs]


class _Programs:
    """Try a model's programs, which are exported once.

    Args:
        model: the model in plain float32.
        plain: what it wrote.
    """

    def __init__(
        self, task: Task, make: Callable[[str], Any], model: Any, plain: Sequence[Writing], threads: int, folder: Path
    ) -> None:
        self._task, self._make, self._model, self._plain = task, make, model, plain
        self._threads, self._folder = threads, folder
        self._read = max((one.read for one in plain), key=numbers)
        self._export: Export | Exception | None = None

    def tried(self, rung: Rung) -> Tried:
        """Export, compare and time a rung."""
        takes = set().union(*(one.takes for one in self._plain))
        if not is_taken(self._model, takes, self._read.keys()):
            return Tried(rung.name, "skipped", "its task needs more than programs take and give")
        if rung.runtime != "openvino":
            return Tried(rung.name, "skipped", "it writes step by step, as only programs of OpenVINO do")
        if not is_installed(rung):
            return Tried.missing(rung)
        try:
            return self._written_by(rung, self._folder / rung.name.replace(" ", "-"))
        except Exception as err:  # exporters raise whatever the libraries below them do
            return Tried.failed(rung, self._task.id, err)

    def _written_by(self, rung: Rung, folder: Path) -> Tried:
        if self._export is None:
            self._export = self._exported()
        if isinstance(self._export, Exception):
            raise self._export
        self._export.save(rung, folder)
        pipe = self._make(PLAIN.dtype)
        prepare_openvino()
        trim_memory()
        before = resident_bytes()
        put_writer_in_place(pipe.model, folder, rung, self._threads, _raise)
        other = _written(self._task, pipe)
        return _compared(rung, self._plain, other, memory_bytes=max(0, resident_bytes() - before))

    def _exported(self) -> Export | Exception:
        """Return the export, or why there is none: the next rung need not try again."""
        tokens = max((one.given[0] for one in self._plain if one.given), key=lambda given: given.shape[-1])
        try:
            return export_writer(self._model, tokens, self._read)
        except Exception as err:
            return err


def _compared(rung: Rung, plain: Sequence[Writing], other: Sequence[Writing], memory_bytes: int = 0) -> Tried:
    largest, problem = disagreement(plain, other)
    took_ms = 0.0 if problem else _ms(other, plain)
    return Tried(rung.name, "disagrees" if problem else "slower", problem, took_ms, largest, memory_bytes)


def _raise(failure: Exception) -> Any:
    raise failure


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
    found = Writing()

    def record(by_name: dict[str, Any], answer: Any) -> None:
        found.takes |= asked_for(by_name)
        tokens = by_name.get("decoder_input_ids", by_name.get("input_ids"))
        logits = getattr(answer, "logits", None)
        if tokens is not None and logits is not None:
            found.given.append(tokens.clone())
            found.scores.append(logits[..., -1, :].float().softmax(-1))
        if len(found.scores) == STEPS:
            raise _Enough

    def note_read(by_name: dict[str, Any], _: Any) -> None:
        found.read = tensors_of(by_name) or found.read

    with ExitStack() as listening:
        listening.enter_context(_heard_by(record, pipe.model))
        if reads_first(pipe.model):
            listening.enter_context(_heard_by(note_read, pipe.model.get_encoder()))
        started = time.perf_counter()
        try:
            task.answers(pipe, [value], parameters)
        except _Enough:
            pass
        except Exception as err:  # whatever a model does with what it was not made for
            found = Writing(error=type(err).__name__)
        found.seconds = time.perf_counter() - started
    return found


@contextmanager
def _heard_by(hear: Callable[[dict[str, Any], Any], None], module: Any) -> Iterator[None]:
    """Have each call of a module be heard: what it was given by name, and its answer."""
    forward, own = module.forward, "forward" in vars(module)

    @wraps(forward)  # transformers asks it what the module takes
    def heard(*positional: Any, **by_name: Any) -> Any:
        answer = forward(*positional, **by_name)
        hear(by_name, answer)
        return answer

    module.forward = heard
    try:
        yield
    finally:
        if own:
            module.forward = forward
        else:
            del module.forward


def _ms(these: Sequence[Writing], like: Sequence[Writing]) -> float:
    """Return the milliseconds that these would have taken for as many tokens as the others."""
    return 1000 * sum(
        one.seconds * len(other.scores) / max(1, len(one.scores)) for one, other in zip(these, like, strict=True)
    )
