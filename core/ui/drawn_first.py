"""What a page draws first: elements that are there before they are drawn, so that it is drawn once, up to `Run`.

Owns which those are, by page and by what a task asks for, and how Streamlit gets them. Streamlit fetches an element's
script when it first draws one; even where the script has long come it draws the page without the element, then once
more with it, and what stands below moves. Here a module that runs after Streamlit's own takes them in, and Streamlit's
script that fetches them is stood in for by one that hands over what is there at once, as React's `lazy` allows. The
page is drawn when they have come (`first_run.js`); then those are fetched that other pages draw first, so that a page
that a link leads to stands as still. What is not among them is fetched as ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, get_args

from core.tasks.spec import Task
from core.ui.parameters import ParameterElement, parameter_element
from core.values import Atom, Audio, Image, Text, Video, fields_of

OF_A_PAGE: Final = {
    "": ("Html", "ImageList", "PageLink"),
    "feedback": ("Html",),
    "models": ("Html", "TextInput", "Progress", "Button", "ButtonGroup", "PageLink"),
}
"""The elements that a page without a task has before anything is asked, by its name in the address; "" is Home's."""

OF_EVERY_TASK: Final = ("Html", "ButtonGroup", "Selectbox", "Button")
"""The elements that a page has up to `Run` whatever its task: the tasks, the model, `Run`."""

OF_ATOMS: Final[dict[type[Atom], tuple[str, ...]]] = {
    Image: ("ImageList",),
    Audio: ("AudioInput", "Audio"),
    Video: ("FileUploader", "Video"),
}
"""What the widget of each kind of atom is always made of. Of a table nothing: the scripts of a sheet are a megabyte."""

OF_SOURCES: Final = {"Draw": "BidiComponent", "Upload": "FileUploader"}
"""The element in which a picture is given, by where it comes from."""

OF_TEXTS: Final = ("TextArea", "TextInput")
"""The elements in which texts are typed: passages or several, and lines."""

ELEMENTS: Final = sorted(
    {
        *(element for elements in (*OF_A_PAGE.values(), *OF_ATOMS.values()) for element in elements),
        *OF_EVERY_TASK,
        *OF_SOURCES.values(),
        *OF_TEXTS,
        *get_args(ParameterElement),
    }
)
"""All elements that some page draws first."""

RUN_ICON: Final = ":material/play_arrow:"
"""The icon of the button that a form ends with. What is sent up to it is drawn before the rest: see `first_run.js`."""

FETCHER: Final = "preload-helper.*.js"
"""Streamlit's script that fetches those which are drawn later, and what they import."""

ELEMENTS_CAME: Final = "self.podiumElementsCame?.()"
"""Says that no more elements come before the page is drawn: `first_run.js` waits for it, where it has run."""

_TAKE: Final = "name=>import(`./static/js/${name}`).then(one=>{podiumElements[name]=one},()=>{})"
"""Takes an element in, by its script's name; Streamlit itself fetches one that does not come now."""

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


def first_source(task: Task) -> Literal["Draw", "Upload"]:
    """Return where a picture comes from until the visitor chooses."""
    return "Draw" if task.id == "image-classification" else "Upload"


def elements_of(task: Task) -> tuple[str, ...]:
    """Return the elements that a task's page has up to `Run`, and those of its parameters."""
    found = [*OF_EVERY_TASK]
    for field in fields_of(task.input):
        found += OF_ATOMS.get(field.atom, ())
        if field.atom is Image:
            found.append(OF_SOURCES[first_source(task)])
        elif field.atom is Text:
            found.append(OF_TEXTS[0 if field.many or field.rows > 1 else 1])
    found += [parameter_element(field) for field in task.parameters.model_fields.values()]
    return tuple(dict.fromkeys(found))


def element_scripts(scripts: Path, elements: Iterable[str]) -> list[str]:
    """Return the names of these elements' scripts, of those that Streamlit has."""
    return [path.name for element in elements for path in sorted(scripts.glob(f"{element}.*.js"))]


def loader(names: Iterable[str], later: Iterable[str] = ()) -> str:
    """Return a script, as it stands in the page, that takes these in and says so, as also if they do not come.

    Args:
        later: the scripts of elements that other pages draw first, to be taken in once this one is drawn.
    """
    numbered = list(enumerate(names))
    imports = "".join(f'import*as e{number} from"./static/js/{name}";' for number, name in numbered)
    held = ",".join(f'"{name}":e{number}' for number, name in numbered)
    rest = f"self.podiumTakeLater=()=>{json.dumps(list(later))}.forEach({_TAKE});"
    module = f"{imports}self.podiumElements={{{held}}};{rest}{ELEMENTS_CAME}"
    return f'<script type="module" onerror="{ELEMENTS_CAME}">{module}</script>'


def stand_in(scripts: Path) -> dict[str, str]:
    """Return the script that stands in for Streamlit's, by its name; none if Streamlit's is not as it was."""
    found = {}
    for path in scripts.glob(FETCHER):
        export = _EXPORT.search(path.read_text(encoding="utf-8"))
        if export:
            found[path.name] = _STAND_IN % {"name": export[1], "script": path.name}
    return found
