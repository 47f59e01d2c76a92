"""How much of a model's input fits into memory at once: found out when it did not, and remembered.

Owns what running out of memory looks like, the limit of a model's batches that comes of it, and what is told to
the one whose input does not fit alone. Measures nothing by itself: the batcher tells it what ran and what did not.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Final

from core.engine.ticket import Ticket
from core.errors import DoesNotFit, ShowcaseError, TooLarge
from core.values import Audio, Chat, Image, Table, Text, Value, Video, atoms_in

_NO_MEMORY: Final = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "status_alloc_failed",
    "failed to allocate memory",
    "bad_alloc",
)
"""What is said when the processor or the GPU has no memory left: by torch, then cuBLAS and cuDNN, ONNX Runtime, and
C++ itself."""

_STEP: Final = 1.25
"""How much further a limit goes each time it is tried again."""

_PATIENCE: Final = 64
"""Batches that fill the limit before it is raised a step. A step that fails costs one run; it doubles this."""

_MOST_PATIENCE: Final = 4096


def is_out_of_memory(err: BaseException) -> bool:
    """Return whether this is what Python or a library raises where there is no memory left.

    Other errors may hold a visitor's words, which prove nothing.
    """
    if isinstance(err, MemoryError):
        return True
    is_library_s = isinstance(err, RuntimeError) or type(err).__module__.startswith("onnxruntime.")
    return is_library_s and any(sign in str(err).lower() for sign in _NO_MEMORY)


def padded(batch: Sequence[Ticket]) -> int:
    """Return how much a batch holds once all are as long as its longest: characters, pictures or milliseconds."""
    return len(batch) * max(ticket.length for ticket in batch)


class Room:
    """Keep what one model's batches may hold.

    After a batch that did not fit, `limit` is the largest that did, or half of it. It is tried a step further from
    time to time, as the memory may have been another model's that has gone since; each try that fails makes the
    next one wait twice as long, so that a machine that is simply small loses next to nothing. Any thread may tell of a
    run.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.limit = math.inf
        self._fitted = 0
        self._largest: dict[str, float] = {}
        self._filled, self._patience = 0, _PATIENCE

    def ran(self, batch: Sequence[Ticket]) -> None:
        """Note that this batch fitted."""
        size, extents = padded(batch), [_extent(ticket.inputs) for ticket in batch]
        with self._lock:
            self._fitted = max(self._fitted, size)
            for amount, unit in extents:
                self._largest[unit] = max(amount, self._largest.get(unit, 0))
            if size * 2 > self.limit:
                self._filled += 1
                if self._filled >= self._patience:
                    self.limit, self._filled = self.limit * _STEP, 0

    def ran_out(self, batch: Sequence[Ticket]) -> None:
        """Note that this batch, of more than one, did not fit. The limit is smaller than it afterwards."""
        size = padded(batch)
        with self._lock:
            if self.limit < math.inf:
                self._patience = min(2 * self._patience, _MOST_PATIENCE)
            self.limit = self._fitted if size / 2 < self._fitted < size else size / 2
            self._fitted, self._filled = int(self.limit), 0

    def refusal(self, ticket: Ticket) -> ShowcaseError:
        """Return what is told to one whose input did not fit although it ran alone."""
        amount, unit = _extent(ticket.inputs)
        largest = self._largest.get(unit, 0)
        if largest and largest >= amount:
            return DoesNotFit(
                f"Memory ran out, though {_said(largest, unit)} were answered here: something else holds it now.",
                hint="Try again later, or unload other models.",
            )
        fits = f"; the largest that was answered here had {_said(largest, unit)}" if largest else ""
        shorter = ", ask for a shorter answer" if hasattr(ticket.parameters, "max_new_tokens") else ""
        return TooLarge(
            f"Memory ran out on this input alone, of {_said(amount, unit)}{fits}.",
            hint=f"{_SMALLER[unit]}{shorter} or choose a smaller model.",
        )


_SMALLER: Final = {
    "pixels": "Send a smaller picture",
    "seconds of sound": "Send a shorter sound",
    "cells": "Send a smaller table",
    "characters": "Send a shorter text",
}


def _extent(inputs: Value | None) -> tuple[float, str]:
    """Return how large an input is, and in what: what takes most of its memory."""
    atoms = [] if inputs is None else list(atoms_in(inputs))
    pixels = [
        atom.width * atom.height * (atom.frame_count if isinstance(atom, Video) else 1)
        for atom in atoms
        if isinstance(atom, Image | Video)
    ]
    if pixels:
        return sum(pixels), "pixels"
    seconds = [atom.duration_s for atom in atoms if isinstance(atom, Audio)]
    if seconds:
        return round(sum(seconds), 1), "seconds of sound"
    cells = [len(atom.columns) * len(atom.rows) for atom in atoms if isinstance(atom, Table)]
    if cells:
        return sum(cells), "cells"
    said = [message.content for atom in atoms if isinstance(atom, Chat) for message in atom.messages]
    return sum(map(len, said)) + sum(len(atom.text) for atom in atoms if isinstance(atom, Text)), "characters"


def _said(amount: float, unit: str) -> str:
    return f"{amount:,} {unit}"
