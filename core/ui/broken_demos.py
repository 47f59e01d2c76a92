"""Demos that cannot be shown, and why: for the owner, and for nobody else."""

from __future__ import annotations

import streamlit as st

from core.ui.state import is_owner, runtime


def show_broken_demos() -> None:
    """Show the owner each file of the demos' folder that is broken, with its reason; others see nothing."""
    of = runtime()
    if not of.demos.broken or not is_owner(of):
        return
    with st.container(key="broken_demos"):
        st.subheader("Demos that cannot be shown")
        st.caption("Only you see this. The others run; mend these and start again. The log has the whole story.")
        for broken in of.demos.broken:
            with st.container(border=True):
                st.badge("broken", color="red", icon=":material/error:")
                # Plain text on purpose: the reason quotes the file.
                st.text(f"{broken.file}{f', {broken.function}' if broken.function else ''}: {broken.reason}")
