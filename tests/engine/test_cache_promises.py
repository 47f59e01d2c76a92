"""Whatever is asked, cancelled, pinned or fails, in any order: the cache keeps its promises."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import Engine, Ticket
from core.engine import cache as cache_module
from core.errors import ShowcaseError
from tests.engine.fakes import ECHO, StrictLoader, Suffix, key, text


def outcome(ticket: Ticket) -> str:
    try:
        return "answered" if ticket.result().output == text() else "wrong"
    except ShowcaseError as err:
        return err.code


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "let go", "fail next load", "cancel", "pin"]), st.integers(0, 3)),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(sizes=st.lists(st.integers(1, 100), min_size=4, max_size=4), budget_bytes=st.integers(60, 300), steps=STEPS)
def test_whatever_happens_the_promises_hold_and_everybody_is_answered(
    sizes: list[int], budget_bytes: int, steps: list[tuple[str, int]]
):
    with pytest.MonkeyPatch.context() as patch:
        nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None)
        patch.setattr(cache_module, "gc", nothing)  # a collection takes longer than all the rest
        loader = StrictLoader(dict(zip("abcd", sizes, strict=True)), budget_bytes, held=True)
        engine = Engine(loader=loader, budget_bytes=budget_bytes, queue_limit=100)
        tickets: list[Ticket] = []
        for step, number in steps:
            name = "abcd"[number]
            if step == "ask":
                tickets.append(engine.submit(ECHO, key(name), text(), Suffix()))
            elif step == "let go" and name in loader.pipes:
                loader.pipes[name].let_go()
            elif step == "fail next load":
                loader.failures.setdefault(name, []).append(OSError("damaged"))
            elif step == "cancel" and tickets:
                tickets[number % len(tickets)].cancel()
            elif step == "pin":
                engine.pin(key(name), not number % 2)
            if engine.budget[0] > budget_bytes:
                loader.broken.append("books")
        for name in "abcd":
            engine.pin(key(name), False)
        loader.open()
        ends = {outcome(ticket) for ticket in tickets}
        engine.close()
        assert ends <= {"answered", "model_unavailable", "does_not_fit", "cancelled"}
        assert loader.broken == []
        assert loader.here == {}
        assert engine.budget[0] == 0
