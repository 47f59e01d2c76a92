"""Streamlit's page as a browser is sent it: it names early what it needs, and asks for nothing that it can say itself.

Owns what is put into Streamlit's `index.html`, and which files of ours it names instead of Streamlit's. Of Streamlit's
hundred files most are small, and come in one (`core.ui.small_scripts`); a third the browser finds out about only when
it draws the first page (`core.ui.drawn_first`); its icons are a hundred of a font of thousands (`core.ui.icons`); on
any page but the first it looks for the server in a place where it is not, and waits before it looks elsewhere; and it
connects only when its scripts have run, in a theme that is not the page's.

If a later Streamlit lays its page out in another way, what is not found in it is not put in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from core.tasks.spec import Task
from core.ui.drawn_first import ELEMENTS, OF_A_PAGE, RUN_ICON, element_scripts, elements_of, loader, stand_in
from core.ui.icons import fetches_more, font, font_name, with_few_icons
from core.ui.sheet import name_by_content, sheet_name, stylesheet
from core.ui.small_scripts import IMPORT, PROBE, in_one_file, small_scripts
from core.ui.theme_message import themes_of_the_page

OUR_FONT: Final = "./app/static/fonts/bricolage-grotesque-latin-opsz-normal.woff2"
BESIDE_THE_PAGE: Final = "BACKEND_BASE_URL:new URL('.',location.href).href"
"""Says that the server is where the page's own scripts come from, which are named relative to it."""

QUIET: Final = """<script>
if (self === top) addEventListener("message", event => {
  if (event.source === self && event.data?.stCommVersion === 1) event.stopImmediatePropagation();
});
</script>"""
"""Keeps from Streamlit what it says to a site around it where there is none: it would hear itself, and build patterns
of all the addresses that such a site may have, at every message. Source: 10 ms of a load, in a profile of one."""

FIRST_RUN: Final = f"<script>{Path(__file__).with_name('first_run.js').read_text(encoding='utf-8')}</script>"
"""Connects, and asks for the page, while Streamlit's scripts are still on their way."""

FOLLOW_LINKS: Final = """<script>
addEventListener("click", event => {
  const link = event.target.closest?.(".pd-wings a");
  if (!link || event.button || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, "", link.href);
  dispatchEvent(new PopStateEvent("popstate"));
});
</script>"""
"""Changes the page as `Back` does, within the session. Without it a link loads the other page anew, in a new one."""

_SCRIPT: Final = re.compile(r'"\./static/js/([\w.\-~]+\.js)"')
_PRELOAD: Final = re.compile(r'\s*<link\s[^>]*href="\./static/js/([\w.\-~]+\.js)"[^>]*>')
_ENTRY: Final = re.compile(r'<script type="module"[^>]*></script>')
_SHEET: Final = re.compile(r"\./static/css/([\w.\-~]+\.css)")
_FONT_OF_STREAMLIT: Final = re.compile(r'<link\s+rel="preload"\s+href="\./static/media/SourceSans[^>]*>')


class FirstPages:
    """Hold the pages as they are sent, and the files of ours that they name.

    Args:
        folder: where Streamlit's files are: `index.html`, and the rest in `static`.
    """

    def __init__(self, folder: Path) -> None:
        self._scripts = folder / "static" / "js"
        self.index = (folder / "index.html").read_text(encoding="utf-8")
        entries = _SCRIPT.findall(_PRELOAD.sub("", self.index))
        drawn = element_scripts(self._scripts, ELEMENTS)
        self._named = _SCRIPT.findall(self.index)
        names = _with_imports(self._scripts, [*self._named, *drawn])
        self._small = small_scripts(self._scripts, [name for name in names if name not in entries])
        # What is stood in for is fetched all the same, and early.
        self.scripts = in_one_file(self._small | (stand_in(self._scripts) if self._small else {}))
        self._scripts_name = name_by_content("podium-scripts", self.scripts, "js")
        named = _SHEET.search(self.index)
        self._sheet = (folder / "static" / "css" / named[1]).read_text(encoding="utf-8") if named else ""
        self._own_sheet = with_few_icons(self._sheet)
        self._sheet_name = name_by_content("podium-streamlit", self._own_sheet, "css")
        self._pages: dict[tuple[str, ...], str] = {}
        self.files: dict[str, str | bytes] = {
            sheet_name(): stylesheet(),
            self._sheet_name: self._own_sheet,
            self._scripts_name: self.scripts,
            font_name(): font(),
        }
        """What the pages name in `static` that is not Streamlit's."""

    def page(self, name: str = "", host_config: object = None, *, task: Task | None = None) -> str:
        """Return Streamlit's page for one of the site's.

        Args:
            name: the page's name in its address; one that is not known is as Home's.
            task: what the page shows, if it shows a task.
            host_config: what the server says of who may talk to the page from around it, if it has been asked: a
                browser then connects at once. Not in a frame: a site around it may answer for the server there, and
                have the page wait for its tokens.
        """
        elements = elements_of(task) if task else OF_A_PAGE.get(name, OF_A_PAGE[""])
        page = self._pages.get(elements)
        if page is None:
            page = self._pages[elements] = self._made(elements)
        if host_config is None:
            return page
        said = f"<script>if(self===top)window.__streamlit.HOST_CONFIG={_json(host_config)}</script>"
        return page.replace(FIRST_RUN, said + FIRST_RUN, 1)

    def _made(self, elements: Sequence[str]) -> str:
        """Put into the page what names the server, the style sheet, what is drawn first, and fonts that are drawn."""
        scripts_of = element_scripts(self._scripts, elements)
        later = element_scripts(self._scripts, [one for one in ELEMENTS if one not in elements])
        drawn = [one for one in _with_imports(self._scripts, scripts_of) if one not in self._named]
        late = [
            f'<link rel="modulepreload" crossorigin href="./static/js/{one}">'
            for one in drawn
            if one not in self._small
        ]
        fonts = [OUR_FONT, f"./static/{font_name()}"] if font_name() in self._own_sheet else [OUR_FONT]
        early = [f'<link rel="preload" as="font" crossorigin href="{one}">' for one in fonts]
        page = _PRELOAD.sub(lambda link: "" if link[1] in self._small else link[0], self.index)
        page = _FONT_OF_STREAMLIT.sub("".join(early), page, count=1)
        scripts = FOLLOW_LINKS + fetches_more(self._sheet)
        page = _ENTRY.sub(lambda entry: scripts + entry[0] + loader(scripts_of, later), page, count=1)
        page = _SHEET.sub(f"./static/{self._sheet_name}", page, count=1)
        # After the styles that Streamlit adds to the head: of two rules of the same weight ours holds.
        body, end, rest = page.rpartition("</body>")
        sheet = f'<link rel="stylesheet" href="./static/{sheet_name()}">'
        page = f"{body}{sheet}{end}{rest}" if end else f"{page}{sheet}"
        page = page.replace("</head>", "".join(late) + "</head>", 1)
        one_file = f'{PROBE}<script src="./static/{self._scripts_name}"></script>' if self._small else ""
        return page.replace("<head>", f"<head>{_site()}{QUIET}{FIRST_RUN}{one_file}", 1)


def _site() -> str:
    """Return the script that says where the server is, what a form ends with, and what a page is first drawn in."""
    themes, end = _json(themes_of_the_page()), _json(RUN_ICON)
    return f"<script>window.__streamlit={{{BESIDE_THE_PAGE},...{themes}}};podiumFormEndsWith={end}</script>"


def _json(value: object) -> str:
    """Return JSON in which nothing ends the script that it stands in."""
    return json.dumps(value).replace("<", "\\u003c")


def _with_imports(scripts: Path, names: Iterable[str]) -> list[str]:
    """Return scripts with all that they import, in the order that they are come to."""
    found: list[str] = []

    def add(names: Iterable[str]) -> None:
        for name in names:
            if name not in found and (scripts / name).exists():
                found.append(name)
                add(_imports_of(scripts / name))

    add(names)
    return found


@cache
def _imports_of(script: Path) -> tuple[str, ...]:
    return tuple(name for _, name in IMPORT.findall(script.read_text(encoding="utf-8")))
