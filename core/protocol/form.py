"""What a form is: the two ways between an answer and its JSON, side by side.

Owns reading with whatever is wrong told in one sentence. Which type has which form is in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from core.errors import ShowcaseError
from core.media import Limits
from core.tasks.spec import Parameters, Task
from core.values import Value


class NotTheProtocol(ValueError):
    """What came is no answer to what was asked."""


@dataclass(frozen=True)
class Asked:
    """Say what was asked, which an answer leaves out: the text whose words it marks, the size of its picture.

    Args:
        limits: how large pictures and sounds of the answer may be.
    """

    task: Task
    inputs: Value
    parameters: Parameters
    limits: Limits


def nobody_reads(given: Any, asked: Asked) -> Value:
    """Refuse an answer of a type that only functions give, which run nowhere but here."""
    raise NotTheProtocol(f"{asked.task.output.__name__} is not read back, but {type(given).__name__} came")


class Form(NamedTuple):
    """Hold the two ways of one type of answer.

    Args:
        write: makes JSON data of an answer.
        read: makes an answer of JSON data, and may raise whatever wrong data makes it raise.
    """

    write: Callable[[Any], object]
    read: Callable[[Any, Asked], Value] = nobody_reads


def read_with(form: Form, given: object, asked: Asked) -> Value:
    """Read an answer.

    Raises: NotTheProtocol if the form cannot make anything of it.
    """
    try:
        return form.read(given, asked)
    except ValidationError as err:
        raise NotTheProtocol(err.errors()[0]["msg"]) from err
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, ShowcaseError) as err:
        raise NotTheProtocol(f"{type(err).__name__}: {str(err)[:200]}") from err


def only(given: Any) -> Any:
    """Return what stands alone in a list, for those servers that answer one input as a batch of one."""
    return given[0] if isinstance(given, list) and len(given) == 1 else given


def rows(given: Any) -> list[Any]:
    """Return a list of objects: what may also have come as one object, or as a batch of one list.

    Raises: TypeError if it is anything else.
    """
    if isinstance(given, dict):
        return [given]
    inner = given[0] if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list) else given
    if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
        raise TypeError("a list of objects was expected")
    return inner


def fields(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return these fields of an object, and no others that a server may add.

    Raises: KeyError if one is missing.
    """
    return {name: row[name] for name in names}
