"""The theme as the page and every rerun tell it to the browser, made once.

Owns what is kept of it, and the form of it that comes with the page. Streamlit asks for three hundred options by name
whenever a script begins, for what never changes: of what `Run` reruns that was a fifth. Should a later Streamlit make
it in another way, it is made each time, as Streamlit has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

MAKER: Final = "_populate_theme_msg"
"""What Streamlit makes it with, given a message and the section of the configuration that goes into it."""


def keep_theme() -> None:
    """Have every session of this process tell what was made for the first. Called once, by the server."""
    make = getattr(app_session, MAKER, None)
    if make is not None:
        setattr(app_session, MAKER, made_once(make))


def made_once(make: Callable[..., None]) -> Callable[..., None]:
    """Return what does the same, until the configuration is read anew."""
    made: dict[str, CustomThemeConfig] = {}

    def forget() -> None:
        made.clear()

    def make_once(message: Any, section: str = "theme") -> None:
        kept = made.get(section)
        if kept is None:
            kept = made[section] = CustomThemeConfig()
            make(kept, section)
        if kept.ByteSize():  # else nothing is set, and merging would say that something was
            message.MergeFrom(kept)

    # Held by the function it belongs to, since the signal does not hold what it calls.
    make_once.forget = forget  # type: ignore[attr-defined]
    config.on_config_parsed(forget, force_connect=True)
    return make_once


def themes_of_the_page() -> dict[str, Any]:
    """Return the site's themes in the form in which Streamlit's page takes them from what is around it.

    Without them it draws its first page in a theme and with a font of its own, which it fetches for that, 170 kB. The
    files of our font are not in them: they come with the theme that a run tells, and the page names them itself.
    """
    make = getattr(app_session, MAKER, None)
    if make is None:
        return {}

    def told(section: str) -> dict[str, Any]:
        theme = CustomThemeConfig()
        make(theme, section)
        theme.ClearField("font_faces")
        return dict(MessageToDict(theme, use_integers_for_enums=True))

    both = told("theme")
    return {"LIGHT_THEME": both | told("theme.light"), "DARK_THEME": both | told("theme.dark")}
