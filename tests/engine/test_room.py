"""Memory that runs out in a batch: halves, down to one; the limit is remembered, and tried again."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.engine import Loaded, Ticket
from core.engine.batcher import Line, run_batch
from core.engine.pace import Pace
from core.engine.room import Room, is_out_of_memory, padded
from core.errors import DoesNotFit, RunFailed, ShowcaseError, TooLarge
from core.tasks.spec import Parameters
from core.values import Audio, Chat, Image, Message, Table, Text, Value, Video
from tests.engine.fakes import Clock, Pipe, Suffix, as_they_are, make_task, text

NO_MEMORY = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")


class Small:
    """Run as `echo` does, in a machine with memory for so much padded text."""

    def __init__(self, holds: int, error: Exception = NO_MEMORY) -> None:
        self.holds, self.error = holds, error
        self.clock = Clock()
        self.room = Room()
        self.ended: list[Ticket] = []
        self.batches: list[list[str]] = []
        self.task = make_task(run=self.run)

    def run(self, pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        texts = [each.text for each in inputs]
        self.batches.append(texts)
        if len(texts) * max(map(len, texts)) > self.holds:
            raise self.error
        if any("poison" in each for each in texts):
            raise ValueError("poison")
        return list(inputs)

    def answer(self, texts: Sequence[str], **changes: Any) -> list[Ticket]:
        settings = {"client": "a", "deadline_s": 10, "streaming": False, "clock": self.clock}
        batch = [
            Ticket(self.task, text(each), Suffix(), **settings | changes, leave=lambda ticket: None) for each in texts
        ]
        for each in batch:
            each.add_done_callback(self.ended.append)
            each.begin((0, 0))
        loaded = Loaded(Pipe(held=False), 1, "abc", (), None, "float32", "cpu")
        run_batch(loaded, batch, self.clock, lambda tickets: None, self.room, Pace(), as_they_are)
        assert sorted(map(id, self.ended)) == sorted(map(id, batch))  # each ended, once
        self.ended = []
        return batch

    @property
    def sizes(self) -> list[int]:
        sizes = [len(batch) for batch in self.batches]
        self.batches.clear()
        return sizes


def outputs(batch: Sequence[Ticket]) -> list[str]:
    return [each.result().output.text for each in batch]


def test_what_does_not_fit_is_run_in_halves_and_the_second_half_learns_from_the_first():
    machine = Small(holds=40)
    texts = [f"text no {number:02}" for number in range(16)]
    batch = machine.answer(texts)
    assert outputs(batch) == texts
    assert machine.sizes == [16, 8, 4, 4, 4, 4]
    assert {each.result().batch_size for each in batch} == {4}


def test_the_limit_is_remembered_for_the_line_and_for_the_next_batch():
    machine = Small(holds=40)
    machine.answer(["x" * 10] * 16)
    assert machine.room.limit == 40
    assert len(machine.sizes) == 6
    line = Line(100)
    line.room = machine.room
    for _ in range(16):
        line.add(Ticket(machine.task, text("x" * 10), Suffix(), client="a", deadline_s=10, streaming=False,
                        clock=machine.clock, leave=lambda ticket: None))  # fmt: skip
    assert [len(line.take()) for _ in range(4)] == [4, 4, 4, 4]


def test_down_to_single_items_and_the_one_that_is_too_large_alone_is_refused():
    machine = Small(holds=10)
    *fine, large = machine.answer(["x" * 10, "y" * 9, "z" * 9, "w" * 12])
    assert [len(each.result().output.text) for each in fine] == [10, 9, 9]
    with pytest.raises(
        TooLarge, match="alone, of 12 characters; the largest that was answered here had 10 char"
    ) as told:
        large.result()
    assert told.value.hint == "Send a shorter text or choose a smaller model."
    assert machine.sizes == [4, 2, 1, 1, 1, 1]


def test_as_many_runs_as_items_at_most_twice_over_whatever_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.engine.batcher.gc", SimpleNamespace(collect=lambda: 0))  # it takes longer than the rest
    for holds in (0, 1, 3, 7, 30, 64):
        machine = Small(holds)
        machine.answer(["x"] * 64)
        assert len(machine.batches) <= 2 * 64


def test_one_bad_item_of_sixty_four_costs_one_run_each_and_fails_alone(caplog: pytest.LogCaptureFixture):
    machine = Small(holds=10_000)
    batch = machine.answer(["fine"] * 40 + ["poison"] + ["fine"] * 23)
    assert machine.sizes == [64] + [1] * 64
    assert outputs(batch[:40] + batch[41:]) == ["fine"] * 63
    with pytest.raises(RunFailed):
        batch[40].result()


def test_memory_that_runs_out_beside_a_bad_item(caplog: pytest.LogCaptureFixture):
    machine = Small(holds=20)
    batch = machine.answer(["12345", "poison", "123", "1234", "x" * 25, "x" * 20])
    assert [type(each.outcome).__name__ for each in batch] == ["Answer", "RunFailed"] + ["Answer"] * 2 + [
        "TooLarge",
        "Answer",
    ]


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."), NO_MEMORY, "torch"],
    ids=["python", "cuda", "cpu", "torch"],
)
def test_every_way_of_saying_it(error: Exception | str):
    if error == "torch":
        import torch

        error = torch.OutOfMemoryError("HIP ran dry: out of memory")
    assert isinstance(error, Exception)
    machine = Small(holds=5, error=error)
    assert outputs(machine.answer(["12345", "1234"])) == ["12345", "1234"]


def test_torch_itself_says_it_in_words_that_are_known():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_onnx_runtime_says_it_in_an_error_of_its_own():
    error = type("Fail", (Exception,), {"__module__": "onnxruntime.capi.onnxruntime_pybind11_state"})
    assert is_out_of_memory(error("bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 281474976"))
    assert not is_out_of_memory(ValueError("cannot parse 'out of memory'"))


def test_what_speaks_of_memory_and_is_an_answer_for_visitors_is_not_taken_for_it():
    refusal = DoesNotFit("Another model, out of memory.")
    machine = Small(holds=0, error=refusal)
    (ticket,) = machine.answer(["text"])
    assert ticket.outcome is refusal


def test_what_the_failed_run_made_is_gone_before_the_halves_run():
    kept: list[weakref.ref[Any]] = []
    alive: list[bool] = []

    def run(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        gc_proof = Small(0)
        gc_proof.batches.append([gc_proof])  # type: ignore[list-item]  # a cycle, as torch's are
        alive.append(any(ref() is not None for ref in kept))
        if len(inputs) > 1:
            kept.append(weakref.ref(gc_proof))
            raise MemoryError
        return list(inputs)

    machine = Small(0)
    machine.task = make_task(run=run)
    gc.disable()
    try:
        machine.answer(["a", "b"])
    finally:
        gc.enable()
    assert alive == [False, False, False]


def test_those_who_left_or_are_overdue_meanwhile_do_not_run_again():
    machine = Small(holds=0)

    def run(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        machine.clock.now_s += 11
        raise MemoryError

    machine.task = make_task(run=run)
    batch = machine.answer(["a", "b"])
    assert {each.outcome.code for each in batch if isinstance(each.outcome, ShowcaseError)} == {"deadline_exceeded"}


def test_memory_that_comes_back_is_used_again_and_each_try_that_fails_waits_longer():
    machine, room = Small(holds=10_000), Room()
    crowd = machine.answer(["x" * 10] * 200)

    def serve(count: int, holds: int) -> int:
        """Run as many batches, each as large as the limit allows; return how many did not fit."""
        failed = 0
        for _ in range(count):
            batch = crowd[: int(room.limit // 10)]
            if padded(batch) > holds:
                room.ran_out(batch)
                failed += 1
            else:
                room.ran(batch)
        return failed

    room.ran(crowd[:4])
    room.ran_out(crowd[:16])
    assert room.limit == 80
    assert serve(1000, holds=100) == 3  # after 64 batches, 128 more, 256 more, and never at once again
    assert 50 <= room.limit <= 130
    serve(3000, holds=10_000)
    assert room.limit > 200


def test_what_fitted_once_and_does_not_now_is_no_limit():
    machine = Small(holds=1000)
    machine.answer(["x" * 10] * 100)
    machine.holds = 20
    assert len(outputs(machine.answer(["x" * 10] * 8))) == 8
    assert machine.room.limit == 20


def refused(value: Value, parameters: Parameters | None = None, ran: Sequence[Value] = ()) -> str:
    room = Room()

    def ticket(inputs: Value) -> Ticket:
        return Ticket(
            make_task(), inputs, parameters or Suffix(), client="", deadline_s=math.inf, streaming=False, clock=Clock(),
            leave=lambda ticket: None,
        )  # fmt: skip

    for other in ran:
        room.ran([ticket(other)])
    return str(room.refusal(ticket(value)))


class Lengths(Parameters):
    max_new_tokens: int = 8


def sound(seconds: float) -> Audio:
    return Audio.from_array(np.zeros(int(16_000 * seconds), np.float32), 16_000)


@pytest.mark.parametrize(
    ("message", "make"),
    [
        ("of 4 characters. Send a shorter text or", lambda: refused(text("four"))),
        ("Send a shorter text, ask for a shorter answer or choose", lambda: refused(text("four"), Lengths())),
        ("of 6 characters.", lambda: refused(Chat(messages=(Message(role="user", content="sixsix"),)))),
        ("of 1.5 seconds of sound; the largest that was answered here had 0.5 seconds of sound. Send a shorter sound",
         lambda: refused(sound(1.5), ran=[sound(0.5)])),
        ("of 4 pixels. Send a smaller picture", lambda: refused(Image(width=2, height=2, pixels=b"rgb" * 4))),
        ("of 4,000 pixels. Send a smaller picture",
         lambda: refused(Video.from_array(np.zeros((10, 20, 20, 3), np.uint8), 1.0))),
        ("of 2 cells. Send a smaller table", lambda: refused(Table(columns=("a", "b"), rows=(("1", "2"),)))),
        ("though 9 characters were answered here: something else holds it now. Try again later",
         lambda: refused(text("four"), ran=[text("four"), text("fourfours")])),
    ],
)  # fmt: skip
def test_a_refusal_says_what_would_fit(message: str, make: Callable[[], str]):
    assert message in make()
