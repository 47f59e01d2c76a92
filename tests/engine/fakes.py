"""Stand-ins for what the engine is given: a clock, pipes that wait to be let go, and a loader that keeps a diary."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from core.engine import Loaded, ModelKey, Ticket
from core.engine.cache import with_headroom
from core.tasks.spec import Parameters, Task
from core.values import Text

PATIENCE_S = 20.0
"""How long a test waits for what should come at once."""


class Clock:
    """Tell the time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Suffix(Parameters):
    suffix: str = ""


class Pipe:
    """Be run. Where it is held, each run waits for a permit."""

    def __init__(self, held: bool) -> None:
        self.held = held
        self.permits = threading.Semaphore(0)
        self.entered: queue.Queue[list[str]] = queue.Queue()
        self.threads: set[int] = {threading.get_ident()}
        self.batches: list[list[str]] = []
        self.finished_runs = 0
        self._finishing = threading.Lock()
        self.preparing = threading.Lock()
        self.clashes = 0
        self.cycle = self  # as a torch model: only a collection takes it away

    def enter(self, texts: list[str]) -> None:
        self.threads.add(threading.get_ident())
        self.batches.append(texts)
        self.entered.put(texts)
        if self.held and not self.permits.acquire(timeout=PATIENCE_S):
            raise TimeoutError("the test never let this run go on")

    def leave(self) -> None:
        with self._finishing:
            self.finished_runs += 1

    def next_batch(self) -> list[str]:
        """Wait until a run has begun; return its texts."""
        return self.entered.get(timeout=PATIENCE_S)

    def let_go(self, runs: int = 1) -> None:
        self.permits.release(runs)

    def open(self) -> None:
        """Hold no run any more."""
        self.held = False
        self.let_go(1000)


class FakeLoader:
    """Make pipes and write down what happened. `size_bytes` is the size of a model that `sizes` does not name."""

    def __init__(self, *, held: bool = False, size_bytes: int = 100, sizes: dict[str, int] | None = None) -> None:
        self.held, self.size_bytes, self.sizes = held, size_bytes, sizes or {}
        self.estimates: dict[str, int] = {}
        self.diary: list[tuple[str, str]] = []
        self.pipes: dict[str, Pipe] = {}
        self.failures: dict[str, list[BaseException]] = {}
        self.load_gates: dict[str, threading.Event] = {}
        self._readies: dict[str, threading.Event] = {}
        self._making = threading.Lock()
        self.load_began: queue.Queue[str] = queue.Queue()
        self.estimated: queue.Queue[str] = queue.Queue()
        self.on_load: Callable[[ModelKey, Callable[[int, int | None], None]], None] = lambda key, progress: None

    def estimate_bytes(self, key: ModelKey) -> int:
        self.estimated.put(key.model_id)
        return self.estimates.get(key.model_id, self.sizes.get(key.model_id, self.size_bytes))

    def load(self, key: ModelKey, progress: Callable[[int, int | None], None]) -> Loaded:
        name = key.model_id
        self.diary.append(("load", name))
        self.load_began.put(name)
        self.on_load(key, progress)
        gate = self.load_gates.get(name)
        if gate is not None and not gate.wait(PATIENCE_S):
            raise TimeoutError("the test never let this load go on")
        if self.failures.get(name):
            raise self.failures[name].pop(0)
        with self._making:
            self.pipes[name] = Pipe(self.held)
        self._ready(name).set()
        size_bytes = self.sizes.get(name, self.size_bytes)
        return Loaded(self.pipes[name], size_bytes, f"commit of {name}", ("good", "bad"), None, "float32", "cpu")

    def release(self, loaded: Loaded) -> None:
        self.diary.append(("release", loaded.revision.removeprefix("commit of ")))

    def open(self) -> None:
        """Hold no run and no load any more."""
        with self._making:
            self.held = False
            for pipe in self.pipes.values():
                pipe.open()
        for gate in self.load_gates.values():
            gate.set()

    def pipe(self, name: str = "m") -> Pipe:
        """Wait until that model has been loaded; return its newest pipe."""
        if not self._ready(name).wait(PATIENCE_S):
            raise TimeoutError(f"{name} was never loaded")
        return self.pipes[name]

    def _ready(self, name: str) -> threading.Event:
        return self._readies.setdefault(name, threading.Event())


class StrictLoader(FakeLoader):
    """Notice, from outside, every promise that the cache breaks."""

    def __init__(self, sizes: dict[str, int], budget_bytes: int, *, held: bool) -> None:
        super().__init__(held=held, sizes=sizes)
        self.budget_bytes = budget_bytes
        self.here: dict[str, int] = {}
        self.broken: list[str] = []

    def check(self, promise: str, kept: bool) -> None:
        if not kept:
            self.broken.append(promise)

    def load(self, key: ModelKey, progress: Callable[[int, int | None], None]) -> Loaded:
        self.check("one load per key", key.model_id not in self.here)
        self.here[key.model_id] = with_headroom(self.sizes[key.model_id])
        self.check("budget", sum(self.here.copy().values()) <= self.budget_bytes)
        try:
            return super().load(key, progress)
        except BaseException:
            del self.here[key.model_id]
            raise

    def release(self, loaded: Loaded) -> None:
        name = loaded.revision.removeprefix("commit of ")
        pipe = self.pipes[name]
        self.check("no model goes while it runs", len(pipe.batches) == pipe.finished_runs)
        del self.here[name]
        super().release(loaded)


def key(name: str = "m") -> ModelKey:
    return ModelKey(task_id="echo", model_id=name, revision=None, dtype="float32", device="cpu")


def echo(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
    """Answer each text with itself and the suffix; choke on one that says poison."""
    texts = [text.text for text in inputs]
    pipe.enter(texts)
    pipe.leave()
    if any("poison" in text for text in texts):
        raise ValueError("secret detail")
    return [Text(text=text + parameters.suffix) for text in texts]


def make_task(run: Any = echo, **changes: Any) -> Task:
    return Task(
        **{
            "id": "echo",
            "modality": "text",
            "title": "Echo",
            "summary": "Says what you say.",
            "icon": ":material/sell:",
            "input": Text,
            "parameters": Suffix,
            "output": Text,
            "examples": (),
            "load": lambda checkpoint: checkpoint,
            "run": run,
        }
        | changes
    )


def as_they_are(pipe: Any, batch: Sequence[Ticket]) -> list[Any]:
    """Prepare nothing."""
    return [ticket.inputs for ticket in batch]


ECHO = make_task()
EVERYTHING = 10**9


def text(value: str = "hello") -> Text:
    return Text(text=value)
