"""What stays in memory: a byte budget, who uses which model, and who goes when another comes.

Owns the books (what each model costs, its leases, pins, last use) and the two moments at which a model
comes or goes. Loading and letting go are done by the thread that owns the model, so this module starts
none; it asks an idle model's owner to let go and waits until it has.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn
from uuid import uuid4

from core.engine.key import Blocks, Loaded, Loader, ModelKey, Progress
from core.engine.room import is_out_of_memory
from core.errors import Cancelled, DoesNotFit, ModelUnavailable, ShowcaseError

log = logging.getLogger(__name__)

HEADROOM = 1.25
"""What a model takes while it runs, over its parameters and buffers (FACTS.md, G.2)."""


@dataclass(eq=False)
class Place:
    """Stand for one model in the books. Read and changed under the engine's lock only.

    Args:
        wake: tells the model's owner that something of this changed; may not block.
        leases: requests that wait for this model or run on it; while there are any it never goes.
        leaving: its owner was asked to let it go.
        shared: the memory that it has in common with other loaded models.
    """

    key: ModelKey
    wake: Callable[[], None]
    cost_bytes: int = 0
    loaded: Loaded | None = None
    leases: int = 0
    leaving: bool = False
    last_used_s: float = 0.0
    shared: Blocks = field(default_factory=dict)


class Cache:
    """Keep models within a budget.

    Args:
        lock: guards the books; shared with the engine, so that a look at both is one moment.
    """

    def __init__(
        self, *, loader: Loader, budget_bytes: int, clock: Callable[[], float], lock: threading.RLock | None = None
    ) -> None:
        self.budget_bytes = budget_bytes
        self.pinned: set[ModelKey] = set()
        self.loads = self.evictions = 0
        self.changed = threading.Condition(lock or threading.RLock())
        self._loader, self._clock = loader, clock
        self._places: list[Place] = []

    @property
    def used_bytes(self) -> int:
        """Return what the loaded and the loading models cost together; what they share counts once."""
        with self.changed:
            return _booked(self._places)

    def lease(self, place: Place) -> None:
        """Keep this model from going until `give_back`."""
        with self.changed:
            place.leases += 1

    def give_back(self, place: Place, count: int = 1) -> None:
        """End as many leases."""
        with self.changed:
            place.leases -= count
            place.last_used_s = self._clock()
            self.changed.notify_all()

    def load(self, place: Place, progress: Progress) -> None:
        """Make room, load, and keep it in `place`. Call from the thread that owns the model.

        Waits for room while anybody holds a lease. Whatever came of it, `unload` gives the bytes back.

        Raises: DoesNotFit, ModelUnavailable, or what the loader tells visitors; Cancelled when nobody
            waits any more.
        """
        self._reserve(place, with_headroom(self._estimate(place.key)))
        self._keep(place, self._load(place.key, progress))

    def unload(self, place: Place) -> None:
        """Let the model of `place` go, if it has one, and give its bytes back.

        Call from the thread that owns it, with no run going on.
        """
        with self.changed:
            loaded, place.loaded = place.loaded, None
        try:
            if loaded is not None:
                loaded = replace(loaded, pipe=None)
                # Frozen objects are never collected, and a model is full of cycles (FACTS.md, F.1).
                gc.unfreeze()
                gc.collect()
                try:
                    self._loader.release(loaded)
                except Exception:
                    log.exception("Memory of %s could not be given back", place.key.model_id)
                gc.freeze()
        finally:
            with self.changed:
                self._places = [other for other in self._places if other is not place]
                place.cost_bytes, place.leaving = 0, False
                self._note_shared()
                self.changed.notify_all()

    def ask_to_leave(self, place: Place) -> None:
        """Ask the owner of `place`, which is loaded, to let it go."""
        with self.changed:
            place.leaving = True
            place.wake()

    def _estimate(self, key: ModelKey) -> int:
        try:
            return self._loader.estimate_bytes(key)
        except ShowcaseError:
            raise
        except BaseException as err:
            _broken(key, err)

    def _load(self, key: ModelKey, progress: Progress) -> Loaded:
        loaded = self._attempt(key, progress)
        if loaded is None:
            self._evict_idle()
            loaded = self._attempt(key, progress)
        if loaded is None:
            raise DoesNotFit(
                f"{key.model_id} needs more memory than this machine has left.",
                hint="Choose a smaller model, or lower PODIUM_MEMORY_GB so that less is kept.",
            )
        return loaded

    def _attempt(self, key: ModelKey, progress: Progress) -> Loaded | None:
        """Load it, or return None if memory ran out; by then what was half loaded has no holder any more."""
        progress(0, None)
        try:
            return self._loader.load(key, progress)
        except BaseException as err:  # also what a panic in a tokenizer's Rust is raised as
            if isinstance(err, DoesNotFit) or is_out_of_memory(err):
                log.warning("No memory for %s", key.model_id, exc_info=err)
                return None
            if isinstance(err, ShowcaseError):
                raise
            _broken(key, err)

    def _reserve(self, place: Place, needed: int) -> None:
        with self.changed:
            while place.leases:
                if self._grant(place, needed):
                    return
                self.changed.wait()
        raise Cancelled("Nobody waits for this model any more.")

    def _keep(self, place: Place, loaded: Loaded) -> None:
        cost = with_headroom(loaded.size_bytes)
        with self.changed:
            place.loaded, place.last_used_s = loaded, self._clock()
            self._note_shared()
            while not self._grant(place, cost):  # it is larger than it was thought to be
                if not any(other.leaving for other in self._places if other is not place):
                    # Waiting for models in use while holding one could wait for each other.
                    raise DoesNotFit(
                        f"{place.key.model_id} needs {_mb(cost)}, which the models in use do not leave free.",
                        hint="Try again when fewer people are asking.",
                    )
                self.changed.wait()
            self.loads += 1
        # A full collection with torch in the heap holds every thread up for a quarter of a second, and
        # Python starts one when it likes; what is frozen is skipped (FACTS.md, F.1).
        gc.collect()
        gc.freeze()

    def _grant(self, place: Place, needed: int) -> bool:
        """Book `needed` bytes on `place`; where they are not free, ask idle models to leave if that is enough."""
        others = [other for other in self._places if other is not place]
        own = replace(place, cost_bytes=needed)

        def fits(beside: list[Place]) -> bool:
            return _booked([own, *beside]) <= self.budget_bytes

        pinned = [other for other in others if other.key in self.pinned]
        if not fits(pinned):
            raise self._does_not_fit(place.key, needed, _booked(pinned))
        if fits(others):
            place.cost_bytes = needed
            self._places = [*others, place]
            self.changed.notify_all()
            return True
        staying = [other for other in others if not other.leaving]
        idle = sorted(filter(self._is_idle, staying), key=lambda other: other.last_used_s)
        if fits([other for other in staying if other not in idle]):  # else evicting would be for nothing
            for victim in idle:
                if fits(staying):
                    break
                staying.remove(victim)
                self._evict(victim)
        return False

    def _note_shared(self) -> None:
        """Find out what several loaded models have in common; done when one comes or goes."""
        held = [place for place in self._places if place.loaded is not None]
        times = Counter(block for place in held if place.loaded for block in place.loaded.storages)
        for place in held:
            blocks = place.loaded.storages if place.loaded else {}
            place.shared = {block: size for block, size in blocks.items() if times[block] > 1}

    def _is_idle(self, place: Place) -> bool:
        return place.loaded is not None and not (place.leases or place.leaving or place.key in self.pinned)

    def _evict(self, place: Place) -> None:
        self.evictions += 1
        self.ask_to_leave(place)

    def _evict_idle(self) -> None:
        with self.changed:
            for place in filter(self._is_idle, self._places):
                self._evict(place)
            self.changed.wait_for(lambda: not any(place.leaving for place in self._places))
        gc.collect()

    def _does_not_fit(self, key: ModelKey, needed: int, kept: int) -> DoesNotFit:
        if needed > self.budget_bytes:
            return DoesNotFit(
                f"{key.model_id} needs {_mb(needed)} of memory; the budget is {_mb(self.budget_bytes)}.",
                hint="Choose a smaller model, or raise PODIUM_MEMORY_GB.",
            )
        return DoesNotFit(
            f"{key.model_id} needs {_mb(needed)} of memory; pinned models take {_mb(kept)}"
            f" of the budget of {_mb(self.budget_bytes)}.",
            hint="Unpin a model, choose a smaller one, or raise PODIUM_MEMORY_GB.",
        )


def _booked(places: Iterable[Place]) -> int:
    """Return what these cost together. Memory that they share is counted once, and the headroom of each in full."""
    total = 0
    seen: set[tuple[str, int]] = set()
    for place in places:
        total += place.cost_bytes - sum(size for block, size in place.shared.items() if block in seen)
        seen.update(place.shared)
    return total


def with_headroom(size_bytes: int) -> int:
    """Return what a model of that size costs."""
    return int(size_bytes * HEADROOM)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.0f} MB"


def _broken(key: ModelKey, err: BaseException) -> NoReturn:
    number = uuid4().hex[:8]
    log.error("%s could not be loaded [%s]", key.model_id, number, exc_info=err)
    raise ModelUnavailable(
        f"{key.model_id} could not be loaded: its files are damaged or of another kind.",
        hint=f"Choose another model, or tell the owner of this showcase the number {number}.",
    ) from err
