"""Models that write token by token, and which programs of OpenVINO each is: a decoder's one, or an encoder's and two.

Owns that choice, for the survey that makes them and the server that opens them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any, Protocol

from core.engine.runtimes import decoder, encoder_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.rungs import Rung


class Export(Protocol):
    """A model that was exported once, for all rungs."""

    def save(self, rung: Rung, folder: Path) -> None:
        """Write what a rung opens into a folder; those of 8 bits come last."""


def writes(model: Any) -> bool:
    """Return whether a model writes its answer token by token."""
    return bool(getattr(model, "can_generate", lambda: False)())


def reads_first(model: Any) -> bool:
    """Return whether a model writes of what an encoder of its own has read."""
    return bool(model.config.is_encoder_decoder)


def is_taken(model: Any, takes: Set[str], read: Set[str]) -> bool:
    """Return whether programs take what a model was given, by name, while it wrote.

    Args:
        read: the names of what its encoder was given.
    """
    return takes <= encoder_decoder.TAKES | read if reads_first(model) else takes <= decoder.TAKES


def export_writer(model: Any, tokens: Any, read: Mapping[str, Any]) -> Export:
    """Export a model.

    Args:
        tokens: what it was given first, of shape (1, tokens).
        read: what its encoder was given, if it has one.

    Raises: whatever the exporter does: not every architecture can be exported.
    """
    return (
        encoder_decoder.EncoderDecoderExport(model, read)
        if reads_first(model)
        else decoder.DecoderExport(model, tokens)
    )


def put_writer_in_place(
    model: Any, folder: Path, rung: Rung, threads: int, instead: Callable[[Exception], Any]
) -> None:
    """Have a module write by the programs in a folder; `core.engine.runtimes.exported.put_in_place` has the rest."""
    if reads_first(model):
        write, read = encoder_decoder.open_encoder_decoder(folder, rung, threads)
        put_in_place(model, write, instead, encoder=read)
    else:
        put_in_place(model, decoder.open_decoder(folder, rung, threads), instead)
