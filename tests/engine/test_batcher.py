"""Who is next and with whom, and that one bad input fails alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import Loaded, Ticket
from core.engine.batcher import GUESS_ON_GPU, LENGTH_RATIO, LENGTH_RATIO_ON_GPU, SLACK, Line, run_batch
from core.engine.pace import Pace
from core.engine.room import Room
from core.errors import BadInput, RunFailed
from core.tasks.spec import BATCH_BUDGETS, Task
from core.values import Image, Text
from tests.engine.fakes import ECHO, Clock, Pipe, Suffix, as_they_are, make_task, text

CLOCK = Clock()


def ticket(value: Any = "hello", client: str = "a", suffix: str = "", task: Task = ECHO, **changes: Any) -> Ticket:
    inputs = text(value) if isinstance(value, str) else value
    settings = {"client": client, "deadline_s": 10, "streaming": False, "clock": CLOCK, "leave": lambda _: None}
    return Ticket(task, inputs, Suffix(suffix=suffix), **settings | changes)


def line_of(tickets: Sequence[Ticket], limit: int = 1000) -> Line:
    line = Line(limit)
    for each in tickets:
        line.add(each)
    return line


def texts(batch: Sequence[Ticket]) -> list[str]:
    return [each.inputs.text for each in batch]


def test_what_is_alike_runs_together_in_order():
    assert texts(line_of([ticket("one"), ticket("two"), ticket("six")]).take()) == ["one", "two", "six"]


def test_only_what_is_of_one_length_runs_together_where_padding_would_matter():
    task = make_task(alike=True)
    line = line_of([ticket(value, task=task) for value in ("one", "three", "two", "seven", "six")])
    assert [texts(line.take()) for _ in range(2)] == [["one", "two", "six"], ["three", "seven"]]


def test_parameters_never_mix():
    line = line_of([ticket("one", suffix="!"), ticket("two"), ticket("six", suffix="!")])
    assert texts(line.take()) == ["one", "six"]
    assert texts(line.take()) == ["two"]


@pytest.mark.parametrize(
    ("lengths", "first"),
    [
        ((160, 200, 200), [160, 200, 200]),
        ((160, 201), [160]),
        ((200, 160, 120), [200, 160]),
        ((200, 150, 250, 180), [200, 250]),
        ((3, 11, 12), [3, 11]),
        ((1000, 1000, 1000), [1000, 1000]),
        ((1024, 1025), [1024]),
        ((600, 500, 700, 600), [600, 500, 600]),
        ((5000, 4000), [5000]),
    ],
)
def test_lengths_group_within_the_padded_budget(lengths: tuple[int, ...], first: list[int]):
    batch = line_of([ticket("x" * length) for length in lengths]).take()
    assert [each.length for each in batch] == first


def test_on_a_gpu_more_is_taken_and_of_lengths_further_apart():
    def first_batch(device: str, lengths: Sequence[int]) -> list[int]:
        return [each.length for each in line_of([ticket("x" * length) for length in lengths]).take(device)]

    apart = [100, 100 * LENGTH_RATIO_ON_GPU, 100 * LENGTH_RATIO_ON_GPU + 1]
    assert (first_batch("cpu", apart), first_batch("cuda:0", apart)) == ([100], apart[:2])
    alike = [128] * 1000
    most = BATCH_BUDGETS[Text] // 128
    assert (len(first_batch("cpu", alike)), len(first_batch("cuda:0", alike))) == (most, GUESS_ON_GPU * most)


def test_batches_become_as_large_as_their_times_say_is_worth_it():
    def second_batch(fixed_s: float, each_s: float) -> int:
        line = Line(1000)
        for size in range(100, 2000, 50):
            line.pace.ran(size, fixed_s + each_s * size)
        for _ in range(100):
            line.add(ticket("x" * 99))
        return len(line.take())

    assert second_batch(0.001, 1e-5) == 9  # nine tenths of the rate of endless batches: 900 characters
    assert second_batch(0.010, 1e-5) == 90
    assert second_batch(0.010, 1e-4) == 9
    assert second_batch(0.300, 1e-5) == 2  # a run takes long as it is


def test_pictures_count_by_number():
    picture = Image(width=1, height=1, pixels=b"rgb")
    task = make_task(input=Image)
    line = line_of([ticket(picture, task=task) for _ in range(BATCH_BUDGETS[Image] + 1)])
    assert [len(line.take()), len(line.take())] == [BATCH_BUDGETS[Image], 1]


@pytest.mark.parametrize("why", ["batches", "streaming", "warm-up"])
def test_some_run_alone(why: str):
    changes = {
        "batches": {"task": make_task(batches=False)},
        "streaming": {"task": make_task(stream=lambda *_: None), "streaming": True},
        "warm-up": {"value": None},
    }[why]
    line = line_of([ticket(**changes), ticket(**changes), ticket(task=changes.get("task", ECHO))])
    assert len(line.take()) == 1
    assert len(line.take()) == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 3000), st.sampled_from("abc"), st.sampled_from(["", "!"])), max_size=30))
def test_any_line_is_served_once_each_in_batches_that_keep_the_rules(rows: list[tuple[int, str, str]]):
    tickets = [ticket("x" * length, client, suffix) for length, client, suffix in rows]
    line = line_of(tickets)
    served: list[Ticket] = []
    while line:
        head = next(iter(line))
        batch = line.take()
        lengths = [each.length for each in batch]
        assert batch[0] is head
        assert len({each.parameters for each in batch}) == 1
        assert max(lengths) <= max(LENGTH_RATIO * min(lengths), min(lengths) + SLACK)
        assert len(batch) == 1 or max(lengths) * len(batch) <= BATCH_BUDGETS[Text]
        served += batch
    assert sorted(map(id, served)) == sorted(map(id, tickets))
    for row in set(rows):  # nobody's requests of one kind and length overtake each other
        mine = [each for each in served if (each.length, each.client, each.parameters.suffix) == row]
        assert mine == sorted(mine, key=tickets.index)


def test_a_newcomer_comes_right_after_the_batch_that_runs():
    task = make_task(batches=False)
    line = line_of([ticket(f"a{i}", "a", task=task) for i in range(100)])
    assert texts(line.take()) == ["a0"]
    line.add(ticket("b0", "b", task=task))
    line.add(ticket("b1", "b", task=task))
    line.add(ticket("c0", "c", task=task))
    assert [texts(line.take())[0] for _ in range(6)] == ["b0", "c0", "a1", "b1", "a2", "a3"]


def test_one_whose_first_request_left_the_line_empty_has_had_a_turn_all_the_same():
    task = make_task(batches=False)
    line = line_of([ticket("a0", "a", task=task)])
    line.take()
    line.add(ticket("a1", "a", task=task))
    line.add(ticket("b0", "b", task=task))
    assert texts(line.take()) == ["b0"]


def test_two_waiting_requests_outlast_any_row_of_newcomers():
    task = make_task(batches=False)
    line = line_of([ticket("mine", "me", task=task), ticket("mine too", "me", task=task)])
    served: list[str] = []
    for number in range(200):
        line.add(ticket("new", f"new {number}", task=task))
        served += texts(line.take())
    assert "mine too" in served


def test_closed_loop_clients_do_not_hold_up_one_who_asked_twice():
    task = make_task(batches=False)
    line = line_of([ticket("mine", "me", task=task), ticket("mine too", "me", task=task)])
    line.take()
    for number in range(4):
        line.add(ticket("theirs", f"client {number}", task=task))
    order = []
    for _ in range(6):
        (served,) = line.take()
        order.append(served.client)
        if served.client != "me":
            line.add(ticket("theirs again", served.client, task=task))
    assert order.index("me") == 4


def test_the_line_is_bounded_and_its_end_is_for_those_who_have_nothing_in_it():
    line = Line(16)
    for _ in range(14):
        assert not line.is_full_for("a")
        line.add(ticket(client="a"))
    assert line.is_full_for("a")
    for client in "bc":
        assert not line.is_full_for(client)
        line.add(ticket(client=client))
    assert all(line.is_full_for(client) for client in "abcd")


def test_a_short_line_has_no_such_end():
    line = line_of([ticket(client="a")], limit=2)
    assert not line.is_full_for("a")
    line.add(ticket(client="a"))
    assert line.is_full_for("b")


def run(batch: list[Ticket]) -> Pipe:
    pipe = Pipe(held=False)
    for each in batch:
        each.begin((0, 0))
    run_batch(
        Loaded(pipe, 1, "abc", (), None, "float32", "cpu"),
        batch,
        CLOCK,
        lambda tickets: None,
        Room(),
        Pace(),
        as_they_are,
    )
    return pipe


def test_each_answer_tells_how_far_its_input_was_filled_up():
    short, long = batch = [ticket("short"), ticket("a long one")]
    run(batch)
    assert (short.result().padding, long.result().padding) == (len("a long one") - len("short"), 0)
    alone = ticket("alone")
    run([alone])
    assert alone.result().padding == 0


def test_one_bad_input_fails_alone(caplog: pytest.LogCaptureFixture):
    good, bad, fine = batch = [ticket("good"), ticket("poison"), ticket("fine")]
    pipe = run(batch)
    assert pipe.batches == [["good", "poison", "fine"], ["good"], ["poison"], ["fine"]]
    assert (good.result().output, fine.result().output) == (text("good"), text("fine"))
    assert good.result().batch_size == 1
    with pytest.raises(RunFailed) as caught:
        bad.result()
    number = caught.value.hint.split("number ")[1].rstrip(".")
    assert f"[{number}]" in caplog.text
    assert "secret detail" in caplog.text
    assert "secret detail" not in str(caught.value)


def test_what_a_task_says_to_visitors_passes_through():
    def refuse(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        raise BadInput("Too many words.", hint="Use fewer.")

    (asked,) = batch = [ticket(task=make_task(run=refuse))]
    run(batch)
    with pytest.raises(BadInput, match=r"Too many words\. Use fewer\."):
        asked.result()


@pytest.mark.parametrize("outputs", [[], [text()], [text()] * 3, None, "ab", iter([text(), text()])])
def test_a_run_that_breaks_its_word_fails_all(outputs: Any, caplog: pytest.LogCaptureFixture):
    task = make_task(run=lambda pipe, inputs, parameters: outputs)
    batch = [ticket("one", task=task), ticket("two", task=task)]
    run(batch)
    for each in batch:
        with pytest.raises(RunFailed):
            each.result()
    assert "for 2 inputs" in caplog.text


def test_those_who_left_meanwhile_are_not_run_again():
    def fail_and_lose_one(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        pipe.enter([each.text for each in inputs])
        batch[1].cancel()
        if len(inputs) > 1:
            raise ValueError
        return list(inputs)

    task = make_task(run=fail_and_lose_one)
    batch = [ticket(name, task=task) for name in ("one", "two", "six")]
    assert run(batch).batches == [["one", "two", "six"], ["one"], ["six"]]


def test_an_error_keeps_no_pipe_alive():
    (asked,) = batch = [ticket("poison")]
    run(batch)
    with pytest.raises(RunFailed) as caught:
        asked.result()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
