"""The catalog: one row per model and task, read from a TOML file.

Owns the file's format and its checks. Whether a model can run now is `core.catalog.availability`'s.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

from core.errors import UnknownName

Dtype = Literal["float32", "bfloat16", "float16"]

STARTERS = "starters/"
"""Where the models that ship with the showcase stand, relative to the catalog file."""

_MB = 1_000_000
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "path": str,
    "task": str,
    "title": str,
    "note": str,
    "revision": str,
    "dtype": str,
    "requires": list,
    "size_mb": (int, float),
}


class CatalogError(ValueError):
    """The catalog file cannot be used; the message names the file, the row and the fix."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Describe one model for one task.

    Args:
        model_id: a Hub id, or the path of a folder as the catalog writes it.
        revision: a commit, branch or tag of the Hub; None: what is newest when it is fetched.
        folder: where a model that is not the Hub's stands on this machine.
        requires: Python packages beyond the showcase's own.
        dtype: what it has to compute in, where that is not left to the processor.
        size_bytes: about what its download weighs, where that is known.
        is_function: whether a function of the owner's answers, and no checkpoint: see `core.demo`.
    """

    task_id: str
    model_id: str
    title: str
    note: str = ""
    revision: str | None = None
    folder: Path | None = None
    requires: tuple[str, ...] = ()
    dtype: Dtype | None = None
    size_bytes: int | None = None
    is_function: bool = False

    @property
    def is_starter(self) -> bool:
        """Tell whether it ships with the showcase."""
        return self.folder is not None and self.model_id.startswith(STARTERS)


class Catalog:
    """Hold the models in the order of the file."""

    def __init__(self, cards: Sequence[ModelCard]) -> None:
        self.cards = tuple(cards)

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
        return cls(cards)

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
        """Return the row of that task and model, None if there is none."""
        matches = (card for card in self.cards if (card.task_id, card.model_id) == (task_id, model_id))
        return next(matches, None)

    def get(self, task_id: str, model_id: str) -> ModelCard:
        """Return the row of that task and model.

        Raises: UnknownName listing the models that the task has.
        """
        card = self.find(task_id, model_id)
        if card is None:
            known = ", ".join(card.model_id for card in self.models(task_id))
            raise UnknownName(f"'{task_id}' has no model '{model_id}'.", hint=f"It has: {known}.")
        return card


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
    if not all(isinstance(package, str) for package in row.get("requires", ())):
        raise CatalogError("requires is a list of names of Python packages")
    model_id = str(row.get("id") or row.get("path")).strip("/")
    return ModelCard(
        task_id=row["task"],
        model_id=model_id,
        title=row.get("title") or model_id.rpartition("/")[2],
        note=row.get("note", ""),
        revision=row.get("revision"),
        folder=(folder / row["path"]).resolve() if "path" in row else None,
        requires=tuple(row.get("requires", ())),
        dtype=row.get("dtype"),
        size_bytes=round(row["size_mb"] * _MB) if "size_mb" in row else None,
    )


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("id") or row.get("path") or row.get("title") or "no id")
