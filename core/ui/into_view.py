"""Brings what comes of a press into view: the answer, or the problem beside a field.

Owns one element without a face. On a wide screen, where the answer stands beside the form, it does nothing; a problem
is given the focus wherever it stands, and nothing moves if it is in view.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

_JS = """
let shown = null;
export default function ({ parentElement, data }) {
  const moment = data.press + data.stage;
  if (shown === moment) return;
  shown = moment;
  const root = parentElement.getRootNode();
  const refused = data.stage === 'refused';
  const sought = refused ? '.st-key-problem' : '.st-key-result, .st-key-problem';
  const place = document.querySelector(sought) ?? root.host ?? parentElement;
  if (refused) {  // nothing new stands anywhere: this is what a screen reader goes by
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
  const top = place.getBoundingClientRect().top;
  if (!refused && top >= 0 && top < window.innerHeight / 2) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  place.style.scrollMarginTop = '4.5rem';  // so that it is seen where it stands
  place.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: refused ? 'nearest' : 'start' });
}
"""

_element = st.components.v2.component("podium.into_view", html="<span></span>", js=_JS)


def bring_into_view(press: str, stage: Literal["waiting", "ended", "refused"]) -> None:
    """Scroll to the answer, or here where there is none yet, or to the problem: once for each press and stage.

    Args:
        press: the run's id, or another name for the press.
    """
    with st.container(key=f"into_view_{stage}"):
        _element(data={"press": press, "stage": stage}, key=f"into_view_element_{stage}", height=1)
