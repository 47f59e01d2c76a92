"""Models that visitors opened: shared, bounded in number, and only for those who may."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Catalog, ModelCard
from core.catalog.cards import MOST_VISITING
from core.errors import UnknownName
from core.values import Text
from tests.fake_engine import showcase_of

TASK = "text-classification"
KEPT = ModelCard(task_id=TASK, model_id="studio/kept", title="Kept")


def card_of(number: int) -> ModelCard:
    return ModelCard(task_id=TASK, model_id=f"studio/{number}", title=str(number))


def test_an_opened_model_is_found_and_not_listed() -> None:
    catalog = Catalog([KEPT])
    opened = catalog.visit(card_of(1))
    assert catalog.find(TASK, "studio/1") is opened
    assert catalog.get(TASK, "studio/1", visiting=True) is opened
    assert catalog.models(TASK) == catalog.cards == (KEPT,)
    with pytest.raises(UnknownName, match="It has: studio/kept"):
        catalog.get(TASK, "studio/1")


def test_two_visitors_get_the_same_card_and_the_catalogs_own_goes_first() -> None:
    catalog = Catalog([KEPT])
    first = catalog.visit(card_of(1))
    assert catalog.visit(dataclasses.replace(card_of(1), size_bytes=7)) is first
    assert catalog.visit(dataclasses.replace(KEPT, title="Other")) is KEPT


def test_the_one_opened_longest_ago_is_forgotten_first() -> None:
    catalog = Catalog([KEPT])
    for number in range(MOST_VISITING):
        catalog.visit(card_of(number))
    catalog.visit(card_of(0))  # opened again
    catalog.visit(card_of(MOST_VISITING))
    assert catalog.find(TASK, "studio/0") is not None
    assert catalog.find(TASK, "studio/1") is None
    assert catalog.find(TASK, f"studio/{MOST_VISITING}") is not None


def test_the_door_takes_an_opened_model_only_from_those_who_may(tmp_path: Path) -> None:
    def positive(texts: list[str], **_: Any) -> list[list[dict[str, Any]]]:
        return [[{"label": "positive", "score": 0.75}] for _ in texts]

    showcase = showcase_of(tmp_path, positive)
    folder = showcase.catalog.cards[0].folder
    showcase.catalog.visit(ModelCard(task_id=TASK, model_id="folder:mine-0a0a0a", title="Mine", folder=folder))
    asked: dict[str, Any] = {"client": "c", "source": "page", "model_id": "folder:mine-0a0a0a"}
    try:
        with pytest.raises(UnknownName, match="It has: model"):
            showcase.start(TASK, Text(text="Fine."), {}, **asked)
        run = showcase.start(TASK, Text(text="Fine."), {}, visiting=True, **asked).result()
        assert run.record.model_id == "folder:mine-0a0a0a"
    finally:
        showcase.close()
