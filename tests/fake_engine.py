"""A showcase over plain Python functions: no weights, no torch; everything else is real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
    """Take every word for a token, and read any number of them."""

    model_max_length = 1_000_000
    is_fast = True
    pad_token_id = 0

    def __call__(self, given: str, **_: object) -> dict[str, Any]:
        return {"input_ids": given.split(), "text": given}

    def pad(self, rows: list[dict[str, Any]], **_: object) -> dict[str, list[str]]:
        return {"texts": [row["text"] for row in rows]}

    def num_special_tokens_to_add(self) -> int:
        return 0


class FakeScores:
    """Stand for the row of a tensor that holds one text's scores."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __getitem__(self, _: object) -> FakeScores:
        return self


class FakePipe:
    """Be as much of a transformers pipeline as text classification looks at."""

    def __init__(self, answer: Pipe) -> None:
        self._answer = answer
        self.tokenizer = FakeTokenizer()
        config = SimpleNamespace(get_text_config=lambda: None)
        self.model = SimpleNamespace(config=config, base_model=None)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self._answer(*inputs, **options)

    def forward(self, encoded: dict[str, list[str]]) -> dict[str, list[FakeScores]]:
        return {"logits": [FakeScores(rows) for rows in self._answer(encoded["texts"])]}

    def postprocess(self, outputs: dict[str, FakeScores], **_: object) -> Any:
        return outputs["logits"].rows


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
