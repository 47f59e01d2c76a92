"""Who asks while others are answered, and joins them: what each is told, and what becomes of all if one goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.engine import Answer, Engine, Event, Partial, Running, Ticket, ending
from core.engine.batcher import READ_FOR_WRITING, WRITTEN_AT_ONCE, Line
from core.errors import BadInput, Busy, RunFailed
from core.tasks.spec import BATCH_BUDGETS, Task, Tokens
from core.values import Text
from tests.engine.fakes import Clock, FakeLoader, Pipe, Suffix, key, text
from tests.engine.spelling import SPELLING

Start = Callable[..., Engine]


def ask(engine: Engine, value: str, *, suffix: str = "", task: Task = SPELLING, **changes: Any) -> Ticket:
    return engine.submit(task, key(), text(value), Suffix(suffix=suffix), **changes)


def begun(start: Start, value: str, **changes: Any) -> tuple[Engine, Pipe, Ticket]:
    """Return an engine that has written the first letter of a text, the pipe to let it go on, and the text's ticket."""
    loader = FakeLoader(held=True)
    engine = start(loader)
    ticket = ask(engine, value, **changes)
    assert loader.pipe().next_batch() == [value[0]]
    return engine, loader.pipe(), ticket


def said(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.result().output.text for ticket in tickets]


def test_who_comes_while_another_is_answered_joins_and_is_answered_first(start: Start) -> None:
    loader, clock = FakeLoader(held=True), Clock()
    engine = start(loader, clock=clock)
    long = ask(engine, "abcd")
    pipe = loader.pipe()
    assert pipe.next_batch() == ["a"]
    clock.now_s += 10
    short = ask(engine, "xy")
    clock.now_s += 2
    pipe.let_go()
    assert pipe.next_batch() == ["ab", "x"]
    assert short.state() == Running()
    clock.now_s += 3
    pipe.let_go()
    assert pipe.next_batch() == ["abc", "xy"]
    pipe.let_go()
    answer = short.result()
    assert not long.done()
    assert (answer.output, answer.queue_ms, answer.run_ms, answer.batch_size) == (text("xy"), 2000, 3000, 2)
    assert pipe.next_batch() == ["abcd"]
    pipe.open()
    assert (long.result().output, long.result().run_ms) == (text("abcd"), 15_000)
    status = engine.models()[0]
    assert (status.runs, status.in_use, status.waiting) == (2, 0, 0)


def test_who_would_be_answered_otherwise_is_next_and_nobody_joins_before(start: Start) -> None:
    engine, pipe, first = begun(start, "abc")
    rest = [ask(engine, "xy", suffix="!"), ask(engine, "uv")]
    pipe.open()
    assert said([first, *rest]) == ["abc", "xy", "uv"]
    assert pipe.batches == [["a"], ["ab"], ["abc"], ["x"], ["xy"], ["u"], ["uv"]]


def test_one_that_cannot_join_is_refused_by_itself(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    engine, pipe, first = begun(start, "abc")
    bad, good = ask(engine, "?"), ask(engine, "xy")
    pipe.open()
    with pytest.raises(BadInput, match=r"No questions\. Say something\."):
        bad.result()
    assert said([first, good]) == ["abc", "xy"]
    assert pipe.batches == [["a"], ["ab", "x"], ["abc", "xy"]]
    assert engine.models()[0].in_use == 0
    assert not caplog.records  # nothing went wrong


def test_a_run_that_fails_is_repeated_by_those_who_joined_too_and_nobody_joins_then(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    engine, pipe, first = begun(start, "ab")
    bad, good = ask(engine, "u#"), ask(engine, "xyz")
    pipe.let_go(3)
    assert [pipe.next_batch() for _ in range(3)] == [["ab", "u", "x"], ["u#", "xy"], ["u"]]
    late = ask(engine, "late")
    pipe.open()
    with pytest.raises(RunFailed):
        bad.result()
    assert said([first, good, late]) == ["ab", "xyz", "late"]
    assert pipe.batches[3:7] == [["u"], ["u#"], ["x"], ["xy"]]
    assert "secret detail" in caplog.text


def test_where_memory_is_short_for_all_who_are_left_they_are_answered_one_after_the_other(start: Start) -> None:
    engine, pipe, first = begun(start, "ab")
    joined = [ask(engine, "uvw+"), ask(engine, "xyz")]
    pipe.open()
    assert said([first, *joined]) == ["ab", "uvw+", "xyz"]
    assert pipe.batches == [
        ["a"],
        ["ab", "u", "x"],
        ["uv", "xy"],
        ["uvw", "xyz"],
        ["uvw+"],
    ]


def test_what_did_not_fit_beside_another_fits_alone(start: Start) -> None:
    engine, pipe, first = begun(start, "abcdef")
    second = ask(engine, "u+")
    pipe.open()
    assert said([first, second]) == ["abcdef", "u+"]
    assert pipe.batches[:4] == [["a"], ["ab", "u"], ["abc", "u+"], ["a"]]


def test_a_model_that_has_to_go_takes_nobody_in(start: Start) -> None:
    loader = FakeLoader(held=True)
    engine = start(loader, queue_limit=1)
    first = ask(engine, "abc")
    pipe = loader.pipe()
    assert pipe.next_batch() == ["a"]
    second = ask(engine, "xy")  # fills the line, so that nothing else in it keeps others from joining
    engine.renew(SPELLING, key())
    pipe.open()
    assert said([first]) == ["abc"]
    loader.open()
    assert said([second]) == ["xy"]
    assert pipe.batches == [["a"], ["ab"], ["abc"]]
    assert loader.pipe().batches == [["x"], ["xy"]]


@pytest.mark.parametrize("streaming", [True, False])
def test_only_who_watches_a_text_grow_can_end_it_as_it_is(streaming: bool, start: Start) -> None:
    engine, pipe, first = begun(start, "abcd")
    joined = ask(engine, "xyz", streaming=streaming)
    pipe.let_go()
    assert pipe.next_batch() == ["ab", "x"]
    joined.stop()
    pipe.open()
    seen: list[Event] = []
    answer = joined.watch(seen.append)
    assert (answer.output, answer.stopped) == ((text("x"), True) if streaming else (text("xyz"), False))
    assert any(isinstance(event, Partial) for event in seen) == streaming
    assert said([first]) == ["abcd"]


def test_who_goes_away_leaves_the_others_to_go_on(start: Start) -> None:
    engine, pipe, first = begun(start, "abcd")
    joined = ask(engine, "xyz")
    pipe.let_go()
    assert pipe.next_batch() == ["ab", "x"]
    joined.cancel()
    with pytest.raises(Busy):
        engine.unload(key())  # somebody is left
    pipe.open()
    assert said([first]) == ["abcd"]
    assert pipe.batches == [["a"], ["ab", "x"], ["abc"], ["abcd"]]
    engine.unload(key())


def waiting(*lengths: int) -> Line:
    line = Line(1000)
    for length in lengths:
        line.add(ticket_of(length))
    return line


def ticket_of(length: int, suffix: str = "") -> Ticket:
    return Ticket(
        SPELLING,
        text("x" * length),
        Suffix(suffix=suffix),
        client="a",
        deadline_s=1e9,
        streaming=False,
        clock=Clock(),
        leave=lambda _: None,
    )


def test_a_run_takes_in_no_more_than_it_may_hold() -> None:
    line = waiting(*[10] * WRITTEN_AT_ONCE)
    running = [ticket_of(10) for _ in range(3)]
    assert len(line.take_more(running)) == WRITTEN_AT_ONCE - 3
    assert len(line) == 3
    most = READ_FOR_WRITING * BATCH_BUDGETS[Text]
    assert [one.length for one in waiting(10, most // 3, 10).take_more(running[:1])] == [10, most // 3]
    assert not waiting(most // 3).take_more(running)
    line = waiting(10, 10)
    line.room.limit = 30
    assert len(line.take_more(running[:2])) == 1
    assert len(waiting(most, most).take_more(running[:1], "cpu", lambda: 2 * most)) == 1
    assert not waiting(10).take_more(running[:1], "cpu", lambda: 19)


def test_nobody_looks_for_memory_while_nobody_can_join() -> None:
    """It is asked after every token."""

    def look() -> float:
        raise AssertionError("looked")

    full = [ticket_of(10) for _ in range(WRITTEN_AT_ONCE)]
    assert not waiting(10).take_more(full, "cpu", look)
    line = waiting()
    line.add(ticket_of(10, "!"))
    assert not line.take_more(full[:1], "cpu", look)
    assert not waiting().take_more(full[:1], "cpu", look)


def test_who_ran_when_a_worker_died_neither_joins_nor_is_joined() -> None:
    alone = ticket_of(10)
    alone.alone = True
    line = waiting(10)
    assert not line.take_more([alone])
    assert len(line.take_more([ticket_of(10)])) == 1
    line.add(alone)
    assert not line.take_more([ticket_of(10)])


def test_each_answer_has_its_own_tokens_counted(start: Start) -> None:
    def count(_pipe: object, inputs: Text, _parameters: object, answer: Text) -> Tokens:
        return Tokens(inputs=len(inputs.text), answer=len(answer.text))

    task = replace(SPELLING, count_tokens=count)
    engine, pipe, first = begun(start, "abc", task=task)
    second = ask(engine, "xyzuv", task=task)
    pipe.open()
    answers: list[Answer] = [first.result(), second.result()]
    assert [answer.tokens for answer in answers] == [Tokens(3, 3), Tokens(5, 5)]


def test_nobody_joins_where_memory_is_short(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine.worker.tokens_that_fit", lambda _: 5)
    engine, pipe, first = begun(start, "abc")
    rest = [ask(engine, "xyz"), ask(engine, "uv")]
    pipe.open()
    assert said([first, *rest]) == ["abc", "xyz", "uv"]
    assert pipe.batches == [["a"], ["ab"], ["abc"], ["x"], ["xy"], ["xyz"], ["u"], ["uv"]]


def test_an_answer_whose_tokens_cannot_be_counted_is_refused_by_itself(start: Start) -> None:
    def count(_pipe: object, inputs: Text, _parameters: object, _answer: Text) -> Tokens:
        if inputs.text == "uv":
            raise ValueError("secret detail")
        return Tokens(inputs=1, answer=1)

    task = replace(SPELLING, count_tokens=count)
    engine, pipe, first = begun(start, "abcd", task=task)
    bad, good = (ask(engine, one, task=task) for one in ("uv", "xyz"))
    pipe.open()
    with pytest.raises(RunFailed):
        bad.result()
    assert said([first, good]) == ["abcd", "xyz"]


def test_a_run_ends_in_time_and_says_with_how_many_each_was_answered(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is answered in it is held on to until then."""
    monkeypatch.setattr(ending, "MOST", 3)
    engine, pipe, first = begun(start, "abcdef")
    tickets = [first]
    for number, letter in enumerate("uvw"):
        tickets.append(ask(engine, letter))
        pipe.let_go()
        assert pipe.next_batch() == ["abcdef"[: number + 2], letter][: 2 if number < 2 else 1]
    pipe.open()
    assert said(tickets) == ["abcdef", "u", "v", "w"]
    assert [ticket.result().batch_size for ticket in tickets] == [2, 2, 2, 1]
