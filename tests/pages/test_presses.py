"""A press is answered whatever else a browser says meanwhile, once; and who leaves a run is not held back by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import ModuleType
from urllib.parse import parse_qs

import pytest
from streamlit import config
from streamlit.runtime.app_session import AppSession

from core.job import Job
from core.runtime import Runtime
from core.settings import ROOT
from core.ui import judge, result, site, task_page
from core.ui.presses import keep_presses
from tests.conftest import CHAT
from tests.pages.messages import WAIT_S, Messenger, Server

TASK = "text-classification"


class Gate:
    """Hold every script that comes to one function until it is opened."""

    def __init__(self, patch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        held = getattr(module, name)

        def hold(*args: object, **options: object) -> object:
            self.reached.set()
            assert self.opened.wait(WAIT_S)
            return held(*args, **options)

        patch.setattr(module, name, hold)

    def open(self) -> None:
        self.opened.set()


@pytest.fixture(params=[True, False], ids=["ended at once", "ended when it draws"])
def server(
    request: pytest.FixtureRequest, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    assert site.runtime() is session_runtime
    monkeypatch.setattr(AppSession, "request_rerun", AppSession.request_rerun)  # it is put back afterwards
    before = config.get_option("runner.fastReruns")
    config.set_option("runner.fastReruns", request.param)
    keep_presses()
    served = Server(ROOT / "Home.py")
    yield served
    served.close()
    config.set_option("runner.fastReruns", before)


@pytest.fixture
def begun(session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the jobs that are begun from now on."""
    jobs: list[Job] = []
    start = session_runtime.showcase.start

    def started(*args: object, **options: object) -> Job:
        jobs.append(start(*args, **options))
        return jobs[-1]

    monkeypatch.setattr(session_runtime.showcase, "start", started)
    return jobs


@pytest.fixture
def visitor(server: Server) -> Messenger:
    return Messenger(server, "text", f"task={TASK}")


def is_answered(visitor: Messenger, begun: list[Job]) -> bool:
    """Return whether the press was answered once, and the answer is on the page and in the address."""
    visitor.rests()
    (job,) = begun
    judged = next((key for key in reversed(visitor.drawn) if key.startswith("thumbs_")), "")
    if judged != f"thumbs_{job.run_id}":
        return False
    return visitor.shown == "result" and parse_qs(visitor.address).get("run") == [job.run_id]


def ask_for_the_page(visitor: Messenger) -> None:
    """Say what any widget outside says, with the address that the browser had before the press."""
    visitor.says(visitor.asks())


def test_a_press_that_waits_for_the_page_outlives_that_the_page_is_asked_for(
    visitor: Messenger, begun: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, task_page, "page_header")
    ask_for_the_page(visitor)
    assert gate.reached.wait(WAIT_S)
    visitor.says(visitor.asks("run"))
    ask_for_the_page(visitor)
    gate.open()
    assert is_answered(visitor, begun)


def test_a_press_that_is_being_read_outlives_that_the_page_is_asked_for(
    visitor: Messenger, begun: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, task_page, "_read")
    visitor.says(visitor.asks("run"))
    assert gate.reached.wait(WAIT_S)
    ask_for_the_page(visitor)
    gate.open()
    assert is_answered(visitor, begun)


def test_a_press_that_has_not_begun_outlives_that_the_page_is_asked_for_twice(
    visitor: Messenger, begun: list[Job]
) -> None:
    visitor.says(visitor.asks("run"), visitor.asks(), visitor.asks())
    assert is_answered(visitor, begun)


def test_an_answer_stays_though_the_browser_did_not_know_its_address(visitor: Messenger, begun: list[Job]) -> None:
    visitor.says(visitor.asks("run"))
    visitor.rests()
    ask_for_the_page(visitor)
    assert is_answered(visitor, begun)


def test_an_awaited_answer_comes_though_the_browser_did_not_know_its_address(
    visitor: Messenger, begun: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, result, "_wait")
    monkeypatch.setattr(Job, "answers_within", lambda *_: gate.opened.is_set())
    visitor.says(visitor.asks("run"))
    assert gate.reached.wait(WAIT_S)
    gate.reached.clear()
    ask_for_the_page(visitor)
    gate.open()
    assert is_answered(visitor, begun)


def test_the_newer_of_two_answers_stays(visitor: Messenger, begun: list[Job]) -> None:
    visitor.says(visitor.asks("run"))
    visitor.rests()
    older = visitor.address
    visitor.says(visitor.asks("run", **{f"{TASK}__text": "Something else."}))
    visitor.rests()
    del begun[0]
    visitor.query = older  # of two new addresses the browser knew the first when it spoke
    ask_for_the_page(visitor)
    assert is_answered(visitor, begun)


def test_a_message_of_a_conversation_is_answered_once(
    server: Server, session_runtime: Runtime, begun: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = session_runtime.showcase.catalog.models("text-generation")
    model_id = next(card.model_id for card in cards if CHAT in card.model_id)
    visitor = Messenger(server, "text", f"task=text-generation&model={model_id}&text-generation.max_new_tokens=4")
    assert "openings" in visitor.drawn
    gate = Gate(monkeypatch, task_page, "read_parameters")
    visitor.says(visitor.asks(**{"text-generation__message": "Hello there."}))
    assert gate.reached.wait(WAIT_S)
    ask_for_the_page(visitor)
    gate.open()
    assert is_answered(visitor, begun)


def test_a_judgement_is_saved_and_undone_though_the_page_is_asked_for(
    visitor: Messenger, begun: list[Job], session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.says(visitor.asks("run"))
    visitor.rests()
    visitor.query = visitor.address
    (job,) = begun
    run = job.result()
    store = session_runtime.showcase.store
    judging = session_runtime.judging
    judging.judge(run, judge=job.request.client, rating=1.0)
    ask_for_the_page(visitor)
    visitor.rests()
    for key, count in ((f"save_{job.run_id}", 2), ("undo", 3)):
        with monkeypatch.context() as patch:
            gate = Gate(patch, judge, "runtime")
            ask_for_the_page(visitor)
            assert gate.reached.wait(WAIT_S)
            visitor.says(visitor.asks(key), visitor.asks())
            gate.open()
            visitor.rests()
        assert len(store.history(job.run_id)) == count


def test_a_press_that_was_refused_is_not_repeated(visitor: Messenger, begun: list[Job]) -> None:
    visitor.says(visitor.asks("run", **{f"{TASK}__text": ""}))
    visitor.rests()
    visitor.says(visitor.asks(**{f"{TASK}__text": "Something else."}))
    visitor.rests()
    assert (visitor.shown, begun) == ("no_result", [])


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
def test_who_goes_back_leaves_the_run(known: bool, visitor: Messenger) -> None:
    before = visitor.query
    visitor.says(visitor.asks("run"))
    visitor.rests()
    if known:
        visitor.query = visitor.address
        ask_for_the_page(visitor)
        visitor.rests()
        assert visitor.shown == "result"
    visitor.query = before
    visitor.says(visitor.asks(history=True))
    visitor.rests()
    assert visitor.shown == "no_result"


def test_an_address_without_a_run_that_comes_after_one_with_it_leaves_the_run(visitor: Messenger) -> None:
    before = visitor.query
    visitor.says(visitor.asks("run"))
    visitor.rests()
    for query in (visitor.address, before):
        visitor.query = query
        ask_for_the_page(visitor)
        visitor.rests()
    assert visitor.shown == "no_result"


def test_who_takes_an_example_leaves_the_run_and_the_press(visitor: Messenger, begun: list[Job]) -> None:
    visitor.says(visitor.asks("run"))
    visitor.rests()
    visitor.says(visitor.asks(f"{TASK}.example_1"))
    visitor.rests()
    assert (visitor.shown, "run=" in visitor.address) == ("no_result", False)
    assert len(begun) == 1


def test_who_comes_back_from_another_page_finds_an_empty_stage(visitor: Messenger) -> None:
    here = visitor.page_script_hash
    visitor.says(visitor.asks("run"))
    visitor.rests()
    visitor.page_script_hash = visitor.pages["models"]
    ask_for_the_page(visitor)
    visitor.rests()
    visitor.page_script_hash = here
    ask_for_the_page(visitor)
    visitor.rests()
    assert visitor.shown == "no_result"
