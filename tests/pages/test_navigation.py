"""The frame around the pages: what is made once and what for each visit."""

from __future__ import annotations

from core.ui.site import pages_once
from tests.pages.conftest import Visit


def test_a_visit_marks_no_page_that_others_will_be_shown(visit: Visit) -> None:
    # Streamlit notes on a page that this run may show it, so every run has copies.
    visit("text")
    kept = [page for section in pages_once().values() for page in section]
    before = [dict(vars(page)) for page in kept]
    shown = visit("models")
    assert "Models</h1>" in " ".join(element.proto.body for element in shown.get("html"))
    assert [vars(page) for page in kept] == before
    assert not any(page._can_be_called for page in kept)
