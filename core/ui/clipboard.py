"""A button that copies a text to the clipboard, and says that it did."""

from __future__ import annotations

import streamlit as st

_HTML = '<button type="button" id="copy"><span id="label">Copy</span></button>'

_CSS = """
button { font: inherit; font-size: 0.9rem; color: var(--st-text-color); background: none; border: 0; cursor: pointer;
         padding: 0.35rem 0.5rem; border-radius: 0.5rem; min-height: 2.5rem; }
button:hover, button:focus-visible { color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
"""

_JS = """
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector('#copy');
  const label = parentElement.querySelector('#label');
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
      label.textContent = 'Copied';
    } catch {
      // Not a secure page (plain http on another machine): select an off-screen text and copy that.
      const area = document.createElement('textarea');
      area.value = data.text;
      area.style.position = 'fixed';
      area.style.opacity = '0';
      document.body.appendChild(area);
      area.select();
      label.textContent = document.execCommand('copy') ? 'Copied' : 'Could not copy';
      area.remove();
    }
    setTimeout(() => { label.textContent = 'Copy'; }, 1500);
  };
}
"""

_button = st.components.v2.component("podium.copy", html=_HTML, css=_CSS, js=_JS)


def copy_button(text: str, *, key: str) -> None:
    """Show a button that copies `text`."""
    _button(data={"text": text}, key=key)
