"""What the tiny checkpoints share: labels, sizes, and how one is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.values import Value

LABELS = ("calm", "glad", "sad")
LABEL_MAPS = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
ENCODER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SAMPLING_RATE = 16_000


@dataclass(frozen=True)
class Tiny:
    """Describe how a task is tried in tests.

    Args:
        build: writes the checkpoint into a folder and returns it.
        parameters: what differs from the task's defaults, so that a tiny random model answers soon and something.
        inputs: an input of the task; None where one made of ordinary parts will do.
    """

    build: Callable[[Path], Path]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Callable[[], Value] | None = None


def save(model: Any, folder: Path) -> Path:
    """Write a model's configuration and weights."""
    model.eval().save_pretrained(folder)
    return folder
