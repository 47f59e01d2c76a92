"""What a page knows of its visitor: who it is, what the URL says, and the keys of its widgets.

Owns every session-state key and every query parameter but those of the parameters' widgets. What was pressed, and
whether the browser knows what came of it, is `core.ui.presses`'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.admission import is_on_this_machine, may_open_any
from core.catalog import ModelCard
from core.job import Job
from core.runtime import Runtime, runtime
from core.ui.presses import KEY, Place, Presses

XSRF_COOKIE: Final = "_streamlit_xsrf"
"""Streamlit's own cookie: it outlives a reload, so a visitor's judgement is found again."""

__all__ = [
    "begin_run",
    "client",
    "forget_run",
    "in_url",
    "is_owner",
    "may_open_any_model",
    "may_open_folders",
    "opened_models",
    "presses",
    "remember_opened",
    "run_in_url",
    "runtime",
    "set_in_url",
    "widget_key",
]


def widget_key(task_id: str, field: str) -> str:
    """Return the key of a task's widget."""
    return f"{task_id}.{field}"


def client(of: Runtime) -> str:
    """Return a salted hash of the browser that is visiting, the same after a reload."""
    cookie = st.context.cookies.get(XSRF_COOKIE)
    if isinstance(cookie, str):  # Streamlit's test runner has no cookies, only something in their place
        return of.hashed(unmasked(cookie))
    context = get_script_run_ctx()
    return of.hashed(context.session_id if context else "nobody")


def in_url(name: str) -> str | None:
    """Return a query parameter."""
    return st.query_params.get(name)


def set_in_url(name: str, value: str | None) -> None:
    """Set a query parameter, or take it away; does nothing where it is so already."""
    if value is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def presses() -> Presses:
    """Return what this visitor pressed last, and what came of it."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Presses()
    kept: Presses = st.session_state[KEY]
    return kept


def begin_run(task_id: str, press: int, start: Callable[[Job | None], Job]) -> Job | None:
    """Begin the run that was pressed for, unless a script that this one ended has; return the latest job either way.

    Args:
        press: the number of the press.
        start: starts the job, given the one before it. In it a script cannot be ended, so it must not use Streamlit.
    """
    kept, where = presses(), Place(task_id, in_url("model"), in_url("run"))
    return kept.begin(press, lambda: start(kept.job), where)


def run_in_url(task_id: str) -> str | None:
    """Return the run that the URL names, or will: a browser may not know the address of one that was just begun."""
    named = in_url("run")
    begun = presses().begun(Place(task_id, in_url("model"), named))
    if begun is None:
        return named
    set_in_url("run", begun)
    return begun


def forget_run() -> None:
    """Leave the run that is shown, as when another task or model is chosen."""
    begun = presses().leave()
    if begun is not None:  # its address is on the way to the browser, and has to be taken back there
        set_in_url("run", begun)
    set_in_url("run", None)


def unmasked(cookie: str) -> str:
    """Return what stays the same of an XSRF cookie: each page load masks its token anew.

    Source: version 2 of the cookie is `2|mask|token xor mask|time`, in hex but for the time.
    """
    parts = cookie.split("|")
    if len(parts) != 4:
        return cookie
    try:
        mask, masked = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except ValueError:
        return cookie
    return bytes(byte ^ mask[place % len(mask)] for place, byte in enumerate(masked)).hex() if mask else cookie


def visits_from_this_machine() -> bool:
    """Return whether the browser runs on the machine that serves, with no proxy in between."""
    return is_on_this_machine(st.context.ip_address, st.context.headers)


def is_owner(of: Runtime) -> bool:
    """Return whether the visitor may read and export what others said."""
    if of.settings.owner_key:
        return bool(st.session_state.get("owner", False))
    return visits_from_this_machine()


def may_open_any_model(of: Runtime) -> bool:
    """Return whether the visitor may open models beside the catalog."""
    return is_owner(of) or may_open_any(of.settings.allow_any_model, on_this_machine=visits_from_this_machine())


def may_open_folders(of: Runtime) -> bool:
    """Return whether the visitor may open folders of the machine that serves."""
    return is_owner(of) or (visits_from_this_machine() and may_open_any_model(of))


def opened_models() -> list[ModelCard]:
    """Return the models that this visitor has opened beside the catalog, latest first."""
    catalog = runtime().showcase.catalog
    known = [catalog.find(*key) for key in st.session_state.get("opened", [])]
    return [card for card in known if card is not None and card not in catalog.cards]


def remember_opened(card: ModelCard) -> None:
    """List a model among those that this visitor has opened."""
    key = card.task_id, card.model_id
    st.session_state["opened"] = [key, *(other for other in st.session_state.get("opened", []) if other != key)]
