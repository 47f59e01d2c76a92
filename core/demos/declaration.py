"""A marked function becomes a task and a model: the two things that pages, routes and records know.

Owns how a function is called: one input or a batch, at once or bit by bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from core.catalog import ModelCard
from core.demo import Ask, Wish, asking_through
from core.demos.examples import examples_of
from core.demos.plain import Taken, bare, taken_of
from core.demos.signature import Signature, read_signature
from core.errors import Cancelled
from core.tasks.spec import Modality, Parameters, Stream, Task
from core.values import Atom, Audio, Chat, Image, Table, Text, Value, Video

PREFIX: Final = "demo-"
"""What a demo's id begins with; none of the Hub's pipeline tags does."""

ICON: Final = ":material/function:"

_PAGES: Final[Mapping[type[Atom], Modality]] = {
    Text: "text",
    Table: "text",
    Chat: "text",
    Image: "image",
    Audio: "audio",
    Video: "video",
}
"""The page that a demo stands on, by its first input."""


@dataclass(frozen=True)
class Demo:
    """Hold a function that visitors may try, as a task and as the model that does it.

    Args:
        file: where its function is written.
        revision: a digest of that file, which each run records.
    """

    task: Task
    card: ModelCard
    file: Path
    revision: str


@dataclass(frozen=True)
class DemoPipe:
    """Hold what a demo's task is given to run with: the function, and through what it asks models."""

    function: Callable[..., Any]
    ask: Ask


def declare(function: Callable[..., Any], wish: Wish, file: Path, revision: str) -> Demo:
    """Make a task of a marked function.

    Raises: TypeError or ValueError naming what its author has to change.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError("it is async; write it as a plain function, which has a thread of its own")
    signature = read_signature(function, batch=wish.batch)
    answer, streams = _unwrapped(signature.answer, batch=wish.batch, generator=inspect.isgeneratorfunction(function))
    taken = taken_of(answer)
    title = wish.title or function.__name__.strip("_").replace("_", " ").capitalize()
    document = (inspect.getdoc(function) or "").strip()
    task = Task(
        id=PREFIX + function.__name__.strip("_").replace("_", "-").lower(),
        modality=wish.modality or _PAGES[signature.inputs[0].given.atom],
        title=title,
        summary=wish.summary or (document.splitlines()[0] if document else f"A demo: {file.name}."),
        icon=wish.icon or ICON,
        input=signature.kind,
        parameters=signature.parameters,
        output=taken.output,
        examples=examples_of(wish.examples, signature, file.parent),
        load=lambda _: function,
        run=_batched(signature, taken) if wish.batch else _one_by_one(signature, taken, streams=streams),
        stream=_streamed(signature, taken) if streams else None,
        batches=wish.batch,
        deterministic=wish.deterministic,
    )
    note = f"A function of this showcase's owner: {function.__name__} in {file.name}"
    card = ModelCard(task_id=task.id, model_id=f"demos/{file.name}", title=file.name, note=note, is_function=True)
    return Demo(task, card, file, revision)


def _unwrapped(answer: Any, *, batch: bool, generator: bool) -> tuple[Any, bool]:
    """Return the annotation of one answer, and whether it comes bit by bit."""
    inside, _ = bare(answer)
    if batch:
        if generator or get_origin(inside) is not list:
            raise TypeError("it takes batches, so it returns list[...] of the answers, and does not yield")
        return get_args(inside)[0], False
    if get_origin(inside) in (Iterator, Iterable, Generator):
        return get_args(inside)[0], True
    return answer, generator


def _one_by_one(signature: Signature, taken: Taken, *, streams: bool) -> Any:
    def run(pipe: DemoPipe, inputs: Sequence[Value], parameters: Parameters) -> list[Value]:
        if streams:
            return [stream(pipe, one, parameters, lambda _: None, lambda: False) for one in inputs]
        with asking_through(pipe.ask):
            return [taken.take(pipe.function(**signature.arguments(one, parameters))) for one in inputs]

    stream = _streamed(signature, taken)
    return run


def _batched(signature: Signature, taken: Taken) -> Any:
    def run(pipe: DemoPipe, inputs: Sequence[Value], parameters: Parameters) -> list[Value]:
        calls = [signature.arguments(one, parameters) for one in inputs]
        columns = {one.name: [call[one.name] for call in calls] for one in signature.inputs}
        with asking_through(pipe.ask):
            answers = pipe.function(**{**calls[0], **columns})
        if not isinstance(answers, list):
            raise TypeError(f"a batch is answered with a list, and a {type(answers).__name__} came")
        return [taken.take(answer) for answer in answers]

    return run


def _streamed(signature: Signature, taken: Taken) -> Stream:
    def stream(
        pipe: DemoPipe,
        inputs: Value,
        parameters: Parameters,
        emit: Callable[[Value], None],
        stopped: Callable[[], bool],
    ) -> Value:
        last: Value | None = None
        with asking_through(pipe.ask), closing(_bits(pipe.function(**signature.arguments(inputs, parameters)))) as bits:
            try:
                for bit in bits:
                    last = taken.take(bit)
                    emit(last)
                    if stopped():
                        break
            except Cancelled:  # a model that it asked was given up with it
                if last is None or not stopped():
                    raise
        if last is None:
            raise TypeError("it yielded no answer")
        return last

    return stream


def _bits(answers: Iterable[Any]) -> Generator[Any]:
    """Yield from any iterable, so that it can be closed."""
    yield from answers
