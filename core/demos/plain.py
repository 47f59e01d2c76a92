"""Plain Python things and values, both ways: what an annotation takes from a visitor, what it gives back.

Owns that table. Reads annotations only; what a function is called with and what it returns is converted by
what is returned here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from pydantic.fields import FieldInfo

from core.media import to_pil
from core.values import (
    ATOMS,
    VALUE_TYPES,
    Atom,
    Audio,
    Chat,
    Image,
    Label,
    Labels,
    Message,
    Several,
    Table,
    Text,
    Value,
    Video,
    Words,
)


@dataclass(frozen=True)
class Given:
    """Say what an annotation takes: a kind of atom, and how it is handed over."""

    atom: type[Atom]
    hand_over: Callable[[Any], Any]


@dataclass(frozen=True)
class Taken:
    """Say what an annotation gives: a type of answer, and how it is made of what the function returned."""

    output: type[Value]
    take: Callable[[Any], Value]


def bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return an annotation without `Annotated`, and what was said there."""
    if get_origin(annotation) is Annotated:
        inside, *said = get_args(annotation)
        return inside, tuple(said)
    return annotation, ()


def without_none(annotation: Any) -> Any:
    """Return X of `X | None`, and None for anything else."""
    if get_origin(annotation) not in (Union, UnionType):
        return None
    inside = [part for part in get_args(annotation) if part is not NoneType]
    return inside[0] if len(inside) == 1 and NoneType in get_args(annotation) else None


def given_of(annotation: Any) -> Given | None:
    """Return what an annotation takes from a visitor; None if it is no input."""
    if annotation in ATOMS:
        return Given(annotation, lambda atom: atom)
    if annotation is str:
        return Given(Text, lambda text: text.text)
    if annotation is PIL.Image.Image:
        return Given(Image, to_pil)
    if _is_array(annotation):
        return Given(Image, lambda image: image.array().copy())
    if _is_sound(annotation):
        return Given(Audio, lambda audio: (audio.sampling_rate, audio.array().copy()))
    if _is_frame(annotation):
        return Given(Table, _frame)
    return None


def taken_of(annotation: Any) -> Taken:
    """Return what a return annotation gives to a visitor.

    Raises: TypeError if nothing can be made of it.
    """
    annotation, _ = bare(annotation)
    if annotation is Text:
        return Taken(Words, lambda value: Words(text=_checked(value, Text).text))
    if isinstance(annotation, type) and issubclass(annotation, Value):
        if annotation not in VALUE_TYPES.values() or annotation in (Several, Video, Chat):
            raise TypeError(f"the answer is a {annotation.__name__}, and there is no view of one")
        return Taken(annotation, lambda value: _checked(value, annotation))
    if annotation in _SCALARS:
        return Taken(Words, lambda value: Words(text=_SCALARS[annotation](value)))
    if annotation is dict or get_origin(annotation) is dict:
        return Taken(Labels, _labels)
    if annotation is PIL.Image.Image or _is_array(annotation):
        return Taken(Image, _image)
    if _is_sound(annotation):
        return Taken(Audio, _audio)
    if _is_frame(annotation):
        return Taken(Table, _table)
    if get_origin(annotation) is tuple and Ellipsis not in get_args(annotation):
        return _several(get_args(annotation))
    raise TypeError(f"the answer is annotated {_name(annotation)}, which cannot be shown")


def atom_of(kind: type[Value], thing: Any) -> Value:
    """Return a plain Python thing as the atom that a task takes; values as they are.

    Raises: TypeError if it does not stand for one.
    """
    if isinstance(thing, kind):
        return thing
    makers: Mapping[type[Value], Callable[[Any], Value]] = {
        Text: lambda text: Text(text=_checked(text, str)),
        Image: _image,
        Audio: _audio,
        Table: _table,
        Chat: lambda messages: Chat(messages=tuple(Message.model_validate(message) for message in messages)),
    }
    if kind not in makers:
        raise TypeError(f"a {kind.__name__} is needed, and this is a {type(thing).__name__}")
    return makers[kind](thing)


_SCALARS: Final[Mapping[Any, Callable[[Any], str]]] = {
    str: lambda value: _checked(value, str),
    bool: lambda value: "yes" if value else "no",
    int: str,
    float: lambda value: f"{value:.10g}",
}
"""How plain answers are written."""


def _several(annotations: tuple[Any, ...]) -> Taken:
    kinds = [taken_of(annotation) for annotation in annotations]
    titles = tuple(_title(bare(annotation)[1]) for annotation in annotations)
    if any(kind.output is Several for kind in kinds):
        raise TypeError("one of the answers is a tuple itself; put its parts beside the others")

    def take(values: Any) -> Value:
        if not isinstance(values, tuple) or len(values) != len(kinds):
            raise TypeError(f"{len(kinds)} answers were declared, and what came is a {type(values).__name__}")
        parts = tuple(kind.take(value) for kind, value in zip(kinds, values, strict=True))
        return Several(parts=parts, titles=titles if any(titles) else ())

    return Taken(Several, take)


def _title(said: tuple[Any, ...]) -> str:
    names = (item.title if isinstance(item, FieldInfo) else item for item in said)
    return next((name for name in names if isinstance(name, str)), "")


def _checked(value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} was declared, and a {type(value).__name__} came")
    return value


def _labels(scores: Any) -> Labels:
    best_first = sorted(_checked(scores, dict).items(), key=lambda item: -item[1])
    return Labels(labels=tuple(Label(label=str(label), score=float(score)) for label, score in best_first))


def _image(picture: Any) -> Image:
    if isinstance(picture, PIL.Image.Image):
        picture = np.asarray(picture.convert("RGB"))
    array: NDArray[Any] = _checked(picture, np.ndarray)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise TypeError(f"a picture is uint8 of height x width x 3; this is {array.dtype} of {array.shape}")
    return Image.from_array(array)


def _audio(sound: Any) -> Audio:
    sampling_rate, samples = _checked(sound, tuple)
    array: NDArray[Any] = _checked(samples, np.ndarray)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.floating) or not np.isfinite(array).all():
        raise TypeError(f"a sound is one row of finite floats; this is {array.dtype} of {array.shape}")
    return Audio.from_array(np.clip(array, -1.0, 1.0).astype(np.float32), int(sampling_rate))


def _frame(table: Table) -> Any:
    """Return a table as a data frame; a column of numbers alone becomes numbers."""
    import pandas as pd

    frame = pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns), dtype=object)
    for place in range(len(table.columns)):
        numbers = pd.to_numeric(frame.iloc[:, place], errors="coerce")
        if len(frame) and not numbers.isna().any():
            frame.isetitem(place, numbers)
    return frame


def _table(frame: Any) -> Table:
    if not _is_frame(type(frame)):
        raise TypeError(f"a table was declared, and a {type(frame).__name__} came")
    rows = frame.itertuples(index=False, name=None)
    return Table(
        columns=tuple(str(column) for column in frame.columns),
        rows=tuple(tuple("" if cell is None or cell != cell else str(cell) for cell in row) for row in rows),
    )


def _is_array(annotation: Any) -> bool:
    return annotation is np.ndarray or get_origin(annotation) is np.ndarray


def _is_sound(annotation: Any) -> bool:
    inside = get_args(annotation)
    return get_origin(annotation) is tuple and len(inside) == 2 and inside[0] is int and _is_array(inside[1])


def _is_frame(kind: Any) -> bool:
    """Tell a data frame without importing pandas, which the first page does without."""
    return getattr(kind, "__name__", "") == "DataFrame" and str(getattr(kind, "__module__", "")).startswith("pandas")


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
