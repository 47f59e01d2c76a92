"""A visitor with a real browser: types, uploads, draws, speaks, judges, reloads, comes back from a phone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.site import Site, served
from core.settings import ROOT
from core.tasks import TASKS
from core.tasks.spec import Task

pytestmark = pytest.mark.browser

STARTERS = ROOT / "models" / "starters"
SCENE = STARTERS / "shapes-detection" / "examples" / "shapes-apart.png"


def press_run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()


def wait_for_answer(page: Page) -> None:
    expect(page.locator(".st-key-judge")).to_be_visible(timeout=90_000)
    expect(page.locator(".st-key-result")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert page.locator(".st-key-problem").count() == 0


def type_text(page: Page, text: str) -> None:
    page.get_by_label("Your text").fill(text)


def test_a_deep_link_right_after_the_start_is_framed(tmp_path: Path, browser: Browser) -> None:
    with served(tmp_path) as fresh:
        page = browser.new_page()
        page.goto(f"{fresh.url}/text?task=token-classification")
        expect(page.get_by_role("heading", name="Token classification")).to_be_visible(timeout=90_000)
        expect(page.get_by_role("link", name="Feedback")).to_be_visible()
        expect(page).to_have_title(re.compile("Podium"))


def test_home_leads_to_an_answer_in_two_clicks(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Text classification").click()
    press_run(page)
    wait_for_answer(page)
    expect(page.locator(".st-key-result")).to_contain_text("positive")


@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS])
def test_every_task_answers_its_example_on_a_phone_with_nothing_cut_off(
    task: Task, browser: Browser, site: Site
) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, base_url=site.url, has_touch=True)
    page = phone.new_page()
    page.goto(f"/{task.modality}?task={task.id}")
    press_run(page)
    wait_for_answer(page)
    expect(page.locator(".st-key-result")).to_be_in_viewport()
    width = page.evaluate("document.scrollingElement.scrollWidth")
    main = page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth")
    phone.close()
    assert width <= 390
    assert main <= 0


def test_a_typed_text_runs_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/text?task=text-classification")
    type_text(page, "What a dreadful waste of an evening.")
    page.keyboard.press("Control+Enter")
    wait_for_answer(page)
    expect(page.locator(".st-key-result")).to_contain_text("negative")


def test_a_judgement_survives_a_reload_and_is_seen_on_a_phone(page: Page, browser: Browser, site: Site) -> None:
    page.goto("/text?task=text-classification")
    type_text(page, "Judged, reloaded, found again.")
    press_run(page)
    wait_for_answer(page)
    page.locator(".st-key-judge").get_by_role("radio", name="Thumbs up").click()
    expect(page.locator(".st-key-judge")).to_contain_text("Kept")
    assert "run=" in page.url
    page.reload()
    wait_for_answer(page)
    expect(page.locator(".st-key-judge")).to_contain_text("Kept")
    expect(page.get_by_label("Your text")).to_have_value("Judged, reloaded, found again.")

    phone = browser.new_context(viewport={"width": 390, "height": 844})
    elsewhere = phone.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.locator(".st-key-result")).to_be_visible(timeout=90_000)
    expect(elsewhere.get_by_label("Your text")).to_have_value("Judged, reloaded, found again.")
    phone.close()

    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".st-key-judge")).not_to_contain_text("Kept")


def test_parameters_and_task_are_in_the_url_and_survive_a_reload(page: Page) -> None:
    page.goto("/image?task=object-detection&object-detection.threshold=0.9")
    expect(page.get_by_role("heading", name="Object detection")).to_be_visible()
    page.get_by_text("Parameters", exact=True).click()
    expect(page.get_by_role("slider")).to_have_value("0.9")
    page.reload()
    page.get_by_text("Parameters", exact=True).click()
    expect(page.get_by_role("slider")).to_have_value("0.9")


def test_an_uploaded_picture_is_shown_and_answered(page: Page) -> None:
    page.goto("/image?task=object-detection")
    page.locator("input[type=file]").set_input_files(SCENE)
    expect(page.get_by_text("shapes-apart.png").last).to_be_visible()
    press_run(page)
    wait_for_answer(page)
    expect(page.locator(".st-key-result table")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "empty"),
        ("notes.png", b"just some text, no picture", "picture"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.__xss=1'/>", "SVG"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_the_page_goes_on(name: str, content: bytes, words: str, page: Page) -> None:
    page.goto("/image?task=object-detection")
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
    expect(page.locator(".st-key-problem")).to_contain_text(re.compile(words, re.IGNORECASE))
    assert "Traceback" not in page.content()
    page.set_viewport_size({"width": 390, "height": 400})
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(page.locator(".st-key-problem")).to_be_focused()
    expect(page.locator(".st-key-problem")).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    page.get_by_role("button", name="Shapes apart").click()
    press_run(page)
    wait_for_answer(page)
    assert page.evaluate("window.__xss") is None


def test_a_digit_drawn_with_the_mouse_is_read(page: Page) -> None:
    page.goto("/image?task=image-classification")
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    x, y, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, y + 0.2 * height)
    page.mouse.down()
    page.mouse.move(x, y + 0.8 * height, steps=12)
    page.mouse.up()
    page.wait_for_timeout(600)  # the canvas sends its picture a moment after the last stroke
    press_run(page)
    wait_for_answer(page)
    expect(page.locator(".st-key-result")).to_contain_text("1")
    run_id = re.search(r"run=([0-9a-f]{32})", page.url)
    assert run_id is not None


def test_a_voice_is_recorded_and_transcribed(page: Page) -> None:
    page.goto("/audio?task=automatic-speech-recognition")
    page.get_by_role("button", name="Record").click()
    page.wait_for_timeout(3500)  # the fake microphone plays the recording in real time
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("audio.wav").or_(page.get_by_text(".wav")).first).to_be_visible(timeout=15_000)
    press_run(page)
    wait_for_answer(page)
    expect(page.locator(".st-key-result")).to_contain_text(re.compile("three|one|four"))


def test_generated_text_streams_and_can_be_stopped(page: Page) -> None:
    page.goto("/text?task=text-generation&text-generation.max_new_tokens=1000")
    press_run(page)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible(timeout=90_000)
    expect(page.locator(".st-key-waiting")).to_contain_text(re.compile(r"\w{3,}"))
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_answer(page)
    expect(page.get_by_text("Stopped here")).to_be_visible()


def test_two_visitors_at_once_see_their_own_work(context: BrowserContext, browser: Browser, site: Site) -> None:
    other_context = browser.new_context(base_url=site.url)
    one, other = context.new_page(), other_context.new_page()
    for page, text in ((one, "A wonderful delight."), (other, "A dreadful bore.")):
        page.goto("/text?task=text-classification")
        type_text(page, text)
    press_run(one)
    press_run(other)
    wait_for_answer(one)
    wait_for_answer(other)
    expect(one.locator(".st-key-result")).to_contain_text("positive")
    expect(other.locator(".st-key-result")).to_contain_text("negative")
    expect(one.get_by_label("Your text")).to_have_value("A wonderful delight.")
    other_context.close()


HOSTILE = '<img src=x onerror="window.__xss=1"><svg onload=window.__xss=1></svg> [a](javascript:window.__xss=1)'


@pytest.mark.parametrize("task_id", ["text-classification", "token-classification", "text-generation"])
def test_visitors_text_is_never_markup(task_id: str, page: Page) -> None:
    page.goto(f"/text?task={task_id}")
    type_text(page, HOSTILE)
    press_run(page)
    wait_for_answer(page)
    page.locator(".st-key-judge").get_by_role("radio", name="Thumbs down").click()
    page.get_by_label("Comment").fill(HOSTILE)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    page.goto("/feedback")
    expect(page.get_by_text("onerror").first).to_be_visible(timeout=20_000)
    assert page.evaluate("window.__xss") is None


def test_nothing_is_asked_of_any_other_machine(context: BrowserContext, site: Site) -> None:
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/text", "/image", "/audio", "/models", "/feedback"):
        page.goto(path)
        page.get_by_test_id("stMainBlockContainer").wait_for()
        page.wait_for_timeout(500)  # late requests would come now
    elsewhere = [url for url in asked if not url.startswith((site.url, "data:", "blob:", "ws:"))]
    assert elsewhere == []


def test_pages_and_routes_answer_on_one_port(site: Site) -> None:
    with urlopen(f"{site.url}/api/health", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
    with urlopen(f"{site.url}/api/tasks", timeout=10) as answer:
        ids = [row["id"] for row in json.load(answer)]
        assert [task_id for task_id in ids if not task_id.startswith("demo-")] == [task.id for task in TASKS]


def test_the_export_downloads(page: Page, tmp_path: Path) -> None:
    page.goto("/text?task=text-classification")
    press_run(page)
    wait_for_answer(page)
    page.locator(".st-key-judge").get_by_role("radio", name="Thumbs up").click()
    expect(page.locator(".st-key-judge")).to_contain_text("Kept")
    page.goto("/feedback")
    for kind in ("JSONL", "CSV", "Parquet"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        target = tmp_path / kind
        download.value.save_as(target)
        assert target.stat().st_size > 100
