"""What tests of generated texts share: a loaded checkpoint, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import Chat, Text

TASK: Final = get_task("text-generation")
GREEDY: Final = {"max_new_tokens": 12, "do_sample": False}


def loaded(folder: Path) -> Any:
    """Return a checkpoint as the task loads it."""
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def written(pipe: Any, inputs: Text | Chat, **parameters: Any) -> str:
    """Return what is written after one input, always the likeliest unless the parameters say otherwise."""
    (answer,) = TASK.answers(pipe, [inputs], TASK.checked_parameters({**GREEDY, **parameters}))
    return str(answer.text)
