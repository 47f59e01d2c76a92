"""What a function takes, read from its signature: inputs and parameters.

Owns the reading of annotations, defaults and the docstring's `Args:`, and the refusals that an author
reads. Knows no page and calls nothing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from core.demos.plain import Given, bare, given_of, without_none
from core.tasks.spec import Parameters
from core.values import Text, Value

MAX_STRING_CHARS: Final = 2000
"""The longest `str` parameter, where its `Field` says nothing; inputs have limits of their own."""

_NEEDED: Final = frozenset(
    {"model", "form", "input", "parameters", "stop", "copy", "download", "text"}
    | {"upload", "source", "camera", "microphone", "canvas", "drawn"}
)
"""Names that a task's page gives to widgets of its own, and a parameter therefore cannot have."""


@dataclass(frozen=True)
class InputParameter:
    """Describe one input of a function: what it is handed, and whether as a list or perhaps not at all."""

    name: str
    given: Given
    many: bool
    optional: bool
    field: FieldInfo | None

    def hand_over(self, part: Any) -> Any:
        """Return an atom, or several, as the function takes it."""
        if part is None:
            return None
        return [self.given.hand_over(atom) for atom in part] if self.many else self.given.hand_over(part)


@dataclass(frozen=True)
class Signature:
    """Hold what a function takes.

    Args:
        kind: the type of the task's input: the one atom, or a value with a field for each input.
        answer: the return annotation.
    """

    inputs: tuple[InputParameter, ...]
    kind: type[Value]
    parameters: type[Parameters]
    answer: Any

    def arguments(self, inputs: Value, parameters: Parameters) -> dict[str, Any]:
        """Return what the function is called with."""
        alone = self.kind is self.inputs[0].given.atom
        parts = {one.name: inputs if alone else getattr(inputs, one.name) for one in self.inputs}
        handed = {one.name: one.hand_over(parts[one.name]) for one in self.inputs}
        return handed | {name: getattr(parameters, name) for name in type(parameters).model_fields}


def read_signature(function: Callable[..., Any], *, batch: bool) -> Signature:
    """Read what a function takes and gives.

    Raises: TypeError naming what an author has to change.
    """
    hints = get_type_hints(function, include_extras=True)
    described = _described(inspect.getdoc(function) or "")
    inputs: list[InputParameter] = []
    tuned: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"'{name}' has no name of its own; write each input and parameter out")
        if name not in hints:
            raise TypeError(f"'{name}' has no annotation; say what it is, such as Text or int")
        if name.startswith("_") or hasattr(Value, name):
            raise _taken(name)
        required = parameter.default is parameter.empty
        one = _input(name, hints[name], None if required else parameter.default, required, batch)
        if one is not None:
            inputs.append(one)
        elif name in _NEEDED:
            raise _taken(name)
        else:
            tuned[name] = _tuned(name, hints[name], parameter.default, described.get(name, ""))
    if not inputs:
        raise TypeError("it takes nothing from a visitor; annotate a parameter without a default as Text, Image, ...")
    if "return" not in hints:
        raise TypeError("its answer has no annotation; say what it returns, such as -> Text")
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    return Signature(
        tuple(inputs),
        _kind(f"{name}Input", inputs, described),
        _parameters(f"{name}Parameters", tuned),
        hints["return"],
    )


def _input(name: str, hint: Any, default: Any, required: bool, batch: bool) -> InputParameter | None:
    """Return the input that a parameter is; None if it is one to tune."""
    annotation, said = bare(hint)
    if batch and get_origin(annotation) is list:
        annotation, inside = bare(get_args(annotation)[0])
        said += inside
    elif batch and required:
        raise TypeError(f"'{name}' is an input and the function takes batches; annotate it list[...]")
    some = without_none(annotation)
    optional = some is not None
    annotation = some if optional else annotation
    many = get_origin(annotation) is list
    given = given_of(get_args(annotation)[0] if many else annotation)
    if annotation is str and not required:
        return None
    if given is None:
        return None
    if optional and many:
        raise TypeError(f"'{name}' may be None; leave that to a list, which may be short: min_length=0")
    if required == optional or default is not None:
        rule = "= None, as it may be left out" if optional else "no default"
        raise TypeError(f"'{name}' is an input; give it {rule}")
    field = next((item for item in said if isinstance(item, FieldInfo)), None)
    return InputParameter(name, given, many, optional, field)


def _kind(name: str, inputs: list[InputParameter], described: Mapping[str, str]) -> type[Value]:
    first = inputs[0]
    if len(inputs) == 1 and not (first.many or first.optional or first.field):
        return first.given.atom
    fields: dict[str, Any] = {}
    for one in inputs:
        atom: Any = one.given.atom
        annotation = tuple[atom, ...] if one.many else atom | None if one.optional else atom
        default = None if one.optional else ...
        plain = FieldInfo(description=described.get(one.name), json_schema_extra={"rows": 4} if atom is Text else None)
        fields[one.name] = (Annotated[annotation, one.field or plain], default)
    made: type[Value] = create_model(name, __base__=Value, **fields)
    return made


def _tuned(name: str, hint: Any, default: Any, description: str) -> tuple[Any, Any]:
    """Return a parameter as pydantic takes it."""
    annotation, said = bare(hint)
    if default is inspect.Parameter.empty:
        raise TypeError(f"'{name}' is neither an input nor has it a default; give it one")
    if annotation not in (int, float, bool, str, tuple[str, ...]) and get_origin(annotation) is not Literal:
        raise TypeError(
            f"'{name}' has a default, so it is to be tuned; annotate it int, float, bool, str,"
            " Literal[...] or tuple[str, ...]"
        )
    field = next((item for item in said if isinstance(item, FieldInfo)), FieldInfo())
    extra: list[Any] = []
    if description and not field.description:
        extra.append(Field(description=description))
    if annotation is float:
        extra.append(Field(allow_inf_nan=False))
    if annotation is str and not any(hasattr(item, "max_length") for item in field.metadata):
        extra.append(Field(max_length=MAX_STRING_CHARS))
    return (Annotated[(annotation, *said, *extra)] if said or extra else annotation), default


def _parameters(name: str, tuned: Mapping[str, Any]) -> type[Parameters]:
    made: type[Parameters] = create_model(name, __base__=Parameters, **tuned)
    try:
        made.model_validate({name: default for name, (_, default) in tuned.items()})
    except ValidationError as err:
        first = err.errors()[0]
        raise TypeError(f"the default of '{first['loc'][0]}' is not allowed: {first['msg']}") from err
    return made


def _taken(name: str) -> TypeError:
    return TypeError(f"'{name}' is a name that the page needs; call it something else")


def _described(docstring: str) -> dict[str, str]:
    """Return what a docstring says of each argument, under `Args:`."""
    _, found, after = docstring.partition("Args:\n")
    said: dict[str, str] = {}
    name = ""
    for line in after.splitlines() if found else ():
        if line.strip() and not line.startswith(" "):
            break  # the next section
        start = re.match(r" {1,4}(\w+)(?: \(.*?\))?: (.*)", line)
        if start:
            name = start[1]
            said[name] = start[2].strip()
        elif name and line.strip():
            said[name] += f" {line.strip()}"
    return said
