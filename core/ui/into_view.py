"""Brings the answer into view on a screen that is too small for form and answer together.

Owns one element without a face. On a wide screen, where the answer stands beside the form, it does nothing.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

_JS = """
let shown = null;
export default function ({ parentElement, data }) {
  const moment = data.run + data.stage;
  if (shown === moment) return;
  shown = moment;
  const root = parentElement.getRootNode();
  const place = document.querySelector('.st-key-result, .st-key-problem') ?? root.host ?? parentElement;
  const top = place.getBoundingClientRect().top;
  if (top >= 0 && top < window.innerHeight / 2) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  place.style.scrollMarginTop = '4.5rem';  // clear of Streamlit's header
  place.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
}
"""

_element = st.components.v2.component("podium.into_view", html="<span></span>", js=_JS)


def bring_into_view(run_id: str, stage: Literal["waiting", "ended"]) -> None:
    """Scroll to the answer, or here where there is none yet: once for each run and stage."""
    with st.container(key=f"into_view_{stage}"):
        _element(data={"run": run_id, "stage": stage}, key=f"into_view_element_{stage}", height=1)
