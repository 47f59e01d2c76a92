"""Label names as a visitor reads them."""

from __future__ import annotations

import pytest

from core.ui.outputs.entities import entities_view
from core.ui.outputs.names import readable
from core.values import Entities, Entity


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("PROPN", "proper noun"),
        ("B-PER", "person"),
        ("LABEL_1", "label 1"),
        ("traffic_light", "traffic light"),
        ("n02123045 tabby, tabby cat", "tabby, tabby cat"),
        ("positive", "positive"),
        ("B-", "B-"),
        ("_", "_"),
        ("", ""),
        ("I-am-long", "I-am-long"),
    ],
)
def test_a_label_is_made_readable(label: str, shown: str) -> None:
    assert readable(label) == shown


def test_short_marks_are_explained_below_the_text() -> None:
    entity = Entity(entity_group="PROPN", score=0.9, word="Anna", start=0, end=4)
    shown = entities_view(Entities(text="Anna left", entities=(entity,)))
    assert "PROPN, proper noun" in shown
