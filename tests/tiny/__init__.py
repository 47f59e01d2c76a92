"""Tiny real checkpoints, one per task, made from a configuration: random weights, right shapes.

Owns the folders that tests load instead of downloaded models: config, safetensors, tokenizer or
processor, as `save_pretrained` writes them. A few hundred kilobytes and a fraction of a second each.
A new task adds one row to the module of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.tasks.spec import Task
from core.values import Audio, Chat, Image, InputField, Message, Table, Text, Value, Video, fields_of
from tests.tiny import mixed, pictures, scenes, sequences, sounds, texts
from tests.tiny.base import SAMPLING_RATE, Tiny

ROWS: Mapping[str, Tiny] = {
    **texts.ROWS,
    **sequences.ROWS,
    **pictures.ROWS,
    **scenes.ROWS,
    **sounds.ROWS,
    **mixed.ROWS,
}
"""How each task is tried, by task id."""

_NOISE = np.random.default_rng(0)

ATOMS: Mapping[type[Value], Value] = {
    Text: Text(text="the film left anna ."),
    Image: Image.from_array(_NOISE.integers(0, 255, (48, 64, 3), np.uint8)),
    Audio: Audio.from_array(_NOISE.uniform(-0.5, 0.5, 16_000).astype(np.float32), SAMPLING_RATE),
    Video: Video.from_array(_NOISE.integers(0, 255, (8, 48, 64, 3), np.uint8), 1.0),
    Table: Table(columns=("film", "year"), rows=(("the good", "1999"), ("the bad", "2001"))),
    Chat: Chat(messages=(Message(role="user", content="the film left anna ."),)),
}
"""An ordinary atom of each kind."""


def build(task_id: str, folder: Path) -> Path:
    """Write the tiny checkpoint of a task into `folder` and return it; the same weights every time."""
    import torch

    torch.manual_seed(0)
    return ROWS[task_id].build(folder)


def inputs_of(task: Task) -> Value:
    """Return an input of a task."""
    made = ROWS[task.id].inputs
    if made is not None:
        return made()
    fields = fields_of(task.input)
    return task.input(**{field.name: _part(field) for field in fields}) if fields[0].name else ATOMS[task.input]


def _part(field: InputField) -> object:
    atom = ATOMS[field.atom]
    return (atom,) * max(2, field.least) if field.many else atom
