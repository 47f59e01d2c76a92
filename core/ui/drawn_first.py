"""What a page draws first: elements that are there before they are drawn, so that it is drawn once, up to `Run`.

Owns which those are, and how Streamlit gets them. Streamlit fetches an element's script when it first draws one; even
where the script has long come it draws the page without the element, then once more with it. Here a module that runs
after Streamlit's own takes them in, and Streamlit's script that fetches them is stood in for by one that hands over
what is there at once, as React's `lazy` allows. What is not there is fetched as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

DRAWN_FIRST: Final = {
    "": ("Html", "ImageList", "PageLink"),
    "text": ("Html", "ButtonGroup", "Selectbox", "TextArea", "Slider", "Button"),
    "image": ("Html", "ButtonGroup", "Selectbox", "BidiComponent", "ImageList", "Slider", "Button"),
    "audio": ("Html", "ButtonGroup", "Selectbox", "AudioInput", "Audio", "Slider", "Button"),
    "video": ("Html", "ButtonGroup", "Selectbox", "FileUploader", "Video", "Slider", "Button"),
    "feedback": ("Html",),
    "models": ("Html", "TextInput", "Progress", "Button", "ButtonGroup", "PageLink"),
}
"""The elements that each page has before anything is asked, by the page's name in the address; "" is Home's."""

RUN_ICON: Final = ":material/play_arrow:"
"""The icon of the button that a form ends with. What is sent up to it is drawn before the rest: see `first_run.js`."""

FETCHER: Final = "preload-helper.*.js"
"""Streamlit's script that fetches those which are drawn later, and what they import."""

_EXPORT: Final = re.compile(r"export\{\w+ as (\w+)\};?\s*$")
"""The one name that it is imported by."""

_STAND_IN: Final = """import { %(name)s as fetched } from "podium/as-it-is/%(script)s";
const IMPORT = /^\\(\\)=>import\\(`\\.\\/([\\w.\\-~]+\\.js)`\\)$/;
const %(name)s = (load, ...rest) => {
  const element = self.podiumElements?.[IMPORT.exec(load)?.[1]];
  return element ? { then(use) { use(element); } } : fetched(load, ...rest);
};
export { %(name)s };
"""
"""Is given a function `()=>import("./Element.js")`, of which it reads which element that is."""


def element_scripts(scripts: Path, elements: Iterable[str]) -> list[str]:
    """Return the names of these elements' scripts, of those that Streamlit has."""
    return [path.name for element in elements for path in sorted(scripts.glob(f"{element}.*.js"))]


def loader(names: Iterable[str]) -> str:
    """Return a module, as it stands in the page, that takes these scripts in before anything is drawn."""
    numbered = list(enumerate(names))
    imports = "".join(f'import*as e{number} from"./static/js/{name}";' for number, name in numbered)
    held = ",".join(f'"{name}":e{number}' for number, name in numbered)
    return f'<script type="module">{imports}self.podiumElements={{{held}}}</script>' if numbered else ""


def stand_in(scripts: Path) -> dict[str, str]:
    """Return the script that stands in for Streamlit's, by its name; none if Streamlit's is not as it was."""
    found = {}
    for path in scripts.glob(FETCHER):
        export = _EXPORT.search(path.read_text(encoding="utf-8"))
        if export:
            found[path.name] = _STAND_IN % {"name": export[1], "script": path.name}
    return found
