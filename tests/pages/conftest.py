"""A visitor of the pages without a browser: the site's script, run by Streamlit's own test runner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.runtime import Runtime
from core.settings import ROOT

WAIT_S = 60
"""Seconds that a page may take; the first one that needs torch imports it."""

Visit = Callable[..., AppTest]


@pytest.fixture
def visit(session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Open a page as a new visitor, with these query parameters.

    Streamlit's test runner has no connection, so that the visitor is on this machine is said here.
    """
    monkeypatch.setattr("core.ui.state.visits_from_this_machine", lambda: True)

    def open_page(page: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(ROOT / "Home.py", default_timeout=WAIT_S)
        app.run()
        if page is not None:
            app.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_page
