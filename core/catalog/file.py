"""Changing the catalog file: a row more at its end, or one row less, and nothing else of it touched.

Owns how that is done so that comments, order and line ends stay as a person wrote them, that a reader
never sees half a file, and that a file which cannot be changed so is left alone. What a row says is
`core.catalog.cards`'.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import ShowcaseError

Row = dict[str, str | int | dt.date]

_HEADER = re.compile(r"\s*\[\[\s*model\s*\]\]\s*(#.*)?")
_EMPTY = re.compile(r"\s*(#.*)?")
_BY_HAND = "Edit the file by hand; a restart reads it again."


def append(path: Path | None, row: Row) -> None:
    """Write a row at the end of the file.

    Raises: ShowcaseError with the fix if the file cannot be written.
    """
    path, text, rows = _read(path)
    newline = "\r\n" if "\r\n" in text else "\n"
    written = "".join(f"{key} = {_value(value)}{newline}" for key, value in row.items())
    before = text if text.endswith("\n") or not text else text + newline
    _write(path, f"{before}{newline}[[model]]{newline}{written}", [*rows, row])


def remove(path: Path | None, named: Mapping[str, Any]) -> None:
    """Take the row that has these fields out of the file, with the comments between its own lines.

    Does nothing where the file has no such row, as after an edit by hand.
    Raises: ShowcaseError with the fix if the file cannot be written.
    """
    path, text, rows = _read(path)
    number = next((at for at, row in enumerate(rows) if named.items() <= row.items()), None)
    if number is None:
        return
    lines = text.splitlines(keepends=True)
    begins = [at for at, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\r\n"))]
    if len(begins) != len(rows):
        raise ShowcaseError("The catalog file is written in a way that hides its rows.", hint=_BY_HAND)
    begin = begins[number]
    end = begins[number + 1] if number + 1 < len(begins) else len(lines)
    while _EMPTY.fullmatch(lines[end - 1].rstrip("\r\n")):  # what stands above the next row is about that one
        end -= 1
    if begin and not lines[begin - 1].strip():
        begin -= 1
    _write(path, "".join(lines[:begin] + lines[end:]), rows[:number] + rows[number + 1 :])


def _read(path: Path | None) -> tuple[Path, str, list[dict[str, Any]]]:
    """Return the file that a path leads to, its text as it is and its rows."""
    if path is None:
        raise ShowcaseError("There is no catalog file to write to.", hint="Let PODIUM_CATALOG name one.")
    path = path.resolve()  # a link stays a link
    try:
        text = path.read_bytes().decode("utf-8")
        return path, text, tomllib.loads(text).get("model", [])
    except OSError as err:
        raise _cannot("read", path) from err
    except ValueError as err:
        raise ShowcaseError(f"{path.name} is no longer a catalog: {err}.", hint="Correct it by hand.") from err


def _write(path: Path, text: str, rows: list[Any]) -> None:
    """Put a text in the place of the file, all at once, if it says exactly these rows."""
    try:
        says = tomllib.loads(text).get("model", [])
        data = text.encode("utf-8")
    except ValueError:
        says, data = None, b""
    if says != rows:
        raise ShowcaseError("The catalog file could not be changed without harm.", hint=_BY_HAND)
    if not os.access(path, os.W_OK):
        raise _cannot("written", path)
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, scratch)
        os.replace(scratch, path)
    except OSError as err:
        scratch.unlink(missing_ok=True)
        raise _cannot("written", path) from err


def _cannot(done: str, path: Path) -> ShowcaseError:
    return ShowcaseError(
        f"The catalog file {path.name} cannot be {done}.",
        hint="Let this process write to it and to its folder, or let PODIUM_CATALOG name a file in one that it may.",
    )


def _value(value: str | int | dt.date) -> str:
    """Write a value as TOML, whose strings are those of JSON but for one more sign that has to be escaped."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
