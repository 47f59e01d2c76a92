"""The two pages that `bench.page` compares, as a visitor uses them: Podium's and Gradio's, in Chromium.

Owns what is particular to each: where it stands, how an input is given, when its form can be used and what its
answer is. The clock is in the page itself: `PAINTED` and `USABLE` are the same for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, expect

from bench.serving import LOADS

PAINTED: Final = """
answer => {
  const before = answer();
  window.painted = new Promise(resolve => {
    let clicked = 0;
    addEventListener('click', event => { clicked = event.timeStamp; }, { capture: true, once: true });
    const watch = new MutationObserver(() => {
      const now = answer();
      if (!clicked || !now || now === before) return;
      watch.disconnect();
      // The frame that shows it is drawn after these callbacks; a task queued there runs once it is.
      requestAnimationFrame(() => {
        const drawn = new MessageChannel();
        drawn.port1.onmessage = () => resolve(performance.now() - clicked);
        drawn.port2.postMessage(0);
      });
    });
    watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}
"""
"""Starts the clock at the next click, on the browser's own time of it; stops it once another answer is drawn."""

USABLE: Final = """
const isThere = {usable};
const watch = new MutationObserver(() => {
  if (!isThere()) return;
  watch.disconnect();
  requestAnimationFrame(() => { window.usableAfter = performance.now(); });
});
watch.observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Runs before anything else on a page; notes when its form is there, in ms since the navigation began."""


@dataclass(frozen=True)
class Face:
    """Name a page and how it is used.

    Args:
        path: where the form stands.
        button: what its button says.
        usable: JavaScript, a function that says whether the form can be used.
        answer: JavaScript, a function that gives something truthy and different for every answer drawn.
        open: what a visitor does once before the first input.
        give: gives the input of a number, and returns when the page has taken it.
    """

    name: str
    path: str
    button: str
    usable: str
    answer: str
    open: Callable[[Page], None]
    give: Callable[[Page, int], None]

    def load_ms(self, page: Page, url: str) -> float:
        """Go to the page; return ms from the navigation to a form that can be used."""
        page.add_init_script(USABLE.replace("{usable}", self.usable))
        page.goto(url + self.path, wait_until="commit")
        page.wait_for_function("window.usableAfter", polling=50)
        return float(page.evaluate("window.usableAfter"))

    def answer_ms(self, page: Page, number: int) -> float:
        """Give an input and press the button; return ms from the click to the painted answer."""
        self.give(page, number)
        page.evaluate(PAINTED.replace("answer()", f"({self.answer})()").replace("answer =>", "() =>", 1))
        page.get_by_role("button", name=self.button, exact=True).click()
        return float(page.evaluate("window.painted"))


def _form(button: str, entry: str) -> str:
    """Return JavaScript that says whether a form stands there: its button, enabled, and its entry."""
    return f"""() => document.querySelector({entry!r}) !== null && [...document.querySelectorAll('button')]
      .some(button => button.innerText.trim().endsWith({button!r}) && !button.disabled)"""


def podium_face(kind: str) -> Face:
    """Return Podium's page of a kind."""
    task_id, make, media_type, name = LOADS[kind]
    entry = {
        "text": "textarea",
        "image": "[data-testid^='stBidiComponent']",  # where one draws
        "audio": "[data-testid='stAudioInput']",
    }[kind]
    preview = "[data-testid='stImageCaption']" if kind == "image" else "[data-testid='stCaptionContainer']"

    def at_rest(page: Page) -> None:
        page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()

    def open_upload(page: Page) -> None:
        if kind != "text":
            page.get_by_role("radio", name="Upload").click()
            page.locator("[data-testid='stFileUploader'] input").wait_for(state="attached")

    def give(page: Page, number: int) -> None:
        given = make(number)
        if isinstance(given, str):
            page.locator("textarea").first.fill(given)
        else:
            called = f"{number}-{name}"
            file = {"name": called, "mimeType": media_type, "buffer": given}
            page.locator("[data-testid='stFileUploader'] input").set_input_files(file)
            page.locator(preview, has_text=called).wait_for()
        at_rest(page)

    return Face(
        name="Podium",
        path=f"/{kind}?task={task_id}",
        button="Run",
        usable=_form("Run", entry),
        answer="""() => { const view = document.querySelector('[class*="st-key-output_"]');
          return view && view.querySelector('.pd-best') ? view.className : ''; }""",
        open=open_upload,
        give=give,
    )


def gradio_face(kind: str) -> Face:
    """Return Gradio's own interface of a kind."""
    _, make, media_type, name = LOADS[kind]

    def give(page: Page, number: int) -> None:
        page.get_by_role("button", name="Clear", exact=True).last.click()
        expect(page.locator(".output-class")).to_have_count(0)
        given = make(number)
        if isinstance(given, str):
            page.locator("textarea").first.fill(given)
            return
        file = {"name": f"{number}-{name}", "mimeType": media_type, "buffer": given}
        page.locator("input[type=file]").first.set_input_files(file)
        taken = page.locator("[data-testid='image'] img" if kind == "image" else "audio[src]").first
        expect(taken).to_have_attribute("src", re.compile("."))

    return Face(
        name="Gradio",
        path="/",
        button="Submit",
        usable=_form("Submit", "textarea" if kind == "text" else "input[type=file]"),
        answer="() => document.querySelector('.output-class')?.textContent.trim() ?? ''",
        open=lambda _: None,
        give=give,
    )
