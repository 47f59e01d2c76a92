"""Making a model ready: find its files or fetch them, check them, load them, say what came out.

Owns the way from a key to a loaded pipe. What a pipe is, is the task's; what stays in memory and for how
long is the cache's.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.catalog import Catalog
from core.engine.allocator import trim_memory, weights_apart
from core.engine.cache import HEADROOM
from core.engine.checkpoint import check_architecture, check_folder
from core.engine.key import Loaded, ModelKey, Progress
from core.engine.lanes import keep_apart
from core.engine.precision import choose_device, choose_dtype
from core.engine.room import is_out_of_memory
from core.engine.runtimes.lengths import lengthen
from core.engine.runtimes.rungs import is_worth_a_look
from core.engine.runtimes.surveyor import Surveyor
from core.engine.runtimes.writers import writes
from core.engine.sharing import SharedWeights
from core.engine.torch_setup import prepare_torch
from core.engine.weights import DamagedWeights, fingerprint, memory_bytes, memory_of_parameters
from core.errors import DoesNotFit, ModelUnavailable, UnknownName
from core.hub import Hub, weight_files
from core.hub.files import CONFIG
from core.tasks.spec import Checkpoint, Task
from core.values import Boxes, Entities, FilmLabels, Labels, Masks

log = logging.getLogger(__name__)

_MAKING = threading.Lock()
"""transformers keeps process-wide state while it loads: of two loads at once, one can miss its tied weights."""

_NEEDS_PACKAGE = re.compile(r"requires the (?:following |python )?(\S+) library|No module named '([\w.]+)'", re.I)

_UNNAMED = {0: "LABEL_0", 1: "LABEL_1"}
"""What transformers fills in where a checkpoint names no labels, as those do that are told them with each input."""


class TransformersLoader:
    """Load checkpoints of the Hub and of this machine as the tasks say. Satisfies `core.engine.key.Loader`.

    Args:
        surveyor: finds the fastest way to compute each model; None to compute all with torch.
        budget_bytes: what the loaded models may cost together; a program that costs more is left for torch.
        prefix_bytes: what each model that writes may keep of what it has read.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        catalog: Catalog,
        tasks: Sequence[Task],
        surveyor: Surveyor | None = None,
        budget_bytes: float = math.inf,
        prefix_bytes: int = 0,
    ) -> None:
        self._hub = hub
        self._catalog = catalog
        self._tasks = {task.id: task for task in tasks}
        self._surveyor, self._budget_bytes, self._prefix_bytes = surveyor, budget_bytes, prefix_bytes
        self._shared = SharedWeights()

    def estimate_bytes(self, key: ModelKey) -> int:
        """Return the memory that the model will take; downloads nothing.

        Raises: ModelUnavailable or UnknownName if that cannot be found out.
        """
        dtype = choose_dtype(key.dtype, choose_device(key.device))
        folder = self._find(key)
        if folder is not None:
            try:
                return memory_bytes(weight_files(folder), dtype)
            except (OSError, DamagedWeights) as err:
                raise _damaged(self._title(key)) from err
        repository = self._hub.files(key.model_id, key.revision)
        return memory_of_parameters(dict(repository.parameters), dtype) or repository.weights_bytes

    def load(self, key: ModelKey, progress: Progress) -> Loaded:
        """Return the model, ready to run; `progress` hears of a download, if there is one.

        Raises: ModelUnavailable saying what is wrong, DoesNotFit if memory ran out, UnknownName.
        """
        task = self._task(key)
        prepare_torch()
        device = choose_device(key.device)
        dtype = choose_dtype(key.dtype, device)
        folder = self._find(key) or self._fetch(key, task, progress)
        title = self._title(key)
        config = check_folder(folder, task, title)
        card = self._catalog.find(key.task_id, key.model_id)
        is_local = card is not None and card.folder is not None
        revision = fingerprint(folder / CONFIG, weight_files(folder)) if is_local else folder.name
        surveyor = self._surveyor if device == "cpu" and is_worth_a_look(key.runtime, key.dtype) else None
        finding = surveyor.finding(key, revision) if surveyor else None
        rung = finding.chosen_within(self._budget_bytes / HEADROOM) if finding else None
        if rung:
            dtype = "bfloat16" if rung.name == "torch bfloat16" else "float32"
        pipe = _make(task, Checkpoint(folder, dtype, device, self._prefix_bytes), title)
        program_bytes = 0
        if surveyor and rung and rung.runtime != "torch":
            program_bytes = surveyor.put_in_place(
                pipe.model, key, revision, rung, lambda: _make(task, Checkpoint(folder, "float32", device), title).model
            )
            program_bytes = max(program_bytes, finding.memory_bytes(rung)) if finding and program_bytes else 0
        elif surveyor and not finding and is_worth_a_look(key.runtime, key.dtype, writes=writes(pipe.model)):
            surveyor.look(key, revision, folder, memory_bytes(weight_files(folder), "float32"))
        if dtype == "bfloat16" and device == "cpu" and not program_bytes and not writes(pipe.model):
            lengthen(pipe.model)
        # A program's module has no weights left to share.
        storages = {} if program_bytes else self._shared.share(pipe, (revision, dtype, device))
        return Loaded(
            pipe=pipe,
            size_bytes=program_bytes or sum(storages.values()),
            storages=storages,
            revision=revision,
            labels=_labels(pipe, config) if _has_labels(task) else (),
            sampling_rate=_sampling_rate(pipe),
            dtype=rung.dtype if rung and program_bytes else dtype,
            device=device,
            runtime=rung.runtime if rung and program_bytes else "torch",
            finding=finding,
        )

    def release(self, loaded: Loaded) -> None:
        """Give the memory of a model that was let go back to the system, and to other users of the device."""
        if loaded.device != "cpu":
            import torch

            torch.cuda.empty_cache()
        trim_memory()

    def _task(self, key: ModelKey) -> Task:
        if key.task_id not in self._tasks:
            known = ", ".join(self._tasks)
            raise UnknownName(f"There is no task '{key.task_id}'.", hint=f"The tasks are: {known}.")
        return self._tasks[key.task_id]

    def _title(self, key: ModelKey) -> str:
        card = self._catalog.find(key.task_id, key.model_id)
        return card.title if card else key.model_id

    def _find(self, key: ModelKey) -> Path | None:
        """Return the folder of a model that is on this machine, None if it has to be fetched."""
        card = self._catalog.find(key.task_id, key.model_id)
        if card is not None and card.folder is not None:
            return card.folder
        return self._hub.cached_snapshot(key.model_id, key.revision)

    def _fetch(self, key: ModelKey, task: Task, progress: Progress) -> Path:
        # What cannot be used is refused for its configuration, before its weights are fetched.
        check_architecture(self._hub.config(key.model_id, key.revision), task, self._title(key))
        folder, _ = self._hub.download(key.model_id, key.revision, progress)
        return folder


def _make(task: Task, checkpoint: Checkpoint, title: str) -> Any:
    """Let the task load a checkpoint; whatever transformers says about it becomes one sentence."""
    import torch
    from safetensors import SafetensorError

    try:
        with _MAKING, weights_apart():
            pipe = task.load(checkpoint)
    except (MemoryError, torch.OutOfMemoryError) as err:
        raise _out_of_memory(title) from err
    except (
        ImportError,
        OSError,
        ValueError,
        RuntimeError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        SafetensorError,
    ) as err:
        if is_out_of_memory(err):
            raise _out_of_memory(title) from err
        package = _NEEDS_PACKAGE.search(str(err))
        log.warning("%s cannot be loaded for %s", title, task.id, exc_info=True)
        if isinstance(err, ImportError) and package:
            name = (package[1] or package[2]).lower()
            raise ModelUnavailable(
                f"{title} needs the Python package {name}.", hint=f"Install it: pip install {name}"
            ) from err
        raise ModelUnavailable(
            f"{title} cannot be loaded: its files do not make a working {task.title.lower()} model.",
            hint="Choose another checkpoint or revision; the server's log says more.",
        ) from err
    model = getattr(pipe, "model", None)
    if isinstance(model, torch.nn.Module):
        model.eval()
        keep_apart(model)
    return pipe


def _has_labels(task: Task) -> bool:
    """Return whether a task's answers are made of its model's own labels, and not of those that a visitor gives."""
    return (
        task.output in (Labels, FilmLabels, Entities, Boxes, Masks)
        and "candidate_labels" not in task.parameters.model_fields
    )


def _labels(pipe: Any, config: dict[str, Any]) -> tuple[str, ...]:
    """Return a model's labels in the order of their numbers."""
    named = getattr(pipe.model.config, "id2label", None) or config.get("id2label") or {}
    if named == _UNNAMED:
        return ()
    return tuple(str(label) for _, label in sorted(named.items(), key=lambda item: int(item[0])))


def _sampling_rate(pipe: Any) -> int | None:
    """Return the rate in Hz that a model listens at, None if it does not listen."""
    rate = getattr(getattr(pipe, "feature_extractor", None), "sampling_rate", None)
    return None if rate is None else int(rate)


def _out_of_memory(title: str) -> DoesNotFit:
    return DoesNotFit(
        f"Memory ran out while {title} was being loaded.", hint="Choose a smaller model, or unload others."
    )


def _damaged(title: str) -> ModelUnavailable:
    return ModelUnavailable(f"The weights of {title} are damaged.", hint="Fetch the model again.")
