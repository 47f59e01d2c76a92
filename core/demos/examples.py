"""What an author gives as examples, as a task's examples.

Owns how a file is found, and what an example without a title is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.demos.signature import Signature
from core.settings import ROOT
from core.tasks.spec import Example
from core.values import Atom, Audio, Image, Video

MAX_TITLE_CHARS: Final = 32

_FILES: Final[tuple[type[Atom], ...]] = (Image, Audio, Video)


def examples_of(given: Sequence[Any], signature: Signature, folder: Path) -> tuple[Example, ...]:
    """Return examples as a task has them.

    Args:
        given: each is an `Example`, a mapping of names to inputs and parameters, a tuple of the inputs in their
            order, or the one input.
        folder: where a path is looked for, before the repository's root.

    Raises: ValueError or TypeError naming what an author has to change.
    """
    return tuple(_example(one, signature, folder) for one in given)


def _example(given: Any, signature: Signature, folder: Path) -> Example:
    if isinstance(given, Example):
        return Example(given.title, _inputs(given.inputs, signature, folder), given.parameters)
    names = [one.name for one in signature.inputs]
    if isinstance(given, tuple) and 1 < len(given) <= len(names):
        given = dict(zip(names, given, strict=False))
    if not isinstance(given, Mapping):
        given = {names[0]: given}
    parameters = {name: value for name, value in given.items() if name in signature.parameters.model_fields}
    wrong = sorted(set(given) - set(names) - set(parameters))
    if wrong:
        raise ValueError(f"an example names '{wrong[0]}', which the function does not take")
    inputs = {name: value for name, value in given.items() if name in names}
    return Example(_title(inputs), _inputs(inputs, signature, folder), parameters)


def _inputs(given: Any, signature: Signature, folder: Path) -> Any:
    by_name = dict(given) if isinstance(given, Mapping) else {signature.inputs[0].name: given}
    found = {}
    for one in signature.inputs:
        value = by_name.get(one.name)
        if value is None:
            if not one.optional:
                raise ValueError(f"an example has nothing for '{one.name}'")
        elif one.given.atom in _FILES:
            paths = value if isinstance(value, list | tuple) else [value]
            files = tuple(_file(path, folder) for path in paths)
            found[one.name] = files if one.many else files[0]
        else:
            found[one.name] = tuple(value) if one.many else value
    alone = signature.kind is signature.inputs[0].given.atom
    return found[signature.inputs[0].name] if alone else found


def _file(path: Any, folder: Path) -> Path:
    if not isinstance(path, str | Path):
        raise TypeError(f"an example's file is a {type(path).__name__}; give its path")
    for base in (folder, ROOT):
        if (base / path).is_file():
            return (base / path).resolve()
    raise ValueError(f"the example {path} is neither in the demo's folder nor in the repository")


def _title(inputs: Mapping[str, Any]) -> str:
    """Return a few words that tell one example from another."""
    first: Any = next(iter(inputs.values()), "Example")
    first = first[0] if isinstance(first, list | tuple) and first else first
    is_path = isinstance(first, Path) or "." in str(first)[-5:-1]
    words = Path(first).stem.replace("-", " ").replace("_", " ") if is_path else " ".join(str(first).split())
    if len(words) > MAX_TITLE_CHARS:
        words = f"{words[:MAX_TITLE_CHARS].rpartition(' ')[0] or words[:MAX_TITLE_CHARS]} …"
    return words[:1].upper() + words[1:]
