"""A visitor with a real browser listens: words jump the player, the one that is heard is lit, files come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from core.ui import read_along
from tests.browser.test_visitors import press_run, wait_for_answer

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'

NOTE_WHAT_IS_LIT = """words => {
    window.lit = [];
    const note = () => {
        const word = words.querySelector('.lit')?.textContent;
        if (word && word !== window.lit.at(-1)) window.lit.push(word);
    };
    new MutationObserver(note).observe(words, {subtree: true, attributes: true});
}"""
"""A word is lit for a third of a second, which somebody who only looks now and then misses on a busy machine."""


@pytest.fixture
def words(page: Page) -> Locator:
    """Return the words of the first example, transcribed."""
    page.goto("/audio?task=automatic-speech-recognition")
    press_run(page)
    wait_for_answer(page)
    return page.locator(".words span")


def place_s(page: Page) -> float:
    return float(page.locator(".along audio").evaluate("sound => sound.currentTime"))


def test_a_click_on_a_word_plays_from_it_and_lights_what_is_heard(page: Page, words: Locator) -> None:
    expect(words).to_have_text(["three", "one", "four"])
    page.locator(".words").evaluate(NOTE_WHAT_IS_LIT)
    words.nth(1).click()
    page.wait_for_function("window.lit.length > 0")
    assert place_s(page) > 0.5
    page.wait_for_function("window.lit.join(' ').endsWith('one four')")  # a moment later
    expect(page.locator(".words .lit")).to_have_count(0)


def test_words_are_reached_with_the_keyboard_alone(page: Page, words: Locator) -> None:
    words.first.focus()
    page.keyboard.press("ArrowRight")
    expect(words.nth(1)).to_be_focused()
    expect(page.locator(".words span[tabindex='0']")).to_have_text(["one"])
    page.keyboard.press("Enter")
    expect(words.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("End")
    expect(words.nth(2)).to_be_focused()


def test_the_words_still_jump_after_a_judgement(page: Page, words: Locator) -> None:
    page.locator(".st-key-judge").get_by_role("radio", name="Thumbs up").click()
    expect(page.locator(".st-key-judge")).to_contain_text("Kept")
    words.nth(2).click()
    expect(words.nth(2)).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize(
    ("word", "name", "begins"),
    [
        ("Text", "podium-transcript.txt", "three one four"),
        ("SRT", "podium-transcript.srt", "1\n00:00:0"),
        ("VTT", "podium-transcript.vtt", "WEBVTT\n\n00:00:0"),
        ("JSON", "podium-transcript.json", "{"),
    ],
)
def test_a_transcript_comes_along_in_every_form(
    word: str, name: str, begins: str, page: Page, words: Locator, tmp_path: Path
) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name=word, exact=True).click()
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    assert (tmp_path / name).read_text().startswith(begins)


def test_what_was_said_is_never_markup(page: Page) -> None:
    page.goto("/api/health")
    data: dict[str, Any] = {"url": "/none.wav", "pieces": [{"text": HOSTILE, "start": 0, "end": 1, "title": HOSTILE}]}
    page.evaluate(
        """async ([html, script, data]) => {
            document.body.innerHTML = html;
            const module = await import(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
            module.default({ parentElement: document.body, data });
        }""",
        [read_along._part(".html"), read_along._part(".js"), data],
    )
    expect(page.locator(".words span")).to_have_text([HOSTILE])
    assert page.locator(".words img, .words script").count() == 0
    expect(page.locator(".lost")).to_be_visible()  # a sound that is not there says so
    assert page.evaluate("window.__xss") is None
