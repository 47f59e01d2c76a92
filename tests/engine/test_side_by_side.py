"""Two runs of a model that remembers the run before do not get each other's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event, Thread
from typing import Any

import pytest
import torch

from core.catalog import Catalog
from core.engine import ModelKey
from core.engine.lanes import keep_apart
from core.engine.loader import TransformersLoader
from core.hub import Hub
from core.settings import ROOT
from core.tasks import TASKS

LENGTHS = (36, 81)
"""Of what is made of a longer one a shorter one takes its part, and none is wrong; the other way round it fails."""


class Remembering(torch.nn.Module):
    """Note a length, then what is made of it, as transformers' rotary embeddings do."""

    def __init__(self) -> None:
        super().__init__()
        self.cached_length: int | None = None
        self.cached_made = ""
        self.reached, self.go_on = Event(), Event()

    def forward(self, length: int) -> str:
        if length != self.cached_length:
            self.cached_length = length
            if length == 1:
                self.reached.set()
                self.go_on.wait(60)
            self.cached_made = f"of {length}"
        return self.cached_made


def test_what_a_run_finds_remembered_is_of_its_own_length() -> None:
    part = Remembering()
    keep_apart(torch.nn.Sequential(part))
    runs = [Thread(target=part, args=(length,), daemon=True) for length in (1, 2)]
    runs[0].start()
    assert part.reached.wait(60)
    runs[1].start()
    runs[1].join(0.2)  # it waits, or has come and gone
    part.go_on.set()
    for run in runs:
        run.join(60)
    assert part(2) == "of 2"


def test_a_model_that_remembers_lengths_answers_two_of_them_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog.read(ROOT / "models" / "catalog.toml")
    loader = TransformersLoader(hub=Hub(offline=True), catalog=catalog, tasks=TASKS)
    key = ModelKey("audio-classification", "starters/spoken-digits", None, "float32", "cpu", "torch")
    model: Any = loader.load(key, lambda _done, _total: None).pipe.model
    shorter, longer = (torch.randn(1, length, 160) for length in LENGTHS)

    def ask(input_features: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            answer: torch.Tensor = model(input_features=input_features).logits
            return answer

    alone = [ask(features) for features in (shorter, longer)]
    (remembering,) = [module for module in model.modules() if hasattr(module, "cached_sequence_length")]
    assert remembering.cached_sequence_length == LENGTHS[1]
    reached, go_on = Event(), Event()
    arange = torch.arange

    def pause(*positional: Any, **by_name: Any) -> torch.Tensor:
        if remembering.cached_sequence_length == LENGTHS[0] and not reached.is_set():
            reached.set()  # the length is noted, and nothing made of it yet
            go_on.wait(60)
        return arange(*positional, **by_name)

    monkeypatch.setattr(torch, "arange", pause)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(ask, shorter)
        assert reached.wait(60)
        second = threads.submit(ask, longer)
        wait([second], 0.5)  # it waits, or has come and gone
        go_on.set()
        for expected, found in zip(alone, (first.result(60), second.result(60)), strict=True):
            torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ask(longer), alone[1])
