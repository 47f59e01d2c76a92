"""What a press of `Run` sends and draws, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MOST_MESSAGES = 40
"""Messages that an answer takes with its judge bar, about 25; the whole page takes twice as many."""


FIRST_AFTER_A_CLICK = """
window.first = null;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) { window.first ??= 'sent'; return send.call(this, data); };
addEventListener('click', () => { window.first = null; setTimeout(() => { window.first ??= 'left'; }); }, true);
"""
"""Notes which comes first after a click: that something is sent, or that the browser may draw that it was pressed."""


@pytest.mark.parametrize("path", ["/text?task=text-classification", "/image?task=image-classification"])
def test_the_server_hears_of_a_press_before_the_browser_draws_it(page: Page, path: str) -> None:
    page.add_init_script(FIRST_AFTER_A_CLICK)
    page.goto(path)
    expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
    before = page.url
    page.get_by_role("button", name="Run", exact=True).click()
    assert page.evaluate("window.first") == "sent"
    page.wait_for_url(lambda url: url != before)


def test_a_press_draws_the_answer_and_nothing_else(page: Page) -> None:
    frames: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(bytes(data))))
    page.goto("/text?task=text-classification")
    run = page.get_by_role("button", name="Run", exact=True)
    # The first may load the model and is awaited on a whole page, which the second takes apart again.
    for _ in range(3):
        frames.clear()
        before = page.url
        run.click()
        page.wait_for_url(lambda url, before=before: url != before)
        expect(page.locator(".st-key-judge")).to_be_visible()
        expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
    expect(page.locator(".st-key-footer")).to_contain_text("known already")  # so it came at once
    said = [ForwardMsg.FromString(frame) for frame in frames]
    assert len(said) <= MOST_MESSAGES
    assert "navigation" not in {message.WhichOneof("type") for message in said}
    assert all(message.delta.fragment_id for message in said if message.WhichOneof("type") == "delta")


def test_what_stands_in_code_follows_the_run(page: Page) -> None:
    page.goto("/text?task=text-classification")
    page.get_by_text("Use from code", exact=True).click()
    code = page.get_by_role("tabpanel", name="Python", exact=True).locator("code")
    expect(code).to_be_visible()
    page.get_by_label("Your text").fill("Something else entirely.")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()
    expect(code).to_contain_text("Something else entirely.")


def test_judging_again_and_again_keeps_one_judge_bar(page: Page) -> None:
    page.goto("/text?task=text-classification")
    for text in ("Good.", "Bad.", "Better."):
        before = page.url
        page.get_by_label("Your text").fill(text)
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_url(lambda url, before=before: url != before)
        expect(page.locator("[data-test-script-state='notRunning']")).to_be_visible()
        expect(page.locator(".st-key-judge")).to_have_count(1)
        page.locator(".st-key-judge").get_by_role("radio", name="Thumbs up").click()
        expect(page.locator(".st-key-judge")).to_contain_text("Kept")
    expect(page.locator(".st-key-result")).to_have_count(1)
