"""What a replica does with an order, and how orders and outcomes travel; Ray has no part in it."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import errors
from core.catalog import ModelCard
from core.cluster import Cluster, ray_address
from core.cluster.order import Order, Outcome, Part, Refused
from core.cluster.replica import Replica
from core.engine import Answer, Engine, ModelKey
from core.errors import Busy, ModelUnavailable, ShowcaseError
from core.runtime import build
from core.settings import Settings
from core.tasks import get_task
from core.values import Labels, Text
from tests.fake_engine import FakeLoader
from tests.own_loop import in_own_loop

KEY = ModelKey("text-classification", "m", None, "auto", "auto")

MADE: list[Engine] = []
"""The engines of the replicas of the test that runs."""

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShowcaseError)]


def order(task_id: str = "text-classification", **more: Any) -> Order:
    parameters = get_task(task_id).checked_parameters({})
    given: dict[str, Any] = {"key": KEY, "inputs": Text(text="a film"), "client": "c", "deadline_s": 60.0, **more}
    return pickle.loads(pickle.dumps(Order(parameters=parameters, **given)))


def replica_over(pipe: Callable[..., Any], **settings: Any) -> Replica:
    def make() -> Engine:
        MADE.append(Engine(loader=FakeLoader(pipe), budget_bytes=1_000_000, **settings))
        return MADE[-1]

    return Replica(make)


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """End the engines of a test with it, so that none of their threads is there when other tests count threads."""
    yield
    while MADE:
        MADE.pop().close(0.0)


def glad(texts: list[str], **_: Any) -> list[Any]:
    return [[{"label": "glad", "score": 0.75}] for _ in texts]


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_travels(kind: type[ShowcaseError]) -> None:
    more: Any = {"retry_after_s": 7.0} if issubclass(kind, Busy) else {}
    error = kind("What is wrong.", hint="The fix.", **more)
    back = pickle.loads(pickle.dumps(Outcome(Refused.of(error)))).result.error()
    assert type(back) is kind
    assert vars(back) == vars(error)


def test_an_order_is_answered() -> None:
    outcome = in_own_loop(replica_over(glad).answer(order()))
    assert isinstance(outcome.result, Answer)
    assert isinstance(outcome.result.output, Labels)
    assert outcome.result.revision == "f" * 40
    assert outcome.labels == ("negative", "positive")
    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_orders_that_come_together_share_a_run() -> None:
    sizes: list[int] = []

    def note(texts: list[str], **_: Any) -> list[Any]:
        sizes.append(len(texts))
        return glad(texts)

    async def many() -> list[Outcome]:
        replica = replica_over(note)
        return await asyncio.gather(*(replica.answer(order()) for _ in range(8)))

    assert all(isinstance(outcome.result, Answer) for outcome in in_own_loop(many()))
    assert max(sizes) > 1


def test_what_goes_wrong_is_an_outcome() -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise errors.TooLarge("It is too large.", hint="Cut it.")

    async def collected(replica: Replica) -> list[Part | Outcome]:
        return [part async for part in replica.stream(order())]

    refused = in_own_loop(replica_over(fail).answer(order())).result
    assert isinstance(refused, Refused)
    assert type(refused.error()) is errors.TooLarge
    (last,) = in_own_loop(collected(replica_over(fail)))
    assert last == Outcome(refused, last.labels if isinstance(last, Outcome) else ())
    full = in_own_loop(replica_over(glad, queue_limit=0).answer(order())).result
    assert isinstance(full, Refused)
    assert isinstance(full.error(), Busy)


@pytest.mark.parametrize(
    ("engine", "address"), [("ray", None), ("ray:head:6379", "head:6379"), ("ray:10.0.0.1:6379", "10.0.0.1:6379")]
)
def test_an_engine_names_a_cluster(engine: str, address: str | None) -> None:
    assert ray_address(engine) == address


@pytest.mark.parametrize(
    ("engine", "says"), [("kubernetes", "may be here, ray"), ("ray://head:10001", "ray:HOST:6379")]
)
def test_an_engine_that_cannot_be_is_refused_with_the_fix(engine: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ray_address(engine)


def test_ray_that_is_missing_is_asked_for_by_its_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"requirements-ray\.txt"):
        build(Settings(data_folder=tmp_path, engine="ray"))


def test_a_cluster_that_does_not_get_ready_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    card = ModelCard(task_id="text-classification", model_id="m", title="M")
    cluster = Cluster([card], Settings(engine="ray"), lambda: pytest.fail("no replica here"), start_within_s=0.01)
    answered = threading.Event()
    monkeypatch.setattr(cluster, "_start", answered.wait)
    monkeypatch.setattr(cluster, "_stop", lambda: None)
    place = cluster.find(KEY)
    assert place is not None
    assert cluster.find(replace(KEY, model_id="another")) is None

    async def ask() -> None:
        try:
            await cluster.handle()
        finally:
            answered.set()
            await cluster.close()

    with pytest.raises(ModelUnavailable, match=r"not ready after 0\.01 s"):
        in_own_loop(ask())
