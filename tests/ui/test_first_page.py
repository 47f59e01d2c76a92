"""Streamlit's page as it is sent: what it names is there, named once, and early."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from streamlit.file_util import get_static_dir

from core.settings import ROOT
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.ui.drawn_first import ELEMENTS, FETCHER, OF_A_PAGE, element_scripts, elements_of, loader, stand_in
from core.ui.first_page import FirstPages
from core.ui.sheet import sheet_name

STREAMLIT = Path(get_static_dir())
SCRIPTS = STREAMLIT / "static" / "js"
PAGES = FirstPages(STREAMLIT)
SOURCES: dict[str, str] = json.loads(re.search(r"sources = (\{.*\}), fetched", PAGES.scripts)[1])  # type: ignore[index]
"""The small scripts that the one file holds."""

PLAIN = [(name, None) for name in (*OF_A_PAGE, "nowhere")]
each_page = pytest.mark.parametrize(
    ("name", "task"), [*PLAIN, *(pytest.param(task.modality, task, id=task.id) for task in TASKS)]
)


@each_page
def test_everything_that_the_page_names_is_there(name: str, task: Task | None) -> None:
    own = {f"static/{file}" for file in PAGES.files}
    page = PAGES.page(name, task=task)
    named = re.findall(r'(?:href=|src=|from)"\./([^"]+)"', page)
    assert len(own) == 4
    assert own <= set(named)
    for path in set(named) - own:
        if path.startswith("static/"):
            assert (STREAMLIT / path).is_file(), path
        elif path.startswith("app/static/"):
            assert (ROOT / path.removeprefix("app/")).is_file(), path


def test_a_file_of_ours_is_named_by_what_is_in_it() -> None:
    for name, content in PAGES.files.items():
        data = content if isinstance(content, bytes) else content.encode()
        assert name.split(".")[-2] == hashlib.sha256(data).hexdigest()[:12]


@each_page
def test_no_script_is_fetched_twice(name: str, task: Task | None) -> None:
    named = re.findall(r'(?:href|src)="\./static/js/([^"]+)"', PAGES.page(name, task=task))
    before = re.findall(r'(?:href|src)="\./static/js/([^"]+)"', PAGES.index)
    assert len(named) == len(set(named))
    assert SOURCES.keys() & set(named) == {path.name for path in SCRIPTS.glob(FETCHER)}  # which is stood in for
    assert set(before) <= set(named) | SOURCES.keys()


@each_page
def test_what_is_drawn_first_is_taken_in_and_all_that_it_imports_is_on_its_way(name: str, task: Task | None) -> None:
    page = PAGES.page(name, task=task)
    elements = elements_of(task) if task else OF_A_PAGE.get(name, OF_A_PAGE[""])
    scripts = element_scripts(SCRIPTS, elements)
    assert len(scripts) == len(elements)
    taken = re.findall(r'import\*as e\d+ from"\./static/js/([^"]+)"', page)
    assert taken == scripts
    assert page.index("podiumElements={") > page.index('<script type="module" crossorigin src=')
    for script in scripts:
        assert script in SOURCES or f'href="./static/js/{script}"' in page, script
        for imported in re.findall(r'from"\./([\w.\-]+\.js)"', (SCRIPTS / script).read_text(encoding="utf-8")):
            assert imported in SOURCES or f'"./static/js/{imported}"' in page, imported


def test_a_task_draws_what_its_input_and_parameters_ask_for_and_no_other() -> None:
    drawn = elements_of(get_task("zero-shot-image-classification"))
    assert {"FileUploader", "ImageList", "Multiselect"} <= set(drawn)
    assert not {"BidiComponent", "AudioInput", "TextArea"} & set(drawn)
    assert "BidiComponent" in elements_of(get_task("image-classification"))
    assert len(drawn) == len(set(drawn))


def test_a_page_says_when_its_elements_have_come_and_if_they_do_not() -> None:
    module = loader(["Button.x.js"], ["Slider.y.js"])
    assert 'podiumElements={"Button.x.js":e0};' in module
    assert module.endswith("self.podiumElementsCame?.()</script>")
    assert 'onerror="self.podiumElementsCame?.()"' in module


def test_most_scripts_come_in_one_file_and_name_each_other_as_the_import_map_does() -> None:
    fetched = json.loads(re.search(r"fetched = (\{.*?\})", PAGES.scripts)[1])  # type: ignore[index]
    known = fetched.keys() | {f"podium/{name}" for name in SOURCES}
    stood_in_for = [path.name for path in SCRIPTS.glob(FETCHER)]
    assert len(SOURCES) > 60
    for name, text in SOURCES.items():
        assert set(re.findall(r"""["'](podium/[^"']+)["']""", text)) <= known
        if name not in stood_in_for:
            assert text.replace("podium/", "./") == (SCRIPTS / name).read_text(encoding="utf-8")
            assert not re.search(r"""(?:from|import)\s*["']\./""", text)
            assert "import.meta" not in text
            assert "import(" not in text
    assert fetched
    assert all((SCRIPTS / name).is_file() for name in fetched.values())


def test_streamlit_fetches_an_element_as_what_stands_in_for_its_own_script_reads_it() -> None:
    (stands_in,) = stand_in(SCRIPTS).values()
    fetcher = next(SCRIPTS.glob(FETCHER)).name
    assert f'"podium/as-it-is/{fetcher}"' in stands_in
    (entry,) = re.findall(r'<script type="module" crossorigin src="\./static/js/([^"]+)"', PAGES.index)
    streamlit = (SCRIPTS / entry).read_text(encoding="utf-8")
    for script in element_scripts(SCRIPTS, ELEMENTS):
        assert re.search(rf"lazy\)\(\(\)=>\w+\(\(\)=>import\(`\./{re.escape(script)}`\),", streamlit), script


def test_a_script_of_streamlits_that_is_not_as_it_was_is_not_stood_in_for(tmp_path: Path) -> None:
    (tmp_path / "preload-helper.x.js").write_text("export{a as t,b as n};")
    assert stand_in(tmp_path) == {}


def test_the_style_sheet_comes_after_all_that_streamlit_adds_to_the_head(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><head></head>new</html>")
    for page in (PAGES.page(), FirstPages(tmp_path).page()):
        assert page.index(f'<link rel="stylesheet" href="./static/{sheet_name()}">') > page.index("</head>")


def test_nothing_that_the_server_says_ends_the_script_that_it_stands_in() -> None:
    page = PAGES.page(host_config={"note": "</script><b>"})
    assert "</script><b>" not in page
    said = re.search(r"HOST_CONFIG=(.*?)</script>", page)
    assert said
    assert json.loads(said[1]) == {"note": "</script><b>"}
