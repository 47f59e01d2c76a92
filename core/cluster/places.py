"""A Ray cluster as a place that models run at: one autoscaled deployment, whose replicas hold several models each.

Owns starting or joining Ray, the deployment, sending an order to a replica, and sending it again when that replica
dies. Ray routes orders for a model to replicas that have it already.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from core.catalog import ModelCard
from core.cluster.order import Order, Outcome, Part, Refused
from core.cluster.replica import Replica
from core.engine import Engine, ModelKey, Ticket
from core.errors import Busy, ModelUnavailable, RunFailed
from core.remote.place import Place, Reply
from core.settings import ROOT, Settings

APP: Final = "podium"
"""What the application is called on the cluster. Whoever joins a cluster that has it uses it as it is."""

AT_ONCE: Final = 64
"""Orders that a replica takes at once; its engine gathers them."""

MODELS_NOTED: Final = 64
"""Models of a replica that Ray remembers. What is in memory is the engine's budget to say."""

TARGET_ONGOING: Final = 16
"""Orders under way per replica above which there are more replicas."""

TRIES: Final = 5
"""How often an order is sent when replicas die under it; a model that kills them all has to end somewhere."""

FIRST_WAIT_S: Final = 0.2

START_WITHIN_S: Final = 60.0
"""How long a request waits for Ray to start or answer; here it takes ten seconds. Starting goes on meanwhile."""

_RAY: Final = "ray"

log = logging.getLogger(__name__)


def ray_address(engine: str) -> str | None:
    """Return the address of the cluster that `PODIUM_ENGINE` names; None for one on this machine, started if need be.

    Raises: ValueError if it is no such name, or one that Ray Serve has no use for.
    """
    name, _, address = engine.partition(":")
    if name != _RAY:
        raise ValueError(f"PODIUM_ENGINE is {engine!r}; it may be here, ray or ray:HOST:6379.")
    if address.startswith("//"):
        raise ValueError(
            f"PODIUM_ENGINE is {engine!r}, Ray's client protocol, which Ray Serve's handles do not go through;"
            " make this machine a node (ray start --address=HOST:6379) and write ray:HOST:6379."
        )
    return address or None


class Cluster:
    """Know the models of a catalog, all of which the cluster runs. Satisfies `core.remote.place.Places`.

    Args:
        make: makes a replica's engine; pickled, so it has to be a module's own function, or a `partial` of one.
        start_within_s: how long a request waits for the cluster to be ready.
    """

    def __init__(
        self,
        cards: Iterable[ModelCard],
        settings: Settings,
        make: Callable[[], Engine],
        *,
        start_within_s: float = START_WITHIN_S,
    ) -> None:
        self._start_within_s = start_within_s
        self._names = {(card.task_id, card.model_id) for card in cards if not card.is_function and not card.endpoint}
        self._settings, self._make = settings, make
        self._address = ray_address(settings.engine)
        self._starting: asyncio.Future[Any] | None = None
        self._started_ray = self._started_app = False

    def find(self, key: ModelKey) -> Place | None:
        """Return the cluster, if this is one of its models."""
        return RayPlace(self, key) if (key.task_id, key.model_id) in self._names else None

    async def handle(self) -> Any:
        """Return the handle of the deployment, which the first call starts.

        Raises: ModelUnavailable if that cannot be done, or takes long; the next call tries or waits again.
        """
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        try:
            return await asyncio.wait_for(asyncio.shield(self._starting), self._start_within_s)
        except TimeoutError as err:
            raise ModelUnavailable(
                f"The cluster that models run on is not ready after {self._start_within_s:g} s.",
                hint="Try again in a minute; if that fails too, its address in PODIUM_ENGINE may be wrong.",
            ) from err
        except Exception as err:
            log.exception("Ray cannot be used")
            raise ModelUnavailable(
                "The cluster that models run on cannot be reached.", hint="Tell the owner: the server's log says more."
            ) from err

    async def close(self) -> None:
        """Take down what was started here."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> Any:
        import ray
        from ray import serve

        if not ray.is_initialized():
            # Nothing of Ray listens beyond this machine because of us, and nobody is told of it.
            ray.init(address=self._address, include_dashboard=False, log_to_driver=False, runtime_env=_environment())
            self._started_ray = True
        serve.start(proxy_location="Disabled")
        if APP not in serve.status().applications:
            serve.run(_application(self._settings, self._make), name=APP, route_prefix=None)
            self._started_app = True
        return serve.get_app_handle(APP)

    def _stop(self) -> None:
        if self._starting is None:
            return
        import ray
        from ray import serve

        if self._started_app and ray.is_initialized():
            serve.delete(APP)
        if self._started_ray:
            ray.shutdown()


def _environment() -> dict[str, Any]:
    """Return what a replica's process needs: this project where it is here, as on every node."""
    return {"env_vars": {"PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_DISABLE_TELEMETRY": "1"}}


def _application(settings: Settings, make: Callable[[], Engine]) -> Any:
    from ray import serve

    class Served(Replica):
        """Be a replica that Ray knows the models of."""

        note = serve.multiplexed(Replica.note, max_num_models_per_replica=MODELS_NOTED)

    deployment = serve.deployment(
        Served,
        name="models",
        max_ongoing_requests=AT_ONCE,
        autoscaling_config={
            "min_replicas": settings.ray_min_replicas,
            "max_replicas": max(settings.ray_min_replicas, settings.ray_max_replicas),
            "target_ongoing_requests": TARGET_ONGOING,
        },
        ray_actor_options={
            "num_cpus": settings.ray_cpus,
            "num_gpus": settings.ray_gpus,
            "runtime_env": _environment(),
        },
    )
    return deployment.bind(make)


class RayPlace:
    """Ask the cluster for one model."""

    host = _RAY

    def __init__(self, cluster: Cluster, key: ModelKey) -> None:
        self._cluster, self._key = cluster, key

    async def ask(self, ticket: Ticket) -> Reply:
        """Have a request answered. Raises any ShowcaseError."""
        from ray.exceptions import RayActorError
        from ray.serve.exceptions import BackPressureError

        handle = await self._cluster.handle()
        growing = _Growing(ticket)
        wait_s = FIRST_WAIT_S
        for left in reversed(range(TRIES)):
            try:
                return await self._once(handle, ticket, growing)
            except RayActorError as err:
                # Answering changes nothing, so an order whose replica has died is sent to another one.
                if growing.latest is not None or not left or wait_s >= ticket.left_s():
                    raise RunFailed("The cluster lost the machine that answered.", hint="Try again.") from err
                log.info("a replica died; its order is sent again in %.1f s", wait_s)
            except BackPressureError as err:
                raise Busy("The cluster has too much to do.", hint="Try again in 5 s.", retry_after_s=5.0) from err
            await asyncio.sleep(wait_s)
            wait_s *= 2
        raise RuntimeError("the last try neither answered nor refused")

    async def _once(self, handle: Any, ticket: Ticket, growing: _Growing) -> Reply:
        if ticket.inputs is None or ticket.parameters is None:
            raise ValueError("a warm-up is not asked elsewhere")
        order = Order(self._key, ticket.inputs, ticket.parameters, ticket.client, ticket.left_s())
        asked = handle.options(multiplexed_model_id=f"{order.key.task_id}/{order.key.model_id}")
        if not ticket.streaming:
            return _reply(await asked.answer.remote(order))
        async for part in asked.options(stream=True).stream.remote(order):
            if isinstance(part, Outcome):
                return _reply(part)
            growing.show(part)
            if ticket.stopped():
                return growing.reply()
        raise RunFailed("The cluster stopped in the middle of its answer.", hint="Try again.")


class _Growing:
    """Show an answer that grows."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self.latest: Part | None = None

    def show(self, part: Part) -> None:
        self.latest = part
        self._ticket.emit(part.value)

    def reply(self) -> Reply:
        """Return what there is, as the answer of a run that was stopped."""
        part = self.latest
        if part is None:
            raise RuntimeError("nothing was shown yet")
        return Reply(part.value, part.revision, part.dtype, f"{_RAY} {part.device}")


def _reply(outcome: Outcome) -> Reply:
    answer = outcome.result
    if isinstance(answer, Refused):
        raise answer.error()
    return Reply(
        output=answer.output,
        revision=answer.revision,
        dtype=answer.dtype,
        device=f"{_RAY} {answer.device}",
        batch_size=answer.batch_size,
        tokens=answer.tokens,
        labels=outcome.labels,
        runtime=answer.runtime,
        padding=answer.padding,
    )
