"""The style sheet as browsers are sent it: small, and under a name that says what is in it.

Owns its making from `stylesheet.css`, beside this file. It comes with the page and not with each rerun: as an element
it took Streamlit a tenth of the time of one to read 22 kB again.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path


@cache
def stylesheet() -> str:
    """Return the style sheet without comments and blanks."""
    text = Path(__file__).with_name("stylesheet.css").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", text).replace(";}", "}")
    return re.sub(r"(?<![\d.])0(?=\.\d)", "", text).strip()


@cache
def sheet_name() -> str:
    """Return its file name: another sheet has another one, so that a browser may keep each for good."""
    return name_by_content("podium", stylesheet(), "css")


def name_by_content(stem: str, content: str | bytes, ending: str) -> str:
    """Return a file name that says by a digest what is in the file."""
    data = content.encode() if isinstance(content, str) else content
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
