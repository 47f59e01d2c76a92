"""A page stands still from the moment that it is seen: who aims at `Run` presses `Run`, however slow the machine."""

from __future__ import annotations

from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from bench.site import Site
from core.tasks import TASKS
from core.tasks.spec import Modality, Task
from core.ui.drawn_first import ELEMENTS, OF_A_PAGE, elements_of
from tests.browser.drawn import is_drawn, script_held

pytestmark = pytest.mark.browser

ASKED_FOR = """self.askedFor = [];
let taken = {};
Object.defineProperty(self, "podiumElements", {
  get: () => new Proxy(taken, { get(there, name) { askedFor.push(name); return there[name]; } }),
  set: elements => { taken = elements; },
});"""
"""Notes what the page has fetched to draw it; elements begin with a capital letter, what they are made of does not."""


OF_FIRST_TASKS = {
    modality: elements_of(next(task for task in TASKS if task.modality == modality)) for modality in get_args(Modality)
}


@pytest.mark.parametrize("name", ["", "models", *OF_FIRST_TASKS])  # not feedback, which draws what has been judged
def test_a_page_knows_all_that_it_draws_first(page: Page, name: str) -> None:
    page.add_init_script(ASKED_FOR)
    page.goto(f"/{name}")
    is_drawn(page)
    drawn = {asked.partition(".")[0] for asked in page.evaluate("self.askedFor") if asked[0].isupper()}
    assert "Html" in drawn
    assert drawn <= set((OF_A_PAGE | OF_FIRST_TASKS)[name])


DRAWN_WITHOUT = """self.without = 0;
const isSkeleton = "[data-testid='stSkeleton']";
new MutationObserver(changes => {
  for (const { addedNodes } of changes) for (const added of addedNodes)
    if (added.matches?.(isSkeleton) || added.querySelector?.(isSkeleton)) without++;
}).observe(document, { subtree: true, childList: true });"""
"""Counts the elements in whose place something else was drawn, as their scripts were not there."""


@pytest.mark.parametrize("script", ["index.*.js", "TextArea.*.js"])
def test_a_page_is_drawn_with_all_its_elements_at_once_whichever_script_comes_last(page: Page, script: str) -> None:
    page.add_init_script(DRAWN_WITHOUT)
    on_their_way: set[Request] = set()
    page.on("request", lambda request: on_their_way.add(request))
    page.on("requestfinished", lambda request: on_their_way.discard(request))
    held = script_held(page, script)
    page.goto("/text?task=text-classification", wait_until="commit")
    while not held or any("/js/" in request.url for request in on_their_way - {held[0].request}):
        page.wait_for_timeout(20)
    held[0].continue_()
    is_drawn(page)
    assert page.evaluate("self.without") == 0


def test_a_page_whose_elements_do_not_come_is_drawn_all_the_same(page: Page) -> None:
    page.route("**/static/js/Slider.*.js", lambda route: route.abort())
    page.goto("/text?task=text-classification")
    expect(page.get_by_label("Your text")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()


WHERE_RUN_STANDS = """self.stood = [];
const look = () => {
  const run = [...document.querySelectorAll("button")].find(one => one.innerText.includes("Run"));
  const scrolled = document.querySelector("[data-testid=stMain]")?.scrollTop;
  const top = run && Math.round(run.getBoundingClientRect().top + scrolled);
  if (run && stood.at(-1) !== top) stood.push(top);
  requestAnimationFrame(look);
};
look();"""
"""Notes every place that `Run` had, in pixels from the top of the page."""

IS_WHOLE = """() => document.querySelector("[data-testid=stSkeleton]") === null
  && [...document.images].every(one => one.complete) && [...document.querySelectorAll("video, audio")]
    .every(one => one.readyState > 0) && document.body.innerText.includes("Use from code")"""
"""Whether all has come that a page shows before anything is asked."""


HAS_TAKEN_IN = """elements => {
  const there = Object.keys(self.podiumElements ?? {}).map(name => name.split(".")[0]);
  return elements.every(one => there.includes(one));
}"""
TWO_FRAMES = "() => new Promise(then => requestAnimationFrame(() => requestAnimationFrame(then)))"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS])
def test_run_is_drawn_where_it_stays(task: Task, width: int, browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=site.url)
    page: Page = context.new_page()
    page.add_init_script(WHERE_RUN_STANDS)
    page.goto(f"/{task.modality}?task={task.id}")
    is_drawn(page)
    page.wait_for_function(IS_WHOLE)
    page.evaluate(TWO_FRAMES)
    stood = page.evaluate("self.stood")
    context.close()
    assert len(stood) == 1, stood


def test_run_is_drawn_where_it_stays_on_the_page_that_a_link_leads_to(page: Page) -> None:
    page.add_init_script(WHERE_RUN_STANDS)
    page.goto("/")
    page.wait_for_function(HAS_TAKEN_IN, arg=ELEMENTS)
    page.get_by_role("link", name="Text classification", exact=True).click()
    page.wait_for_function(IS_WHOLE)
    page.evaluate(TWO_FRAMES)
    assert len(page.evaluate("self.stood")) == 1
