"""A showcase over plain Python functions: no weights; everything else is real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from core.catalog import Availabilities, Catalog
from core.demos import DemoLoader, Demos, ask_model
from core.engine import Engine, Loaded, ModelKey
from core.feedback.store import FeedbackStore
from core.hub import Hub
from core.settings import Settings
from core.showcase import Showcase
from core.tasks import TASKS

Pipe = Callable[..., Any]

NO_DEMOS = Demos()


class FakeTokenizer:
    """Take every character for a token, and read any number of them."""

    model_max_length = 1_000_000
    is_fast = True
    pad_token_id = 0

    def __call__(self, given: str, **_: object) -> dict[str, Any]:
        return {"input_ids": [ord(character) for character in given]}

    def pad(self, rows: list[dict[str, Any]], **_: object) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(row["input_ids"]) for row in rows]
        return {"input_ids": torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)}

    def num_special_tokens_to_add(self) -> int:
        return 0


class FakeModel:
    """Score texts as a function does, which is given them and returns rows of labels with scores."""

    base_model = None
    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, answer: Pipe) -> None:
        self._answer = answer
        # Of a regression the scores are what the model says, as it says them.
        self.config = SimpleNamespace(get_text_config=lambda: None, problem_type="regression", id2label={})

    def forward(self, input_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        texts = ["".join(chr(token) for token in row if token) for row in input_ids.tolist()]
        answers = self._answer(texts)
        self.config.id2label = {at: row["label"] for answer in answers for at, row in enumerate(answer)}
        return {"logits": torch.tensor([[row["score"] for row in answer] for answer in answers])}

    __call__ = forward


class FakePipe:
    """Be as much of a transformers pipeline as text classification looks at."""

    def __init__(self, answer: Pipe) -> None:
        self._answer = answer
        self.tokenizer = FakeTokenizer()
        self.model = FakeModel(answer)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self._answer(*inputs, **options)


class FakeLoader:
    """Load a pipe that answers every text as the test says."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def estimate_bytes(self, key: ModelKey) -> int:
        return 1_000

    def load(self, key: ModelKey, progress: Callable[[int, int | None], None]) -> Loaded:
        progress(1_000, 1_000)
        return Loaded(FakePipe(self._pipe), 1_000, "f" * 40, ("negative", "positive"), None, "float32", "cpu")

    def release(self, loaded: Loaded) -> None:
        """Nothing is held."""


def catalog_in(folder: Path) -> Catalog:
    """Write a catalog of one complete-looking model for two tasks."""
    model = folder / "model"
    model.mkdir(exist_ok=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (model / name).write_text("{}")
    rows = "".join(
        f'[[model]]\npath = "model"\ntask = "{task_id}"\ntitle = "Model"\n\n'
        for task_id in ("text-classification", "text-generation")
    )
    path = folder / "catalog.toml"
    path.write_text(rows)
    return Catalog.read(path)


def showcase_of(folder: Path, pipe: Pipe, demos: Demos = NO_DEMOS, **settings: Any) -> Showcase:
    """Build a showcase whose models are `pipe`, and which has these demos."""
    made = Settings(data_folder=folder, **settings)
    loader = DemoLoader(demos.found, lambda *asked: ask_model(showcase, *asked), checkpoints=FakeLoader(pipe))
    engine = Engine(loader=loader, budget_bytes=1_000_000, queue_limit=made.queue_limit)
    showcase = Showcase(
        settings=made,
        catalog=Catalog([*catalog_in(folder).cards, *demos.cards]),
        engine=engine,
        availabilities=Availabilities(hub=Hub(offline=True), budget_bytes=engine.budget_bytes),
        store=FeedbackStore(made.database_url),
        tasks=[*TASKS, *demos.tasks],
    )
    return showcase
