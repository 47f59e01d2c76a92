"""An error as a visitor sees it: one sentence with the fix. The page's half of the two edges."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey
from streamlit.runtime.scriptrunner import RerunException, StopException

from core.errors import ShowcaseError

log = logging.getLogger(__name__)


def show_problem(error: ShowcaseError) -> None:
    """Show what went wrong and what to do about it."""
    try:
        place = st.container(key="problem")
    except StreamlitDuplicateElementKey:  # a second problem on the same page
        place = st.container()
    with place:
        st.error(plain(str(error)), icon=":material/error:")


@contextmanager
def problems_shown(told: list[ShowcaseError] | None = None) -> Iterator[None]:
    """Show whatever the block raises: a ShowcaseError as its sentence, anything else as an id that is in the log.

    Args:
        told: gets the ShowcaseError that is shown.
    """
    try:
        yield
    except ShowcaseError as err:
        show_problem(err)
        if told is not None:
            told.append(err)
    except (RerunException, StopException):
        raise
    except Exception:
        identifier = uuid.uuid4().hex[:8]
        log.exception("problem %s", identifier)
        show_problem(ShowcaseError(f"Something went wrong here (problem {identifier}).", hint="Try again."))


def plain(text: str) -> str:
    """Return a text with Markdown's characters made harmless: it may quote what a visitor sent."""
    for character in "\\`*_[]<>$~:#|":
        text = text.replace(character, f"\\{character}")
    return text
