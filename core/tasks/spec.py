"""What a task is: one declaration from which page, form, route, catalog row and tests are made.

Owns the shape of the declaration and how an input counts towards a batch. Knows no model, page or route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import BadParameters
from core.values import Audio, Chat, Image, Text, Value, atoms_in, fields_of

Modality = Literal["text", "image", "audio", "video"]


class Parameters(BaseModel):
    """Be the base of every task's parameters. Field order is the order on the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ExampleInput = str | Path


@dataclass(frozen=True)
class Example:
    """Offer an input that shows the task off.

    Args:
        title: a few words, shown on the button.
        inputs: the text itself, a table as CSV, or a file relative to the repository's root; for an input of several
            fields a mapping of their names to these, or to a tuple of these.
        parameters: what differs from the defaults.
    """

    title: str
    inputs: ExampleInput | Mapping[str, ExampleInput | tuple[ExampleInput, ...]]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """Name what a task's loader gets: a folder on this machine and how to compute with it.

    Args:
        prefix_bytes: how much may be kept of what a model has read, where its task makes use of it.
    """

    folder: Path
    dtype: Literal["float32", "bfloat16", "float16"]
    device: str
    prefix_bytes: int = 0


class Prepare(Protocol):
    """Make one input ready for the model: token ids, or tensors on the processor.

    Called for one input of a model at a time, but also from a thread beside the model's, and while the model runs. Of
    the pipe it uses the tokenizer and the processors, and looks at configurations; it changes nothing else.
    """

    def __call__(self, pipe: Any, inputs: Any, parameters: Any) -> Any:
        """Return what `run` is given for this input: whatever it needs of it. May raise what `run` may."""
        ...


class Run(Protocol):
    """Answer a batch: as many answers as inputs, in the same order.

    Where the task has a `prepare`, each input comes as that returned it. A tokenizer that `prepare` uses may then pad
    and decode here, and no more: to be called may change how it cuts and pads, while another thread relies on that.
    What it is given stays as it is: a run that failed is repeated with parts of it.
    """

    def __call__(self, pipe: Any, inputs: Sequence[Any], parameters: Any) -> list[Any]:
        """Answer the batch."""
        ...


class Stream(Protocol):
    """Answer one input bit by bit.

    Calls `emit` with ever longer partial answers, looks at `stopped` between steps, and returns the
    whole answer, or what there is of it when `stopped()` turns true.
    """

    def __call__(
        self, pipe: Any, inputs: Any, parameters: Any, emit: Callable[[Any], None], stopped: Callable[[], bool]
    ) -> Any:
        """Answer the input, emitting on the way."""
        ...


class Watcher(NamedTuple):
    """Stand for who waits for one of several answers.

    Args:
        emit: takes a longer partial answer; None where nobody sees it grow.
        stopped: says whether the answer may end as it is.
        end: takes the whole answer, while others of its batch may go on.
        refuse: takes why there is no answer, where that concerns this input alone.
        reused: takes how many tokens of the input were known from earlier texts, and not read again.
    """

    emit: Callable[[Any], None] | None = None
    stopped: Callable[[], bool] = lambda: False
    end: Callable[[Any], None] = lambda _: None
    refuse: Callable[[Exception], None] = lambda _: None
    reused: Callable[[int], None] = lambda _: None


Newcomers = Callable[[], Sequence[tuple[Any, Watcher]]]
"""Returns inputs that have come while others were answered and may join these, each with who waits for it."""


def nobody_comes() -> Sequence[tuple[Any, Watcher]]:
    """Return no newcomers."""
    return ()


class StreamTogether(Protocol):
    """Answer several inputs at once bit by bit, each before the eyes of its own watcher, as `Stream` does one.

    Others may join meanwhile: it asks for newcomers when it can take some, from its own thread. Their answers are
    returned behind the others', in the order in which they came; one that is refused has none.
    """

    def __call__(
        self,
        pipe: Any,
        inputs: Sequence[Any],
        parameters: Any,
        watchers: Sequence[Watcher],
        newcomers: Newcomers = nobody_comes,
    ) -> list[Any]:
        """Answer the batch, emitting on the way."""
        ...


@dataclass(frozen=True)
class Tokens:
    """Count the tokens that a language model was given, and those that it wrote.

    Args:
        cached: how many of the first were known from earlier texts, and not read again.
    """

    inputs: int
    answer: int
    cached: int = 0


Load = Callable[[Checkpoint], Any]


@dataclass(frozen=True)
class Task:
    """Declare one task.

    Args:
        id: the Hub's pipeline tag.
        title: what a visitor calls it.
        summary: one sentence: what it does to what.
        icon: a Material symbol, as Streamlit writes it.
        input: the type of one input.
        parameters: the type of its parameters; its defaults have to be valid.
        output: the type of one answer.
        examples: two or three inputs that show it off; the first one is Home's.
        load: makes the pipe of a checkpoint; `core.tasks.pipeline_loader` for what transformers has as a pipeline.
        run: answers a batch.
        prepare: makes an input ready for `run`; None where `run` is given the inputs themselves. A task that has it has
            neither `stream` nor `count_tokens`: these are given the inputs, and use the tokenizer as they like.
        stream: answers one input bit by bit; None where there is nothing to see before the end.
        stream_together: answers several inputs bit by bit, watched or not, and whoever joins them; None where a stream
            has a run to itself.
        count_tokens: counts what was read and written, from the pipe, input, parameters and answer; None where the
            task has no such thing.
        batches: False where inputs have to run one at a time.
        concurrent: whether two batches of one model may run side by side: `run` calls the model and reads what it says,
            and changes nothing. Only where the task has a `prepare`.
        alike: whether only inputs of the same length run together, as where padding would change an answer.
        writes: whether a run takes as long as what it writes, token by token, whatever it reads; a text more in it then
            costs little, however long.
        deterministic: False where the same input may be answered differently.
        also_loads: types of model that `load` takes, beyond those that transformers lists for a pipeline of this id.
        openings: first messages of a conversation, where some of its models converse; a `Chat` is then taken in
            place of the input.
    """

    id: str
    modality: Modality
    title: str
    summary: str
    icon: str
    input: type[Value]
    parameters: type[Parameters]
    output: type[Value]
    examples: tuple[Example, ...]
    load: Load
    run: Run
    prepare: Prepare | None = None
    stream: Stream | None = None
    stream_together: StreamTogether | None = None
    count_tokens: Callable[[Any, Any, Any, Any], Tokens] | None = None
    batches: bool = True
    concurrent: bool = False
    alike: bool = False
    writes: bool = False
    deterministic: bool = True
    also_loads: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()

    @property
    def takes(self) -> tuple[type[Value], ...]:
        """Return the types that an input may have: the declared one first."""
        return (self.input, Chat) if self.openings else (self.input,)

    def kind_named(self, name: str) -> type[Value]:
        """Return the type of an input that was kept under this name."""
        return next((kind for kind in self.takes if kind.__name__ == name), self.input)

    @property
    def first_example(self) -> Example:
        """Return what stands in the form at first; an empty one where there are no examples."""
        return self.examples[0] if self.examples else Example("", {})

    def prepared(self, pipe: Any, inputs: Any, parameters: Any) -> Any:
        """Return what `run` is given for one input."""
        return inputs if self.prepare is None else self.prepare(pipe, inputs, parameters)

    def answers(self, pipe: Any, inputs: Sequence[Any], parameters: Any) -> list[Any]:
        """Answer a batch in this thread, from its inputs on."""
        return self.run(pipe, [self.prepared(pipe, one, parameters) for one in inputs], parameters)

    def checked_parameters(self, given: Mapping[str, Any]) -> Parameters:
        """Return the parameters, defaults filled in.

        Raises: BadParameters naming the first one that is unknown, of the wrong type or out of range.
        """
        try:
            return self.parameters.model_validate(dict(given))
        except ValidationError as err:
            first = err.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "parameters"
            known = ", ".join(self.parameters.model_fields) or "none"
            if first["type"] == "extra_forbidden":
                raise BadParameters(f"Unknown parameter '{name}'.", hint=f"{self.title} takes: {known}.") from err
            raise BadParameters(f"Parameter '{name}': {first['msg']}.", hint=f"It was {first['input']!r}.") from err


BATCH_BUDGETS: Mapping[type[Value], int] = {Text: 2048, Image: 8, Audio: 30_000}
"""How much padded input one batch may hold: characters (about 512 tokens), pictures, milliseconds.

Source: batches over about 512 padded tokens gained nothing on two cores (bench of micro-batching);
pictures are resized alike by their processor, so they count by number; 30 s is Whisper's window.
"""


def batch_budget(task: Task) -> int:
    """Return how much one batch of a task may hold; an input of several fields counts by its texts, if it has any."""
    atoms = [field.atom for field in fields_of(task.input)]
    return BATCH_BUDGETS.get(Text if Text in atoms else atoms[0], 1)


def batch_length(inputs: Value) -> int:
    """Return how much of the batch's budget one input uses, at least 1."""
    if isinstance(inputs, Audio):
        return max(1, round(inputs.duration_s * 1000))
    return max(1, sum(len(atom.text) for atom in atoms_in(inputs) if isinstance(atom, Text)))
