"""Streamlit's pause between two looks at what is to be sent."""

from __future__ import annotations

import pytest
from streamlit.runtime import runtime

from core.ui.sent_at_once import PAUSE, send_at_once


def test_streamlit_still_sleeps_for_as_long_as_that_says() -> None:
    assert PAUSE in runtime.Runtime._loop_coroutine.__code__.co_names


def test_it_looks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, PAUSE, 0.005)
    send_at_once()
    assert getattr(runtime, PAUSE) == 0


def test_a_streamlit_that_pauses_in_another_way_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(runtime, PAUSE)
    send_at_once()
    assert not hasattr(runtime, PAUSE)
