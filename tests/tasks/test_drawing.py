"""Seeded draws: the same for the same seed whatever else draws meanwhile, and true to the model's chances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from core.tasks import get_task
from core.tasks.drawing import seeded
from core.tasks.spec import Checkpoint
from core.values import Text


def test_the_same_seed_writes_the_same_whoever_else_draws(tiny_folder: Callable[[str], Path]) -> None:
    task = get_task("text-generation")
    pipe = task.load(Checkpoint(tiny_folder("text-generation"), "float32", "cpu"))

    def written(seed: int) -> str:
        parameters = task.checked_parameters({"max_new_tokens": 20, "seed": seed, "temperature": 1.5})
        (answer,) = task.answers(pipe, [Text(text="anna")], parameters)
        return str(answer.text)

    first = written(7)
    torch.rand(1000)  # another model's draws
    assert written(7) == first
    assert written(8) != first


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    chances = torch.tensor([0.6, 0.3, 0.1])
    logits = chances.log().expand(1, 3)
    *warpers, draw = seeded(3, temperature=1.0, top_k=3, top_p=1.0)["logits_processor"]
    assert len(warpers) == 3
    drawn = Counter(int(draw(None, logits).argmax()) for _ in range(4000))
    for token, chance in enumerate(chances.tolist()):
        assert abs(drawn[token] / 4000 - chance) < 0.03  # four standard deviations
