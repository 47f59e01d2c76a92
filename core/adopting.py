"""Models beside the catalog: what an id or a folder turns out to be, opening it, keeping it.

Owns the order of things when somebody names a checkpoint: find its configuration, recognise its tasks,
refuse what cannot run, remember it. Whether the visitor may is decided by the caller; how a task is
recognised is `core.engine.recognise`'s, and what is kept where is the catalog's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.catalog import ModelCard
from core.engine.checkpoint import check_files
from core.engine.recognise import fitting_tasks
from core.errors import BadInput, ModelUnavailable
from core.hub import Hub, weight_files
from core.showcase import Showcase
from core.tasks import get_task
from core.tasks.spec import Task

Say = Callable[[str], None]
"""Told what is being waited for."""

MAX_NAME_CHARS: Final = 1000
"""More than any id or path has; what is longer was pasted by mistake."""

_ADDRESS: Final = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+).*", re.I)
_PATH: Final = re.compile(r"[/~\\]|\.{1,2}([/\\]|$)|[a-z]:[/\\]|file:", re.I)


def _silent(_words: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Found:
    """Say what a name turned out to be.

    Args:
        tasks: what it can do, likeliest first; at least one.
        folder: where it stands on this machine, if it is not the Hub's.
        size_bytes: about what its weights weigh, where that is known.
    """

    model_id: str
    title: str
    tasks: tuple[Task, ...] = field(repr=False)
    folder: Path | None = None
    size_bytes: int | None = None


class Adopting:
    """Open checkpoints that the catalog does not have, and keep them in it."""

    def __init__(self, showcase: Showcase, hub: Hub) -> None:
        self._showcase = showcase
        self._catalog = showcase.catalog
        self._hub = hub

    def look(self, name: str, *, folders: bool, say: Say = _silent) -> Found:
        """Find out what an id of the Hub, its address there or a folder of this machine can do.

        Fetches a config.json at most. The first look of a process imports transformers, which takes seconds.

        Args:
            folders: whether whoever asks may name folders of this machine.

        Raises: BadInput, UnknownName or ModelUnavailable with one sentence for whatever is wrong.
        """
        name = name.strip().strip("\"'")
        if not name:
            raise BadInput("There is no model id yet.", hint="Type one, such as organisation/name.")
        if len(name) > MAX_NAME_CHARS:
            raise BadInput(f"That is longer than {MAX_NAME_CHARS} characters.", hint="Type a model id or a folder.")
        if not _PATH.match(name):
            address = _ADDRESS.fullmatch(name)
            return self._look_up(address[4] if address else name, say)
        if not folders:  # said before anything is looked at, so that nobody can feel their way around the disk
            raise BadInput(
                "Folders can be opened only on the machine that serves this page.",
                hint="Give a model id of the Hub, such as organisation/name.",
            )
        return self._look_in(name, say)

    def open(self, found: Found, task_id: str) -> ModelCard:
        """Remember a model for the visits to come; return its card, the catalog's own if it is in there.

        Raises: ModelUnavailable if it cannot run here now, or does not do the task.
        """
        if task_id not in [task.id for task in found.tasks]:
            could = ", ".join(task.id for task in found.tasks)
            raise ModelUnavailable(
                f"{found.title} is no model for {get_task(task_id).title.lower()}.", hint=f"It does: {could}."
            )
        card = ModelCard(
            task_id=task_id,
            model_id=found.model_id,
            title=found.title,
            folder=found.folder,
            size_bytes=found.size_bytes,
        )
        availability = self._showcase.availability(card)
        if availability.state == "unavailable":
            raise ModelUnavailable(availability.reason)
        return self._catalog.visit(card)

    def admit(self, task_id: str, model_id: str) -> ModelCard:
        """Return the model that a request names, opened if it is the Hub's and not open yet.

        Raises: as `look` and `open`.
        """
        card = self._catalog.find(task_id, model_id)
        return card or self.open(self.look(model_id, folders=False), task_id)

    def keep(self, card: ModelCard) -> ModelCard:
        """Write an opened model to the catalog file.

        Raises: ShowcaseError with the fix if the file cannot be written.
        """
        return self._catalog.keep(card)

    def take_out(self, card: ModelCard) -> ModelCard:
        """Take a model that was kept out of the catalog file again; it stays open.

        Raises: ShowcaseError with the fix if the file cannot be written.
        """
        return self._catalog.take_out(card)

    def _look_in(self, name: str, say: Say) -> Found:
        say("Reading the folder")
        try:
            folder = Path(name.removeprefix("file://")).expanduser().resolve()
            is_folder = folder.is_dir()
        except (OSError, RuntimeError, ValueError):  # ~nobody, a path with a NUL, a loop of links
            is_folder = False
        if not is_folder:
            raise BadInput("There is no such folder on this machine.", hint="Type the whole path of a folder.")
        try:
            config = check_files(folder, folder.name)
            names = [entry.name for entry in folder.iterdir()]
        except OSError as err:
            raise ModelUnavailable(f"{folder.name} cannot be read.", hint="Let this process read the folder.") from err
        size_bytes = sum(file.stat().st_size for file in weight_files(folder))
        tasks = self._recognised(config, names, folder.name, None, say)
        return Found(self._catalog.folder_id(folder), folder.name, tasks, folder, size_bytes)

    def _look_up(self, model_id: str, say: Say) -> Found:
        title = model_id.rpartition("/")[2]
        snapshot = self._hub.cached_snapshot(model_id)
        if snapshot is not None:
            say("Reading what is on this machine")
            config = check_files(snapshot, title)
            names = [entry.name for entry in snapshot.iterdir()]
            return Found(model_id, title, self._recognised(config, names, title, None, say))
        say("Asking the Hub")
        repository = self._hub.files(model_id)
        say("Reading its configuration")
        config = self._hub.config(model_id)
        names = [file.name for file in repository.files]
        tasks = self._recognised(config, names, title, repository.pipeline_tag, say)
        return Found(model_id, title, tasks, size_bytes=repository.weights_bytes)

    def _recognised(
        self, config: dict[str, Any], names: Collection[str], title: str, pipeline_tag: str | None, say: Say
    ) -> tuple[Task, ...]:
        say("Finding out what it does")
        return fitting_tasks(config, names, self._showcase.tasks(), title=title, pipeline_tag=pipeline_tag)
