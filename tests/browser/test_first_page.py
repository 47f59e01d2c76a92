"""A browser that was never here: what its first page waits for, and what it does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.site import Site
from core.tasks import get_task
from core.ui.drawn_first import elements_of
from core.ui.state import XSRF_COOKIE, unmasked
from tests.browser.drawn import is_drawn, script_held

pytestmark = pytest.mark.browser

FRAME = "<iframe src='{}' style='width:1200px;height:800px'></iframe>"


def test_the_page_connects_without_asking_first(page: Page) -> None:
    # Streamlit connects at once where the page says what it would ask; else it waits for both answers.
    asked: list[str] = []
    page.route("**/_stcore/{health,host-config}", lambda route: asked.append(route.request.url))  # never answered
    page.goto("/text")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    assert asked  # so these are still what it asks


def test_in_a_frame_the_site_around_it_may_still_answer(page: Page, site: Site) -> None:
    page.set_content(FRAME.format(f"{site.url}/text"))
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    inside = page.frames[1]
    assert inside.evaluate("'BACKEND_BASE_URL' in window.__streamlit && !('HOST_CONFIG' in window.__streamlit)")


def test_the_first_page_brings_the_cookie_by_which_a_visitor_is_known_again(page: Page, site: Site) -> None:
    answer = page.request.get(f"{site.url}/text", headers={"Accept": "text/html"})
    first = answer.headers["set-cookie"].split(";")[0].partition("=")
    assert first[0] == XSRF_COOKIE
    page.goto("/text")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert unmasked(kept[XSRF_COOKIE]) == unmasked(first[2])


MOST_SCRIPTS = 40
"""Scripts that a task's page fetches, 33; Streamlit's own page fetches 97."""

BEFORE_ANYTHING_IS_DRAWN = 60
"""Scripts that Streamlit's own page has fetched by then at least, 69; those of its elements come as they are drawn."""

SAVES_DATA = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
"""A browser whose owner pays for what it fetches: nothing is fetched that is not drawn."""

FORBIDDEN = "Object.defineProperty(self, 'podiumTakesData', { value: 0 })"
"""What the page finds where a policy allows no script of a `data:` address, as a proxy may have it."""


def scripts_fetched(page: Page) -> list[str]:
    """Open a task's page and return the names of the scripts that came over the network."""
    page.goto("/text?task=text-classification")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    fetched: list[str] = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    return [name.rpartition("/")[2] for name in fetched if name.endswith(".js")]


def test_most_scripts_come_in_one_file(page: Page) -> None:
    page.add_init_script(SAVES_DATA)
    fetched = scripts_fetched(page)
    assert any(name.startswith("podium-scripts.") for name in fetched)
    assert len(fetched) <= MOST_SCRIPTS
    assert len(fetched) == len(set(fetched))


@pytest.mark.parametrize(("browser_says", "taken"), [("", True), (SAVES_DATA, False)])
def test_what_other_pages_draw_is_fetched_once_this_one_is_drawn_unless_data_are_saved(
    page: Page, browser_says: str, taken: bool
) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.rpartition("/")[2].partition(".")[0]))
    page.add_init_script(browser_says)
    page.clock.install()
    page.goto("/text?task=text-classification")
    is_drawn(page)
    held = set(page.evaluate("Object.keys(podiumElements).map(one => one.split('.')[0])"))
    assert held == set(elements_of(get_task("text-classification")))
    page.clock.fast_forward(10_000)
    page.evaluate("fetch('_stcore/health')")  # after what was fetched before it
    assert ("Multiselect" in fetched) is taken


def test_where_a_policy_forbids_it_each_is_fetched_and_the_page_works(page: Page) -> None:
    page.add_init_script(FORBIDDEN)
    assert len(scripts_fetched(page)) > BEFORE_ANYTHING_IS_DRAWN
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()


def frames_sent(page: Page) -> list[list[bytes]]:
    """Collect what the page sends over each of its connections, from now on."""
    sent: list[list[bytes]] = []

    def connected(socket: WebSocket) -> None:
        frames: list[bytes] = []
        sent.append(frames)
        socket.on("framesent", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", connected)
    return sent


ELSEWHERE: list[dict[str, str]] = [
    {},
    {"timezone_id": "Asia/Kolkata", "locale": "de-DE", "color_scheme": "dark"},  # an offset below zero
    {"timezone_id": "America/New_York", "locale": "ja-JP"},
]


@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("path", ["/", "/text?task=text-classification&title=%C3%BCber+a%20b", "/models"])
def test_a_page_is_asked_for_once_whoever_the_visitor_is(
    browser: Browser, site: Site, path: str, where: dict[str, str]
) -> None:
    context = browser.new_context(base_url=site.url, **where)  # type: ignore[arg-type]
    page = context.new_page()
    sent = frames_sent(page)
    page.goto(path)
    is_drawn(page)
    context.close()
    (frames,) = sent
    said = [BackMsg.FromString(frame).rerun_script for frame in frames]
    (asked,) = [one for one in said if not one.fragment_id]  # a part of Models is asked for every few seconds
    assert asked.page_name == path.partition("?")[0].strip("/")
    assert asked.query_string == path.partition("?")[2]


def test_a_page_is_asked_for_while_streamlits_scripts_are_on_their_way(page: Page) -> None:
    held = script_held(page)
    heard: list[bytes | str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
    page.goto("/text?task=text-classification", wait_until="commit")
    while not heard:
        page.wait_for_timeout(20)
    assert page.locator("h1").count() == 0
    held[0].continue_()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def test_the_theme_that_a_visitor_chose_is_asked_for_at_once(page: Page) -> None:
    page.add_init_script("localStorage.setItem('stActiveTheme-/models-v2', '\"Dark\"')")
    sent = frames_sent(page)
    page.goto("/models")
    is_drawn(page)
    assert [BackMsg.FromString(frame).rerun_script.context_info.color_scheme for frame in sent[0]] == ["dark"]


OF_TWO_MINDS = """let asked = 0;
Object.defineProperty(navigator, "language", { get: () => (asked++ ? "fr-FR" : "en-GB") });"""
"""A browser that names another language when it is asked again."""


def test_what_was_not_foreseen_of_a_visitor_is_asked_for_again(page: Page) -> None:
    page.add_init_script(OF_TWO_MINDS)
    sent = frames_sent(page)
    page.goto("/models")
    is_drawn(page)
    assert len({BackMsg.FromString(frame).rerun_script.context_info.locale for frame in sent[0]}) == 2


REFUSED = """const Native = WebSocket;
self.opened = 0;
self.WebSocket = class extends Native {
  constructor(...given) { super(...given); if (!self.opened++) this.close(); }
};"""


def test_a_connection_that_is_lost_before_streamlits_scripts_are_there_is_made_again(page: Page) -> None:
    page.add_init_script(REFUSED)
    page.goto("/text?task=text-classification")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    assert page.evaluate("self.opened") == 2
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()


FORM_ALONE = """self.alone = null;
new MutationObserver(() => {
  const says = (selector, words) => [...document.querySelectorAll(selector)].some(one => one.innerText.includes(words));
  if (self.alone === null && says("button", "Run")) self.alone = !says("summary", "Use from code");
}).observe(document, { subtree: true, childList: true });"""
"""Notes whether `Run` is drawn before what stands below it."""


def drawn_from_what_has_come(page: Page) -> None:
    """Open a page of texts whose messages have all come before Streamlit's scripts take them."""
    held, ended = script_held(page), []

    def heard(frame: bytes | str) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            ended.append(frame)

    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    page.goto("/text?task=text-classification", wait_until="commit")
    while not (held and ended):
        page.wait_for_timeout(20)
    held[0].continue_()
    is_drawn(page)
    expect(page.get_by_text("Use from code", exact=True)).to_be_visible()


def test_the_form_is_drawn_before_the_rest(page: Page) -> None:
    page.add_init_script(FORM_ALONE)
    drawn_from_what_has_come(page)
    assert page.evaluate("self.alone") is True


def test_where_nobody_looks_all_is_drawn_at_once(page: Page) -> None:
    page.add_init_script(FORM_ALONE)
    page.add_init_script("Object.defineProperty(document, 'hidden', { value: true })")
    drawn_from_what_has_come(page)
    assert page.evaluate("self.alone") is False


def test_the_rest_waits_for_no_frame_that_does_not_come(page: Page) -> None:
    page.add_init_script(FORM_ALONE)
    page.add_init_script("self.requestAnimationFrame = () => 0")
    drawn_from_what_has_come(page)
    assert page.evaluate("self.alone") is True


def test_no_font_is_fetched_that_is_not_drawn(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.rpartition("/")[2]))
    page.goto("/text?task=text-classification")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    fonts = [name for name in fetched if name.endswith(".woff2")]
    assert {name.partition(".")[0] for name in fonts} == {
        "bricolage-grotesque-latin-opsz-normal",
        "podium-icons",
    }


def test_what_streamlit_says_to_a_site_around_it_is_not_heard_where_there_is_none(page: Page) -> None:
    page.add_init_script(
        "self.said = 0; const say = postMessage; self.postMessage = (...what) => { said++; return say(...what); };"
    )
    page.goto("/text?task=text-classification")
    is_drawn(page)
    watch = (
        "() => { self.URLPattern = class extends URLPattern { constructor(...of) { super(...of); self.made = 1; } }; }"
    )
    page.evaluate(watch)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()
    assert page.evaluate("[said > 0, self.made]") == [True, None]
