"""Writes the tables of the README that are made from declarations: `python -m bench.readme`.

Owns the tables of tasks, errors and settings. A test compares them with the README, so that neither goes stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from core import errors
from core.catalog import Catalog, ModelCard
from core.reading import kind_words
from core.settings import ROOT, Settings
from core.tasks import TASKS
from core.tasks.spec import Task

README: Final = ROOT / "README.md"


def tasks_table() -> str:
    """Return every task with what it takes, what it gives and its models, starters first."""
    catalog = Catalog.read(Settings().catalog_path)
    rows = []
    for task in TASKS:
        cards = sorted(catalog.models(task.id), key=lambda card: not card.is_starter)
        models = ", ".join(_model(card) for card in cards)
        rows.append((f"{task.title}<br>`{task.id}`", kind_words(task.input), _answer(task), models))
    return _table(("task", "you give", "you get", "models"), rows)


def errors_table() -> str:
    """Return every error's code, status and meaning."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ShowcaseError) and kind.__doc__
    ]
    rows = [(f"`{kind.code}`", str(kind.status), str(kind.__doc__).splitlines()[0]) for kind in kinds]
    return _table(("code", "status", "when"), rows)


def settings_table() -> str:
    """Return every setting with its default and what it does."""
    rows = [
        (f"`{variable}`", f"`{default}`" if default else "none", text)
        for variable, default, text in Settings.documented()
    ]
    return _table(("variable", "default", "what"), rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "tasks": tasks_table,
    "errors": errors_table,
    "settings": settings_table,
}
"""The table that stands between `<!-- NAME -->` and `<!-- /NAME -->`, by name."""


def with_tables(text: str) -> str:
    """Return the README's text with every table as it has to be.

    Raises: ValueError naming a table that has no place.
    """
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin not in text or end not in text:
            raise ValueError(f"the README has no place for the table '{name}'")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table()}\n{end}{rest.partition(end)[2]}"
    return text


def _model(card: ModelCard) -> str:
    if card.is_starter:
        return f"**[{card.title}](models/{card.model_id}/README.md)**"
    return f"[{card.title}](https://huggingface.co/{card.model_id})"


def _answer(task: Task) -> str:
    return f"`{task.output.__name__}`" + (", streamed" if task.stream else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    """Write the tables into the README."""
    path = Path(README)
    path.write_text(with_tables(path.read_text()))


if __name__ == "__main__":
    main()
