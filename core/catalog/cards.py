"""The catalog: one row per model and task, read from a TOML file.

Owns the file's format and its checks, and beside the file's rows those models that visitors opened by
their id or folder. Whether a model can run now is `core.catalog.availability`'s; changing the file is
`core.catalog.file`'s.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import threading
import tomllib
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from core.catalog import file
from core.catalog.endpoint import Endpoint, endpoint_of
from core.errors import UnknownName
from core.settings import Runtime

Dtype = Literal["float32", "bfloat16", "float16"]

STARTERS = "starters/"
"""Where the models that ship with the showcase stand, relative to the catalog file."""

MOST_VISITING: Final = 50
"""How many opened models are remembered beside the catalog's; a card is small, so this bounds nuisance, not memory."""

_MB = 1_000_000
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "path": str,
    "task": str,
    "title": str,
    "note": str,
    "revision": str,
    "dtype": str,
    "runtime": str,
    "requires": list,
    "size_mb": (int, float),
    "endpoint": str,
    "protocol": str,
    "added": dt.date,
}


class CatalogError(ValueError):
    """The catalog file cannot be used; the message names the file, the row and the fix."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Describe one model for one task.

    Args:
        model_id: a Hub id, or what the catalog calls a folder: see `folder_id`.
        revision: a commit, branch or tag of the Hub; None: what is newest when it is fetched.
        folder: where a model that is not the Hub's stands on this machine.
        requires: Python packages beyond the showcase's own.
        dtype: what it has to compute in, where that is not left to the processor.
        runtime: the library that has to compute it, where that is not left to the showcase's setting.
        size_bytes: about what its download weighs, where that is known.
        added: the day on which the owner kept it on the models page; None for what was written by hand.
        is_function: whether a function of the owner's answers, and no checkpoint: see `core.demo`.
        endpoint: the server that answers for it; None: it runs here.
    """

    task_id: str
    model_id: str
    title: str
    note: str = ""
    revision: str | None = None
    folder: Path | None = None
    requires: tuple[str, ...] = ()
    dtype: Dtype | None = None
    runtime: Runtime | None = None
    size_bytes: int | None = None
    added: dt.date | None = None
    is_function: bool = False
    endpoint: Endpoint | None = None

    @property
    def is_starter(self) -> bool:
        """Tell whether it ships with the showcase."""
        return self.folder is not None and self.model_id.startswith(STARTERS)


class Catalog:
    """Hold the models in the order of the file, and those that visitors opened beside it.

    Args:
        path: the file that the models were read from, None if there is none to keep another one in.
    """

    def __init__(self, cards: Sequence[ModelCard], path: Path | None = None) -> None:
        self.cards = tuple(cards)
        self._path = path
        self._visiting: OrderedDict[tuple[str, str], ModelCard] = OrderedDict()
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    @classmethod
    def read(cls, path: Path, task_ids: Collection[str] | None = None) -> Self:
        """Read a catalog file whose rows name tasks of `task_ids`; None: those of `core.tasks.TASKS`.

        Raises: CatalogError naming the file, the row and the fix.
        """
        if task_ids is None:
            from core.tasks import TASKS

            task_ids = [task.id for task in TASKS]
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as err:
            raise CatalogError(f"{path}: cannot be read; let PODIUM_CATALOG name a catalog file.") from err
        except ValueError as err:
            raise CatalogError(f"{path}: is not TOML: {err}.") from err
        rows = content.get("model", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or set(content) - {"model"}:
            raise CatalogError(f"{path}: holds something else than rows; begin each one with [[model]].")
        cards: list[ModelCard] = []
        for number, row in enumerate(rows, start=1):
            try:
                card = _card(row, path.parent, task_ids)
                if any((other.task_id, other.model_id) == (card.task_id, card.model_id) for other in cards):
                    raise CatalogError(f"{card.task_id} has this model already; remove one of the two")
            except CatalogError as err:
                raise CatalogError(f"{path}: row {number} ({_name(row)}): {err}.") from err
            cards.append(card)
        return cls(cards, path)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Return the tasks that have a model, in order of first mention."""
        return tuple(dict.fromkeys(card.task_id for card in self.cards))

    def models(self, task_id: str) -> tuple[ModelCard, ...]:
        """Return the models of a task, in the order of the file; at least one.

        Raises: UnknownName listing the tasks that have models.
        """
        cards = tuple(card for card in self.cards if card.task_id == task_id)
        if not cards:
            known = ", ".join(self.task_ids) or "none"
            raise UnknownName(f"The catalog has no model for '{task_id}'.", hint=f"It has models for: {known}.")
        return cards

    def find(self, task_id: str, model_id: str) -> ModelCard | None:
        """Return a model of the file or one that a visitor opened, None if it is neither or was forgotten."""
        kept = self._kept(task_id, model_id)
        if kept is not None:
            return kept
        with self._lock:
            return self._visiting.get((task_id, model_id))

    def get(self, task_id: str, model_id: str, *, visiting: bool = False) -> ModelCard:
        """Return the row of that task and model; with `visiting`, also a model that a visitor opened.

        Raises: UnknownName listing the models that the task has.
        """
        card = self.find(task_id, model_id) if visiting else self._kept(task_id, model_id)
        if card is None:
            known = ", ".join(card.model_id for card in self.models(task_id))
            raise UnknownName(f"'{task_id}' has no model '{model_id}'.", hint=f"It has: {known}.")
        return card

    # What visitors open, and what the owner keeps of it

    def visit(self, card: ModelCard) -> ModelCard:
        """Remember an opened model, forgetting the one that was opened longest ago if there are too many.

        Whoever opens the same one gets the same card, so that they share one loaded model.
        """
        kept = self._kept(card.task_id, card.model_id)
        if kept is not None:
            return kept
        key = card.task_id, card.model_id
        with self._lock:
            known = self._visiting.setdefault(key, card)
            self._visiting.move_to_end(key)
            while len(self._visiting) > MOST_VISITING:
                self._visiting.popitem(last=False)
        return known

    def keep(self, card: ModelCard) -> ModelCard:
        """Write an opened model to the catalog file, as its last row, and list it from now on.

        Raises: ShowcaseError with the fix if the file cannot be written.
        """
        with self._writing:
            kept = self._kept(card.task_id, card.model_id)
            if kept is not None:
                return kept
            kept = replace(card, added=dt.datetime.now(dt.UTC).date())
            file.append(self._path, _row(kept))
            self.cards = (*self.cards, kept)
        with self._lock:
            self._visiting.pop((card.task_id, card.model_id), None)
        return kept

    def take_out(self, card: ModelCard) -> ModelCard:
        """Take a model out of the catalog file again; it stays open beside the catalog.

        Raises: ShowcaseError with the fix if the file cannot be written.
        """
        with self._writing:
            row = _row(card)
            file.remove(self._path, {key: row[key] for key in row if key in ("id", "path", "task")})
            self.cards = tuple(other for other in self.cards if other != card)
        return self.visit(replace(card, added=None))

    def folder_id(self, folder: Path) -> str:
        """Return what a folder on this machine is called where visitors can see it."""
        return folder_id(folder, self._path.parent if self._path else folder)

    def _kept(self, task_id: str, model_id: str) -> ModelCard | None:
        matches = (card for card in self.cards if (card.task_id, card.model_id) == (task_id, model_id))
        return next(matches, None)


def folder_id(folder: Path, beside: Path) -> str:
    """Return what a folder is called: its path from the catalog file's folder `beside`, or a name of its own.

    Where on this machine a folder elsewhere stands is nobody's business, so it is called by its last
    name and the start of a digest. No model of the Hub has a colon in its id.
    """
    folder, beside = folder.resolve(), beside.resolve()
    if folder != beside and folder.is_relative_to(beside):
        return folder.relative_to(beside).as_posix()
    name = re.sub(r"[^\w.-]+", "-", folder.name)
    return f"folder:{name}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:6]}"


def _card(row: Mapping[str, Any], folder: Path, task_ids: Collection[str]) -> ModelCard:
    """Return the card of one row; what is wrong with it is said without naming it."""
    for key, value in row.items():
        if key not in _KINDS:
            raise CatalogError(f"'{key}' is not a field; the fields are {', '.join(_KINDS)}")
        if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
            raise CatalogError(f"'{key}' is of the wrong type; write it as in models/catalog.toml")
    if ("id" in row) == ("path" in row):
        raise CatalogError("give it either an id (of the Hub) or a path (of a folder)")
    if row.get("task") not in task_ids:
        raise CatalogError(f"task is {row.get('task')!r}; it may be {', '.join(task_ids)}")
    if "path" in row and "revision" in row:
        raise CatalogError("a folder has no revision; remove it")
    if row.get("dtype") not in (None, *get_args(Dtype)):
        raise CatalogError(f"dtype is {row['dtype']!r}; it may be {', '.join(get_args(Dtype))}")
    if row.get("runtime") not in (None, *get_args(Runtime)):
        raise CatalogError(f"runtime is {row['runtime']!r}; it may be {', '.join(get_args(Runtime))}")
    if not all(isinstance(package, str) for package in row.get("requires", ())):
        raise CatalogError("requires is a list of names of Python packages")
    try:
        endpoint = endpoint_of(row)
    except ValueError as err:
        raise CatalogError(str(err)) from err
    name = str(row.get("id") or row.get("path")).rstrip("/")
    model_id = folder_id(Path(name), folder) if "path" in row and Path(name).is_absolute() else name.strip("/")
    return ModelCard(
        task_id=row["task"],
        model_id=model_id,
        title=row.get("title") or name.rpartition("/")[2],
        note=row.get("note", ""),
        revision=row.get("revision"),
        folder=(folder / row["path"]).resolve() if "path" in row else None,
        requires=tuple(row.get("requires", ())),
        dtype=row.get("dtype"),
        runtime=row.get("runtime"),
        size_bytes=round(row["size_mb"] * _MB) if "size_mb" in row else None,
        added=row.get("added"),
        endpoint=endpoint,
    )


def _row(card: ModelCard) -> file.Row:
    """Return a card as the file writes it: the other way round of `_card`."""
    where: file.Row = {"id": card.model_id}
    if card.folder is not None:
        where = {"path": str(card.folder) if card.model_id.startswith("folder:") else card.model_id}
    row: file.Row = {**where, "task": card.task_id, "title": card.title}
    if card.note:
        row["note"] = card.note
    if card.revision is not None:
        row["revision"] = card.revision
    if card.size_bytes is not None:
        row["size_mb"] = max(1, round(card.size_bytes / _MB))
    if card.added is not None:
        row["added"] = card.added
    return row


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("id") or row.get("path") or row.get("title") or "no id")
