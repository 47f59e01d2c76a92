"""Builds the showcase once per process, from the environment.

The only place where the parts are put together. `Home.py` runs once for each session and once more
as the server's module; both find the same runtime here.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import logging
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from core.adopting import Adopting
from core.catalog import Availabilities, Catalog
from core.demos import DemoLoader, Demos, ask_model, find_demos
from core.engine import AnyEngine, Engine, Loader
from core.engine.budget import memory_budget_bytes
from core.engine.loader import TransformersLoader
from core.engine.runtimes.surveyor import Surveyor
from core.feedback.store import FeedbackStore
from core.hub import Hub
from core.judging import Judging
from core.media import Limits
from core.remote import Caller, Endpoints, PlacedEngine, Places, RemoteEngine, read_endpoint_keys
from core.settings import Settings
from core.showcase import Showcase
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Value

log = logging.getLogger(__name__)

WARM_AFTER_S = 5.0
"""Seconds that warming waits for the first page at most: importing torch would slow that page down."""


@dataclass(frozen=True)
class Runtime:
    """Hold the parts of one process."""

    settings: Settings
    showcase: Showcase
    judging: Judging
    adopting: Adopting
    salt: bytes = field(repr=False)
    demos: Demos
    surveyor: Surveyor
    first_page_shown: threading.Event = field(default_factory=threading.Event)
    warmed: threading.Event = field(default_factory=threading.Event)

    def hashed(self, who: str) -> str:
        """Return a salted hash of who someone is, so that nobody can be found by it."""
        return _hashed(self.salt, who)

    def tasks_on(self, page: str) -> list[Task]:
        """Return the tasks that a page shows, by its name in the address; none for a page without tasks."""
        return [task for task in self.showcase.tasks() if task.modality == page]

    def warm_in_background(self) -> None:
        """Load what the tasks start with, once the first page has been shown."""
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def close(self) -> None:
        """Answer or refuse what is under way, then let go of everything."""
        self.surveyor.close()
        self.showcase.close()

    def _warm(self) -> None:
        self.first_page_shown.wait(WARM_AFTER_S)
        try:
            self.showcase.warm()
        except Exception:  # whatever it was, a visitor's own run will meet it again and be told
            log.exception("the default models could not all be loaded")
        self.warmed.set()
        self.surveyor.thin_in_background()  # now that what the tasks start with was found and used


@lru_cache(1024)
def _hashed(salt: bytes, who: str) -> str:
    return hmac.new(salt, who.encode(), hashlib.sha256).hexdigest()[:32]


@cache
def runtime() -> Runtime:
    """Return this process's runtime, building it at the first call."""
    return build(Settings.from_env(os.environ))


def build(settings: Settings) -> Runtime:
    """Put the parts together."""
    demos = find_demos(settings.demos_folder)
    catalog = Catalog([*Catalog.read(settings.catalog_path).cards, *demos.cards], settings.catalog_path)
    hub = Hub.from_env(os.environ)

    def ask(task_id: str, inputs: Any, parameters: Mapping[str, Any], model_id: str | None) -> Value:
        return ask_model(showcase, task_id, inputs, parameters, model_id)

    surveyor = Surveyor(settings.data_folder / "runtimes", limit_bytes=settings.runtimes_bytes)
    budget_bytes = _budget_bytes(settings)
    loader = TransformersLoader(
        hub=hub,
        catalog=catalog,
        tasks=TASKS,
        surveyor=surveyor,
        budget_bytes=budget_bytes,
        prefix_bytes=settings.prefix_bytes,
    )
    here = _engine(DemoLoader(demos.found, ask, checkpoints=loader), settings, budget_bytes)
    engine = _placed(here, catalog, settings)
    showcase = Showcase(
        settings=settings,
        catalog=catalog,
        engine=engine,
        availabilities=Availabilities(hub=hub, budget_bytes=engine.budget_bytes),
        store=FeedbackStore(settings.database_url),
        tasks=[*TASKS, *demos.tasks],
    )
    surveyor.found = lambda key: here.renew(get_task(key.task_id), key)
    adopting = Adopting(showcase, hub)
    return Runtime(settings, showcase, Judging(showcase), adopting, _salt(settings.data_folder), demos, surveyor)


def _placed(here: Engine, catalog: Catalog, settings: Settings) -> AnyEngine:
    """Return an engine that asks each model where the catalog and `PODIUM_ENGINE` say that it runs.

    Raises: ValueError if they say something that cannot be.
    """
    keys = read_endpoint_keys(settings.endpoint_keys)
    places: list[Places] = []
    if any(card.endpoint is not None for card in catalog.cards):
        places.append(Endpoints(catalog.cards, caller=Caller(keys), limits=Limits.of(settings)))
    if settings.engine != "here":
        from core.cluster import Cluster  # Ray is for those who ask for it

        if importlib.util.find_spec("ray") is None:
            raise ValueError("PODIUM_ENGINE names Ray, which is missing: pip install -r requirements-ray.txt")
        places.append(Cluster(catalog.cards, settings, partial(checkpoint_engine, settings)))
    if not places:
        return here
    return PlacedEngine(here=here, elsewhere=RemoteEngine(places, queue_limit=settings.queue_limit))


def checkpoint_engine(settings: Settings) -> Engine:
    """Return an engine for the checkpoints of the catalog in the process that calls it: a replica's on a cluster."""
    loader = TransformersLoader(
        hub=Hub.from_env(os.environ),
        catalog=Catalog.read(settings.catalog_path),
        tasks=TASKS,
        prefix_bytes=settings.prefix_bytes,
    )
    return _engine(loader, settings, _budget_bytes(settings))


def _budget_bytes(settings: Settings) -> int:
    return settings.memory_bytes or memory_budget_bytes(settings.device, os.environ.get("CUDA_VISIBLE_DEVICES"))


def _engine(loader: Loader, settings: Settings, budget_bytes: int) -> Engine:
    return Engine(
        loader=loader,
        budget_bytes=budget_bytes,
        queue_limit=settings.queue_limit,
        known_bytes=settings.known_bytes,
    )


def _salt(folder: Path) -> bytes:
    """Return the salt of this installation, made at the first start; where nothing can be kept, of this process."""
    path = folder / "salt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    except OSError:
        return secrets.token_bytes(32)
    with os.fdopen(descriptor, "wb") as file:
        salt = secrets.token_bytes(32)
        file.write(salt)
    return salt
