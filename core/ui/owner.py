"""The owner's key: asked for where something is only the owner's, when the visitor is on another machine."""

from __future__ import annotations

import hmac

import streamlit as st

from core.ui.state import is_owner, runtime


def ask_for_owner(why: str) -> bool:
    """Return whether the visitor is the owner; where they are not, say why it matters and take the key."""
    of = runtime()
    if is_owner(of):
        return True
    if not of.settings.owner_key:
        st.caption(f"{why} Open this page on the machine that serves it, or set PODIUM_OWNER_KEY.")
        return False
    typed = st.text_input("Owner's key", type="password", key="owner_key", help=why)
    if typed and hmac.compare_digest(typed.encode(), of.settings.owner_key.encode()):
        st.session_state["owner"] = True
        st.rerun()
    if typed:
        st.caption("That is not the key.")
    return False
