"""A crowd: many threads over more models than fit, some of them leaving; everybody gets their own answers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from core.engine import Engine, lanes
from core.engine import cache as cache_module
from core.engine.cache import with_headroom
from core.errors import Cancelled
from core.tasks.spec import Task
from core.values import Text
from tests.engine.fakes import ECHO, Pipe, StrictLoader, Suffix, echo, key, make_task, text

THREADS, REQUESTS, MODELS = 64, 40, "abcdef"


def chop(pipe: Pipe, inputs: Text, parameters: Suffix) -> list[str]:
    """Prepare a text, and notice when another thread does so with the same pipe."""
    if not pipe.preparing.acquire(blocking=False):
        pipe.clashes += 1
        return []
    words = inputs.text.split(" ")
    pipe.preparing.release()
    return words


CHOPPED = make_task(
    prepare=chop, run=lambda pipe, inputs, given: echo(pipe, [text(" ".join(words)) for words in inputs], given)
)


SIDE_BY_SIDE = replace(CHOPPED, concurrent=True)


@pytest.mark.parametrize("task", [ECHO, CHOPPED, SIDE_BY_SIDE], ids=["as they are", "prepared", "side by side"])
def test_sixty_four_threads_over_twice_as_many_models_as_fit_get_their_own_answers(
    task: Task, start: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lanes, "_cpus", lambda: 2)
    nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None)
    monkeypatch.setattr(cache_module, "gc", nothing)  # a collection takes longer than all the rest
    budget_bytes = 3 * with_headroom(100)
    sizes = dict(zip(MODELS, [100, 60, 140, 100, 20, 180], strict=True))
    loader = StrictLoader(sizes, budget_bytes, held=False)
    engine = start(loader, budget_bytes, queue_limit=THREADS)

    def call(caller: int) -> Counter[str]:
        choose = random.Random(caller)
        ends: Counter[str] = Counter()
        for number in range(REQUESTS):
            name, suffix = MODELS[(caller + number // 10) % len(MODELS)], choose.choice(["", "!", "?"])
            asked = f"{caller} asks {name} {number}" * choose.choice([1, 2, 5])
            ticket = engine.submit(task, key(name), text(asked), Suffix(suffix=suffix), client=f"{caller}")
            leaves = choose.random() < 0.1
            if engine.budget[0] > budget_bytes:
                ends["over the budget"] += 1
            if leaves:
                ticket.cancel()
            try:
                answer = ticket.result()
            except Cancelled:
                ends["left" if leaves else "lost"] += 1
            else:
                right = (answer.output, answer.revision) == (text(asked + suffix), f"commit of {name}")
                ends["right" if right else "wrong"] += 1
        return ends

    with ThreadPoolExecutor(THREADS) as threads:
        ends = sum(threads.map(call, range(THREADS)), Counter[str]())
    assert set(ends) == {"right", "left"}
    assert ends.total() == THREADS * REQUESTS
    assert engine.counts[1] > 0  # models did have to make room
    assert {len(pipe.threads) for pipe in loader.pipes.values()} <= ({1, 2} if task.concurrent else {1})
    engine.close()
    assert all(pipe.clashes == 0 for pipe in loader.pipes.values())
    assert loader.broken == []
    assert loader.here == {}
    assert engine.budget[0] == 0
