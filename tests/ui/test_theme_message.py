"""The theme that is told at every rerun: the same as Streamlit's own, and made anew when it changes."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from core.ui.theme_message import MAKER, keep_theme, made_once, themes_of_the_page

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what Streamlit makes it with, put back afterwards."""
    make = getattr(app_session, MAKER)
    monkeypatch.setattr(app_session, MAKER, make)
    return make


def told(make: Any) -> CustomThemeConfig:
    """Return what is told of all sections, as Streamlit asks for them."""
    message = CustomThemeConfig()
    for section in SECTIONS:
        part = message
        for name in section.split(".")[1:]:
            part = getattr(part, name)
        make(part, section)
    return message


def test_what_is_told_is_what_streamlit_tells(plain: Any) -> None:
    kept = made_once(plain)
    assert told(plain).ByteSize() > 100
    for _ in range(2):
        assert told(kept).SerializeToString(deterministic=True) == told(plain).SerializeToString(deterministic=True)


def test_it_is_made_once_and_again_when_the_configuration_is_read_anew() -> None:
    made: list[str] = []

    def make(message: CustomThemeConfig, section: str) -> None:
        made.append(section)
        message.primary_color = f"#{len(made):06}"

    kept = made_once(make)
    message = CustomThemeConfig()
    kept(message)
    kept(message)
    assert (made, message.primary_color) == (["theme"], "#000001")
    config._on_config_parsed.send()
    kept(message)
    assert (made, message.primary_color) == (["theme"] * 2, "#000002")


def test_a_streamlit_that_makes_it_in_another_way_is_left_alone(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_theme()
    assert getattr(app_session, MAKER) is not plain
    monkeypatch.delattr(app_session, MAKER)
    keep_theme()
    assert not hasattr(app_session, MAKER)


def test_the_page_brings_the_themes_that_every_rerun_tells(plain: Any) -> None:
    themes = themes_of_the_page()
    for name, section in (("LIGHT_THEME", "theme.light"), ("DARK_THEME", "theme.dark")):
        assert themes[name]["primaryColor"] == config.get_option(f"{section}.primaryColor")
        assert themes[name]["bodyFont"] == config.get_option("theme.font")
        colours = config.get_option(f"{section}.chartCategoricalColors") or config.get_option(
            "theme.chartCategoricalColors"
        )
        assert themes[name]["chartCategoricalColors"] == colours  # not one after the other
    assert themes["LIGHT_THEME"]["backgroundColor"] != themes["DARK_THEME"]["backgroundColor"]


def test_a_streamlit_that_makes_it_in_another_way_has_none_with_the_page(plain: Any, monkeypatch: Any) -> None:
    monkeypatch.delattr(app_session, MAKER)
    assert themes_of_the_page() == {}
