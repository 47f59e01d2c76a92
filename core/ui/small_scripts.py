"""Streamlit's small scripts in one file: what a hundred requests were before a page could be used is thirty.

Owns which scripts those are and the file that holds them. A browser fetches six files at a time; over a network with 80
ms there and back, 70 files of a kilobyte or two took it 0.4 s of the 2.0 until the form was there.

An import map says that each such script is a `data:` address, which needs no request. Where a browser knows no import
maps, or a site's policy forbids such addresses, the file does nothing, and each script is fetched as Streamlit has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SMALL_BYTES: Final = 6000
"""A script up to this size is small: 70 of 97. Source: a page of texts was usable after 794 ms with none in the file,
703 with these, and 758 with those up to 20,000 (medians of 8)."""

PROBE: Final = '<script src="data:text/javascript,self.podiumTakesData=1"></script>'
"""Finds out whether the page may run a script of such an address."""

IMPORT: Final = re.compile(r"""((?:from|import)\s*["'])\./([\w.\-~]+\.js)(?=["'])""")
"""A script's import of another, as it stands in both: how it begins, then the other's name."""

_NAMED: Final = re.compile(r"""["'](podium/[\w.\-~/]+\.js)["']""")
"""A script as these name it to each other."""

_FILE: Final = """(() => {
  if (!self.podiumTakesData || !HTMLScriptElement.supports?.("importmap")) return;
  const sources = %s, fetched = %s, imports = {};
  for (const [name, script] of Object.entries(fetched)) imports[name] = "./static/js/" + script;
  for (const [name, source] of Object.entries(sources)) {
    const address = "data:text/javascript," + encodeURIComponent(source);
    imports["podium/" + name] = imports["./static/js/" + name] = address;
  }
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = JSON.stringify({ imports });
  document.currentScript.after(map);
})();
"""


def small_scripts(scripts: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the text of those scripts that can be in one file, by their names.

    An address has no folder, so a script that looks for files beside itself stays one; imports of other scripts are
    given names that the import map knows.
    """
    found = {}
    for name in names:
        path = scripts / name
        if path.stat().st_size <= SMALL_BYTES:
            text = path.read_text(encoding="utf-8")
            if "import.meta" not in text and "import(" not in text:
                found[name] = IMPORT.sub(r"\1podium/\2", text)
    return found


def in_one_file(small: dict[str, str]) -> str:
    """Return the script that has a browser take these from it; it has to run before any other is fetched.

    One that stands in for Streamlit's imports that as "podium/as-it-is/" with its name.
    """
    named = {name for text in small.values() for name in _NAMED.findall(text)}
    fetched = {name: name.rpartition("/")[2] for name in named if name.removeprefix("podium/") not in small}
    return _FILE % (json.dumps(small), json.dumps(fetched, sort_keys=True))
