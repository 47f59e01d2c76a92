"""How many runs of one model go side by side, each in a thread of its own, and what each gets of the processors.

Owns those threads beside the model's own: when one starts, that all have ended before the model goes, what one died of
and who outlives it. What a thread does is the worker's. A small model keeps two processors busier with two runs than
with one run on both, whose threads wait for each other after every operation: on two cores a BERT of 22.7 million
weights answered 410 texts a second in two lanes of ONNX Runtime and 249 in one, one text a run, and 492 against 394 in
batches of 8; in torch 102 against 57, a ViT 50 pictures against 24, a wav2vec 2.0 72 sounds against 43.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from core.engine.ticket import Ticket
from core.engine.torch_setup import allowed_cpus
from core.tasks.spec import Task

MOST: Final = 2
"""Runs of one model at a time. More were not measured, there being two processors; each needs memory of its own."""


def lanes_of(task: Task) -> int:
    """Return how many runs of a task's models may go side by side."""
    return min(MOST, _cpus()) if task.concurrent else 1


_this_thread = threading.local()


def share_processors(runs: int) -> None:
    """Have what this thread runs next computed with its share of the processors, so many runs going on.

    Torch is told here; a program of ONNX Runtime or OpenVINO asks `runs_side_by_side`.
    """
    _this_thread.runs = runs
    torch, share = sys.modules.get("torch"), max(1, _cpus() // runs)
    if torch is not None and torch.get_num_threads() != share:
        torch.set_num_threads(share)  # of the calling thread; what was prepared for convolutions is forgotten with it


def runs_side_by_side() -> int:
    """Return how many runs share the processors with what this thread runs, itself included."""
    runs: int = getattr(_this_thread, "runs", 1)
    return runs


@cache
def _cpus() -> int:
    return allowed_cpus()


def keep_apart(model: Any) -> None:
    """Have runs that go side by side take turns in those parts of a model that remember the run before.

    A Wav2Vec2-BERT or -Conformer notes the length that it is asked for, then what it makes of that: of two runs at once
    the longer was left with what was made of the shorter one's length, and failed, as did all of that length after it.
    Such a part is known by its names; none takes more than a moment.
    """
    for module in model.modules():
        if hasattr(module, "extend_pe") or any(name.startswith("cached_") for name in vars(module)):
            module.forward = _in_turns(module.forward)


def _in_turns(forward: Callable[..., Any]) -> Callable[..., Any]:
    turn = threading.Lock()

    def forward_in_turn(*positional: Any, **by_name: Any) -> Any:
        with turn:
            return forward(*positional, **by_name)

    return forward_in_turn


class Lanes:
    """Keep the threads that run one model.

    Args:
        changed: notified when there is something to do; over the engine's lock.
        name: what the threads beside the model's own are called.
        answer_next: runs the next batch, waiting for one; False when its thread has to end. Is told whether that is a
            thread beside the model's own.
    """

    def __init__(self, changed: threading.Condition, name: str, answer_next: Callable[[bool], bool]) -> None:
        self._changed, self._name, self._answer_next = changed, name, answer_next
        self._beside: list[threading.Thread] = []
        self.problem: BaseException | None = None

    def open(self, most: int) -> None:
        """Start another thread, if there are fewer than so many with the model's own. Call under the lock."""
        if len(self._beside) + 1 >= most:
            return
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has none left: the others do what there is
            return
        self._beside.append(thread)

    def run(self) -> None:
        """Answer from this thread, the model's own, and return when all have ended. Call without the lock.

        Raises: what one of them died of, which ended the others after their run.
        """
        self._answer(beside=False)
        with self._changed:
            beside = self._beside.copy()
        for thread in beside:
            thread.join()
        problem, self.problem = self.problem, None
        if problem is not None:
            raise problem

    def _work(self) -> None:
        self._answer(beside=True)
        with self._changed:
            self._beside.remove(threading.current_thread())

    def _answer(self, *, beside: bool) -> None:
        try:
            while self._answer_next(beside):
                pass
        except BaseException as err:  # whatever it is: the requests of this thread are not to be forgotten
            with self._changed:
                self.problem = self.problem or err
                self._changed.notify_all()


def survivors(ran: Sequence[Ticket], waited: Sequence[Ticket]) -> list[Ticket]:
    """Return who is left to the heir of a thread that died; each death ends somebody, or brings that end nearer.

    Who ran alone is refused: it may be what the thread died of. Who ran with others runs alone from now on. Where
    nobody ran, who waits outlives one such death, so that no thread is replaced for ever.
    """
    if ran:
        for ticket in ran:
            ticket.alone = True
        return [*waited] if len(ran) == 1 else [*ran, *waited]
    left = [ticket for ticket in waited if not ticket.orphaned]
    for ticket in left:
        ticket.orphaned = True
    return left
