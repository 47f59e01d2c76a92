"""The one thread that owns a model: it alone touches the pipe, gathers while it runs, and leaves nobody hanging."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from core.engine import Engine, Event, Finished, Loading, Partial, Running, Ticket, Waiting
from core.engine import worker as worker_module
from core.errors import Busy, Cancelled, DeadlineExceeded, RunFailed
from core.tasks.spec import Task
from core.values import Text
from tests.engine.fakes import ECHO, PATIENCE_S, Clock, FakeLoader, Pipe, Suffix, key, make_task, text

Start = Callable[..., Engine]


def ask(engine: Engine, value: str, client: str = "a", task: Task = ECHO, **changes: object) -> Ticket:
    return engine.submit(task, key(), text(value), Suffix(), client=client, **changes)  # type: ignore[arg-type]


def test_requests_gather_while_one_runs(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    assert loader.pipe().next_batch() == ["one"]  # it ran at once, alone
    rest = [ask(engine, value) for value in ("two", "six", "ten")]
    loader.pipe().let_go()
    assert loader.pipe().next_batch() == ["two", "six", "ten"]
    loader.pipe().let_go()
    assert [ticket.result().output.text for ticket in rest] == ["two", "six", "ten"]
    assert [first.result().batch_size, rest[0].result().batch_size] == [1, 3]


def test_one_thread_alone_touches_a_pipe(start: Start):
    loader = FakeLoader()
    engine = start(loader)
    tickets = [ask(engine, f"{n}", client=f"{n % 3}", task=make_task(batches=n % 2 == 0)) for n in range(40)]
    for ticket in tickets:
        ticket.result()
    other = engine.submit(ECHO, key("other"), text(), Suffix())
    other.result()
    assert len(loader.pipe().threads) == len(loader.pipe("other").threads) == 1  # the loading one included
    assert loader.pipe().threads.isdisjoint(loader.pipe("other").threads | {threading.get_ident()})


def test_a_hundred_of_one_client_delay_another_by_one_batch(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader, queue_limit=200)
    crowd = [ask(engine, "x" * 100, client="crowd") for _ in range(100)]
    pipe = loader.pipe()
    pipe.next_batch()
    alone = ask(engine, "y" * 1000, client="alone")  # too long to share a run with the crowd
    assert alone.state() == Waiting(0, len([ticket for ticket in crowd if ticket.state() != Running()]) + 1)
    pipe.let_go()
    assert pipe.next_batch() == ["y" * 1000]


def test_everybody_sees_the_load(start: Start):
    loader = FakeLoader()
    loader.load_gates["m"] = threading.Event()
    shown = [threading.Event() for _ in range(3)]
    engine = start(loader)

    def tell(key: object, progress: Callable[[int, int | None], None]) -> None:
        progress(7, 9)

    loader.on_load = tell
    seen: list[list[Event]] = [[], [], []]

    def watch(number: int) -> None:
        def on_event(event: Event) -> None:
            seen[number].append(event)
            if event == Loading(7, 9):
                shown[number].set()

        ask(engine, "one").watch(on_event)

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    assert all(event.wait(PATIENCE_S) for event in shown)
    status = engine.info(key())
    assert status is not None
    assert (status.state, status.bytes_done, status.bytes_total) == ("loading", 7, 9)
    loader.load_gates["m"].set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert all(events[-1] == Finished() for events in seen)
    assert loader.diary == [("load", "m")]


def test_a_full_line_is_refused_at_once_with_a_time(start: Start):
    clock, loader = Clock(), FakeLoader(held=True)
    engine = start(loader, queue_limit=2, clock=clock)
    running = ask(engine, "one")
    loader.pipe().next_batch()
    clock.now_s += 11
    loader.pipe().let_go()
    running.result()  # 11 s for one: 3 s a request, as 1 s was the guess
    for value in ("one", "two", "six"):
        ask(engine, value)
        if value == "one":
            loader.pipe().next_batch()
    with pytest.raises(Busy, match="2 requests already wait") as caught:
        ask(engine, "ten", client="somebody else")
    assert caught.value.retry_after_s == pytest.approx(9)
    assert "9 s" in caught.value.hint


def test_cancelled_in_the_line_it_never_runs(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    loader.pipe().next_batch()
    second, third = ask(engine, "two"), ask(engine, "six")
    assert third.state() == Waiting(1, 2)
    second.cancel()
    assert third.state() == Waiting(0, 1)
    loader.pipe().open()
    assert third.result().output == text("six")
    assert loader.pipe().batches == [["one"], ["six"]]
    first.result()
    with pytest.raises(Cancelled):
        second.result()


def test_cancelled_while_it_runs_its_answer_is_dropped(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    ticket = ask(engine, "one")
    loader.pipe().next_batch()
    ticket.cancel()
    with pytest.raises(Cancelled):
        ticket.result()
    with pytest.raises(Busy):
        engine.unload(key())  # the pipe still runs: it may not go
    loader.pipe().open()
    assert ask(engine, "two").result().output == text("two")


@pytest.mark.parametrize("where", ["waiting", "running"])
def test_the_deadline_holds_though_the_worker_is_busy(start: Start, where: str):
    loader = FakeLoader(held=True)
    engine = start(loader)
    blocker = ask(engine, "one", deadline_s=0.05 if where == "running" else 120)
    loader.pipe().next_batch()
    late = blocker if where == "running" else ask(engine, "two", deadline_s=0.05)
    ended = threading.Event()
    late.add_done_callback(lambda ticket: ended.set())
    assert ended.wait(PATIENCE_S)  # though nobody waits on the ticket
    with pytest.raises(DeadlineExceeded):
        late.result()
    assert len(loader.pipe().batches) == 1


def test_what_became_overdue_unnoticed_does_not_run(start: Start):
    clock, loader = Clock(), FakeLoader(held=True)
    engine = start(loader, clock=clock)
    ask(engine, "one", deadline_s=10)
    loader.pipe().next_batch()
    late = ask(engine, "two", deadline_s=10)  # not earlier than the first: the keeper of deadlines sleeps on
    clock.now_s += 11
    in_time = ask(engine, "six")
    loader.pipe().open()
    assert in_time.result().output == text("six")
    with pytest.raises(DeadlineExceeded):
        late.result()
    assert loader.pipe().batches == [["one"], ["six"]]


def streaming(pipe: Pipe, inputs: Text, parameters: Suffix, emit: Callable[[Text], None], stopped: Callable[[], bool]):
    """Emit one letter more at each permit, until there is no more or nobody wants more."""
    said = ""
    for letter in inputs.text:
        if stopped():
            break
        said += letter
        emit(text(said))
        pipe.enter([said])
    return text(said)


STREAM = make_task(stream=streaming)


def test_a_stream_shows_what_it_has_and_runs_alone(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    ticket = ask(engine, "abc", task=STREAM, streaming=True)
    company = ask(engine, "xyz", task=STREAM)
    seen: list[Event] = []

    def on_event(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Partial):
            loader.pipe().let_go()

    answer = ticket.watch(on_event)
    assert (answer.output, answer.stopped, answer.batch_size) == (text("abc"), False, 1)
    assert [event.value.text for event in seen if isinstance(event, Partial)] == ["a", "ab", "abc"]
    loader.pipe().open()
    assert company.result().output == text("xyz")


@pytest.mark.parametrize("how", ["stop", "cancel", "deadline"])
def test_a_stream_ends_when_nobody_wants_more(start: Start, how: str):
    clock, loader = Clock(), FakeLoader(held=True)
    engine = start(loader, clock=clock)
    ticket = ask(engine, "abcdef", task=STREAM, streaming=True)
    pipe = loader.pipe()
    pipe.next_batch()
    pipe.let_go()
    assert pipe.next_batch() == ["ab"]
    if how == "deadline":
        clock.now_s += 1000
    else:
        getattr(ticket, how)()
    pipe.open()
    if how == "stop":
        assert (ticket.result().output, ticket.result().stopped) == (text("ab"), True)
    else:
        with pytest.raises(Cancelled if how == "cancel" else DeadlineExceeded):
            ticket.result()
    clock.now_s = 1000
    ask(engine, "next").result()
    assert pipe.batches == [["a"], ["ab"], ["next"]]


def test_a_stream_that_fails_is_told(start: Start, caplog: pytest.LogCaptureFixture):
    def broken(pipe: Pipe, inputs: Text, parameters: Suffix, emit: object, stopped: object) -> Text:
        raise ValueError("secret detail")

    engine = start(FakeLoader())
    with pytest.raises(RunFailed):
        ask(engine, "one", task=make_task(stream=broken), streaming=True).result()
    assert "secret detail" in caplog.text


def test_an_idle_model_gives_back_what_its_runs_left_and_only_once(start: Start, monkeypatch: pytest.MonkeyPatch):
    trimmed = threading.Semaphore(0)
    monkeypatch.setattr(worker_module, "IDLE_AFTER_S", 0.0)
    monkeypatch.setattr(worker_module, "trim_memory", trimmed.release)
    engine = start(FakeLoader())
    for _ in range(3):
        assert ask(engine, "one").result().output.text == "one"
        assert trimmed.acquire(timeout=PATIENCE_S)
    assert not trimmed.acquire(blocking=False)
