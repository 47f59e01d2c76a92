'''Put a Python function on stage: `@demo` over it, its file in the folder `demos/`, and it has a page, a
route, a queue, examples, judgements and a record, like every task.

    # demos/shout.py
    from typing import Annotated

    from pydantic import Field

    from core.demo import demo
    from core.values import Text

    @demo(title="Shout", examples=["hello"])
    def shout(text: Text, times: Annotated[int, Field(ge=1, le=9)] = 2) -> Text:
        """Says it louder."""
        return Text(text=" ".join([text.text.upper() + "!"] * times))

After a restart it stands on Home, on the page of its kind, and in the API:

    curl localhost:8501/api/tasks/demo-shout -H 'Content-Type: application/json'
         -d '{"inputs": "hello", "parameters": {"times": 3}}'

**What goes in** is said by the annotations. These are inputs, and the visitor gives them: `Text` or `str`,
`Image`, `PIL.Image.Image` or `np.ndarray` (uint8, height x width x 3), `Audio` or `tuple[int, np.ndarray]`
(Hz and float32 samples in [-1, 1]), `Video`, `Table` or `pandas.DataFrame`, `Chat`. `list[X]` takes several,
`X | None = None` may be left out. One input is sent as it is; of several, or of one with a
`Field(title=..., description=...)` inside `Annotated`, a request sends an object of their names.

**What can be tuned** has a default: `int` and `float` get a number box, or a slider where
`Annotated[int, Field(ge=1, le=9)]` says from where to where; `bool` a switch, `Literal` a choice, `str` a line,
`tuple[str, ...]` a list of words. What each does is read from its `Field(description=...)`, or from the
function's docstring, under `Args:`. Bound what could be sent too large: anybody may call the route.

**What comes out** is said by the return annotation: any answer of `core.values` (`Labels`, `Entities`,
`Boxes`, `Transcript`, ...), `Text` or `str`, `int`, `float`, `bool`, `dict[str, float]` (labels with their
scores in [0, 1]), a picture, a sound or a table as above. `tuple[X, Y]` is several answers, one below the
other; `tuple[Annotated[X, "A heading"], ...]` gives them headings.

**To show an answer while it grows**, yield it so far each time, and annotate `Iterator[X]`. The visitor can
stop it; what was yielded last is the answer.

**To answer many at once**, write `@demo(batch=True)` and take `list[X]` of each input, return `list[Y]` of
the same length. Parameters stay single: only requests with the same ones share a batch.

**To use the models** of the showcase, call them through `model`: loaded once, in their own queues, for the
same visitor, and given up when the visitor stops or the time is over.

    from core.demo import model

    moods = model("text-classification")(Text(text="Lovely."), top_k=2)       # -> Labels
    words = model("automatic-speech-recognition", "starters/digit-strings")   # one model of the catalog
    found = model("question-answering")({"question": "Who?", "context": "..."})

**When something is wrong** a visitor reads one sentence and the log has the rest. To say the sentence
yourself, `raise BadInput("There is no face in this picture.", hint="Try another one.")`. A file that cannot
be imported or a function that cannot be shown is listed, with the reason, on the models page for the owner.

The function stays what it was: it can be imported, called and tested. What is at the top of the file runs
at start, so import heavy packages inside the function. Each run records a digest of the file as its
revision. Files whose name begins with `_` are not looked at, but others can use them: `from ._shapes import
area`. `PODIUM_DEMOS` names another folder.
'''

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import isfunction
from typing import Any, Final, Protocol, TypeVar, overload

from core.errors import BadInput
from core.tasks.spec import Example, Modality
from core.values import Value

__all__ = ["BadInput", "Example", "Wish", "asking_through", "demo", "model", "wish_of"]

Function = TypeVar("Function", bound=Callable[..., Any])

_WISH: Final = "podium_demo"
"""The attribute by which a decorated function is known."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Hold what an author said in `@demo(...)`; what the function itself says is read when it is found."""

    title: str
    summary: str
    icon: str
    modality: Modality | None
    examples: tuple[Any, ...]
    batch: bool
    deterministic: bool


@overload
def demo(function: Function, /) -> Function: ...


@overload
def demo(
    *,
    title: str = "",
    summary: str = "",
    icon: str = "",
    modality: Modality | None = None,
    examples: Sequence[Any] = (),
    batch: bool = False,
    deterministic: bool = True,
) -> Callable[[Function], Function]: ...


def demo(
    function: Any = None,
    /,
    *,
    title: str = "",
    summary: str = "",
    icon: str = "",
    modality: Modality | None = None,
    examples: Sequence[Any] = (),
    batch: bool = False,
    deterministic: bool = True,
) -> Any:
    """Mark a function of a file in `demos/` as one that visitors may try. It is not changed.

    Args:
        title: what a visitor calls it; without one, the function's name.
        summary: one sentence: what it does to what; without one, the first line of its docstring.
        icon: a Material symbol, as Streamlit writes it, such as ":material/campaign:".
        modality: the page it stands on; without one, that of its first input.
        examples: inputs to start with: a text, or the path of a file from the demo's folder or the repository's;
            for several inputs or with parameters a mapping of names; an `Example` gives it a title of its own.
        batch: it takes and returns lists.
        deterministic: False where the same input may be answered differently.
    """
    wish = Wish(
        title=title,
        summary=summary,
        icon=icon,
        modality=modality,
        examples=tuple(examples),
        batch=batch,
        deterministic=deterministic,
    )

    def mark(marked: Function) -> Function:
        if not isfunction(marked):
            raise TypeError("@demo belongs before a function")
        setattr(marked, _WISH, wish)
        return marked

    return mark if function is None else mark(function)


def wish_of(function: object) -> Wish | None:
    """Return what `@demo` said of a function, None where there is no `@demo`."""
    wish = getattr(function, _WISH, None)
    return wish if isfunction(function) and isinstance(wish, Wish) else None


class Ask(Protocol):
    """Answer an input with a model of the showcase, for the visitor whose run goes on in this thread."""

    def __call__(self, task_id: str, inputs: Any, parameters: Mapping[str, Any], model_id: str | None) -> Value:
        """Answer it."""
        ...


_ask: ContextVar[Ask] = ContextVar("ask")


@contextmanager
def asking_through(ask: Ask) -> Iterator[None]:
    """Let the models that a demo calls in this block be asked through `ask`."""
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def model(task_id: str, model_id: str | None = None) -> Callable[..., Any]:
    """Return a function that answers an input with a model of the showcase; call it while your demo runs.

    It takes the task's input (a value, or the plain Python thing that stands for one; of several fields a mapping
    of their names) and the task's parameters by name, and returns the task's answer.

    Args:
        task_id: as in the address of its page, such as "text-classification".
        model_id: one of the catalog; without one, what the task's page starts with.

    Raises: RuntimeError if no demo runs in this thread. The function raises any ShowcaseError: let it through.
    """

    def ask(inputs: Any, /, **parameters: Any) -> Any:
        through = _ask.get(None)
        if through is None:
            raise RuntimeError("a model can be asked only while a demo runs, in the thread that runs it")
        return through(task_id, inputs, parameters, model_id)

    return ask
