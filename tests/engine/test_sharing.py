"""Two models of one checkpoint hold its weights once, and cost them once, until one of the two goes."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalog import Catalog, ModelCard
from core.engine import Engine, Loaded, ModelKey, Ticket
from core.engine.cache import with_headroom
from core.engine.loader import TransformersLoader
from core.engine.sharing import SharedWeights
from core.errors import DoesNotFit
from core.hub import Hub
from core.tasks import TASKS, get_task
from tests import tiny
from tests.engine.fakes import ECHO, PATIENCE_S, Clock, FakeLoader, Suffix, key, text

TWO_TASKS = ("image-classification", "image-feature-extraction")
ONE = ("revision", "float32", "cpu")


@pytest.fixture
def vit(tiny_folder: Callable[[str], Path], tmp_path: Path) -> TransformersLoader:
    """Return a loader that knows one ViT for two tasks."""
    folder = tiny_folder(TWO_TASKS[0])
    cards = [ModelCard(task_id=task_id, model_id="vit", title="ViT", folder=folder) for task_id in TWO_TASKS]
    return TransformersLoader(hub=Hub(cache_folder=tmp_path, offline=True), catalog=Catalog(cards), tasks=TASKS)


def key_of(task_id: str) -> ModelKey:
    return ModelKey(task_id, "vit", None, "float32", "cpu")


def load(loader: TransformersLoader, task_id: str) -> Loaded:
    return loader.load(key_of(task_id), lambda _done, _total: None)


def answer(loaded: Loaded, task_id: str) -> Any:
    task = get_task(task_id)
    parameters = task.checked_parameters(tiny.ROWS[task_id].parameters)
    return task.answers(loaded.pipe, [tiny.inputs_of(task)], parameters)


def test_a_checkpoint_of_two_tasks_is_held_once_and_answers_as_it_did(
    vit: TransformersLoader, tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    alone = {task_id: answer(load(vit, task_id), task_id) for task_id in TWO_TASKS}
    gc.collect()
    first, second = (load(vit, task_id) for task_id in TWO_TASKS)
    weights = {f"vit.{name}": parameter for name, parameter in second.pipe.model.named_parameters()}
    for name, parameter in first.pipe.model.named_parameters():
        assert weights.get(name, parameter) is parameter
    apart = set(weights) - set(dict(first.pipe.model.named_parameters()))
    assert {name.split(".")[1] for name in apart} <= {"pooler"}  # which a classifier does not have
    assert first.storages.keys() & second.storages.keys()
    assert {
        task_id: answer(loaded, task_id) for task_id, loaded in zip(TWO_TASKS, (first, second), strict=True)
    } == alone


def test_each_dtype_has_weights_of_its_own(vit: TransformersLoader) -> None:
    first = load(vit, TWO_TASKS[0])
    half = vit.load(dataclasses.replace(key_of(TWO_TASKS[1]), dtype="bfloat16"), lambda _done, _total: None)
    assert not first.storages.keys() & half.storages.keys()


def test_the_budget_counts_them_once_and_again_in_full_for_the_one_that_stays(vit: TransformersLoader) -> None:
    engine = Engine(loader=vit, budget_bytes=10**9)
    sizes = {}
    for task_id in TWO_TASKS:
        engine.load(get_task(task_id), key_of(task_id)).result()
        status = engine.info(key_of(task_id))
        assert status is not None
        sizes[task_id] = status.size_bytes
    both = engine.budget[0]
    headroom = sum(with_headroom(size) - size for size in sizes.values())
    assert both == pytest.approx(max(sizes.values()) + headroom, rel=0.02)
    engine.unload(key_of(TWO_TASKS[0]))
    assert engine.budget[0] == with_headroom(sizes[TWO_TASKS[1]])
    engine.unload(key_of(TWO_TASKS[1]))
    assert engine.budget[0] == 0
    engine.close()


def model(*, prefix: str = "", seed: int = 0, tied: bool = False) -> Any:
    """Return a pipe whose model has an encoder, a head that looks into it, and a decoder."""
    import torch

    torch.manual_seed(seed)
    encoder = torch.nn.ModuleDict({"words": torch.nn.Embedding(9, 4), "layer": torch.nn.Linear(4, 4)})
    torch.manual_seed(id(encoder))  # a head is filled with other numbers each time
    parts = {"head": torch.nn.Linear(4, 9, bias=False)}
    if tied:
        parts["head"].weight = encoder["words"].weight
    whole = torch.nn.ModuleDict({prefix: encoder, **parts} if prefix else {**encoder, **parts})
    whole.base_model_prefix = "bert"
    return type("Pipe", (), {"model": whole})


def named(pipe: Any) -> dict[str, Any]:
    return dict(pipe.model.named_parameters(remove_duplicate=False))


def test_the_base_model_s_prefix_makes_no_difference_and_heads_stay_their_own() -> None:
    weights, first, second = SharedWeights(), model(prefix="bert"), model()
    for pipe in (first, second):
        weights.share(pipe, ONE)
    one, other = named(first), named(second)
    for name in ("words.weight", "layer.weight", "layer.bias"):
        assert other[name] is one[f"bert.{name}"]
    assert other["head.weight"] is not one["head.weight"]


def test_tied_weights_stay_tied_and_are_exchanged_together() -> None:
    weights, first, second = SharedWeights(), model(prefix="bert"), model(tied=True)
    weights.share(first, ONE)
    weights.share(second, ONE)
    other = named(second)
    assert other["head.weight"] is other["words.weight"] is named(first)["bert.words.weight"]
    assert named(first)["head.weight"] is not other["head.weight"]


@pytest.mark.parametrize("change", ["numbers", "dtype", "shape", "another checkpoint"])
def test_what_differs_is_not_exchanged(change: str) -> None:
    import torch

    weights, first, second = SharedWeights(), model(), model(seed=1 if change == "numbers" else 0)
    blocks = weights.share(first, ONE)
    if change == "dtype":
        second.model.to(torch.bfloat16)
    elif change == "shape":
        for parameter in second.model.parameters():
            parameter.data = parameter.data[None]
    others = weights.share(second, ("another", *ONE[1:]) if change == "another checkpoint" else ONE)
    assert blocks
    assert not blocks.keys() & others.keys()


def test_a_recurrent_layer_runs_on_what_it_was_given() -> None:
    import torch

    def recurrent() -> Any:
        torch.manual_seed(0)
        return type("Pipe", (), {"model": torch.nn.ModuleDict({"cell": torch.nn.LSTM(3, 3)})})

    weights, first, second = SharedWeights(), recurrent(), recurrent()
    for pipe in (first, second):
        weights.share(pipe, ONE)
    kept = second.model["cell"]._flat_weights  # what it computes with, beside its parameters
    assert all(one is other for one, other in zip(kept, first.model.parameters(), strict=True))


def test_what_is_gone_is_forgotten_and_the_third_shares_with_the_second() -> None:
    weights, first, second, third = SharedWeights(), model(), model(), model()
    weights.share(first, ONE)
    weights.share(second, ONE)
    del first
    gc.collect()
    weights.share(third, ONE)
    assert named(third)["layer.weight"] is named(second)["layer.weight"]
    del second, third
    gc.collect()
    weights.share(model(), ("another", *ONE[1:]))
    assert list(weights._known) == [("another", *ONE[1:])]


def test_a_pipe_without_a_torch_model_is_left_alone() -> None:
    weights = SharedWeights()
    assert weights.share(object(), ONE) == {}
    assert weights.share(type("Pipe", (), {"model": object()}), ONE) == {}
    assert weights._known == {}


class Family(FakeLoader):
    """Load models of 100 bytes: those of one first letter have 80 of them in common."""

    def load(self, key: ModelKey, progress: Callable[[int, int | None], None]) -> Loaded:
        name = key.model_id
        loaded = super().load(key, progress)
        own, common = ("cpu", hash(name)), ("cpu", hash(name[0]))
        return dataclasses.replace(loaded, storages={own: 20, common: 80})


@pytest.fixture
def family() -> Iterator[Callable[[int], tuple[Engine, Family, Clock]]]:
    engines: list[Engine] = []

    def make(budget_bytes: int) -> tuple[Engine, Family, Clock]:
        loader, clock = Family(), Clock()
        engines.append(Engine(loader=loader, budget_bytes=budget_bytes, clock=clock))
        return engines[-1], loader, clock

    yield make
    for engine in engines:
        engine.close()


def ask(engine: Engine, clock: Clock, name: str) -> Ticket:
    clock.now_s += 1
    ticket = engine.submit(ECHO, key(name), text(), Suffix())
    ticket.result()
    return ticket


Make = Callable[[int], tuple[Engine, Family, Clock]]
NAMES = ["a1", "a2", "a3", "b1", "b2", "c1"]


def test_what_is_shared_costs_once_and_the_headroom_of_each_remains(family: Make) -> None:
    engine, _, clock = family(1000)
    used = []
    for name in ("a1", "a2", "b1", "a3"):
        ask(engine, clock, name)
        used.append(engine.budget[0])
    assert used == [125, 125 + 45, 125 + 45 + 125, 125 + 45 + 125 + 45]
    for name in ("a1", "a3", "b1"):
        engine.unload(key(name))
        used.append(engine.budget[0])
    assert used[4:] == [295, 250, 125]


def test_sending_one_away_frees_only_what_nobody_else_holds(family: Make) -> None:
    engine, loader, clock = family(125 + 45 + 125)
    for name in ("a1", "a2", "b1"):
        ask(engine, clock, name)
    loader.diary.clear()
    ask(engine, clock, "c1")  # a1 alone would free 45 of the 125 that it needs
    assert sorted(loader.diary[:-1]) == [("release", "a1"), ("release", "a2")]
    assert engine.budget[0] == 250


def test_nobody_goes_where_what_is_shared_with_one_in_use_would_not_come_free(family: Make) -> None:
    engine, loader, clock = family(250)
    loader.estimates["b1"] = 150  # 187 with its headroom: 80 are free, and a2 alone would free 45
    ask(engine, clock, "a1")
    ask(engine, clock, "a2")
    loader.pipe("a1").held = True
    busy = engine.submit(ECHO, key("a1"), text("busy"), Suffix())
    while loader.pipe("a1").next_batch() != ["busy"]:
        pass
    new = engine.submit(ECHO, key("b1"), text(), Suffix())
    assert [loader.estimated.get(timeout=PATIENCE_S) for _ in range(3)] == ["a1", "a2", "b1"]
    new.cancel()
    with engine._lock:
        assert engine._cache.changed.wait_for(lambda: engine.info(key("b1")) is None, PATIENCE_S)
    loader.open()
    assert busy.result().output == text("busy")
    assert loader.diary == [("load", "a1"), ("load", "a2")]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    budget_bytes=st.integers(250, 600),
    steps=st.lists(st.tuples(st.sampled_from(["ask", "ask", "unload", "pin"]), st.sampled_from(NAMES)), max_size=20),
)
def test_whoever_comes_and_goes_the_books_say_what_the_loaded_ones_take_together(
    family: Make, budget_bytes: int, steps: list[tuple[str, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None)
        patch.setattr("core.engine.cache.gc", nothing)  # a collection takes longer than all the rest
        engine, _, clock = family(budget_bytes)
        for step, name in steps:
            if step == "ask":
                with suppress(DoesNotFit):  # beside those that are pinned
                    ask(engine, clock, name)
            elif step == "unload":
                engine.unload(key(name))
            else:
                engine.pin(key(name), key(name) not in engine._cache.pinned)
            here = [status.key.model_id for status in engine.models()]
            assert engine.budget[0] == 125 * len(here) - 80 * (len(here) - len({name[0] for name in here}))
            assert engine.budget[0] <= budget_bytes
        engine.close()
