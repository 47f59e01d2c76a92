"""Whether a checkpoint's folder may and can be loaded for a task, before transformers sees it.

Owns the refusals: what is missing, damaged, needs code of its own, or was made for another task. Opens
only JSON and the headers of safetensors files; runs nothing.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.engine.weights import DamagedWeights, read_header
from core.errors import ModelUnavailable
from core.hub.files import CONFIG, no_safetensors, weight_files
from core.tasks.spec import Task
from core.values import Audio, Chat, Image, Table, Text, Transcript, Video, fields_of

_CODE_KEYS = frozenset({"auto_map", "custom_pipelines"})
_CONFIGURATIONS = (
    CONFIG,
    "generation_config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
)
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.spm", "bpe.codes")
_NO_HEAD = frozenset({"image-feature-extraction"})
"""Tasks that need no head: every checkpoint has a body, whatever it was trained for."""
_PROCESSORS = ("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json")


def check_folder(folder: Path, task: Task, title: str) -> dict[str, Any]:
    """Refuse a folder that cannot be loaded for `task`; return its configuration.

    Raises: ModelUnavailable with one sentence for whatever is wrong.
    """
    config = check_files(folder, title)
    check_processors([entry.name for entry in folder.iterdir()], task, title)
    check_architecture(config, task, title)
    return config


def check_files(folder: Path, title: str) -> dict[str, Any]:
    """Refuse a folder that no task can load; return its configuration.

    Raises: ModelUnavailable with one sentence for whatever is wrong.
    """
    if not folder.is_dir():
        raise ModelUnavailable(f"The folder of {title} is missing.", hint="Fetch it, or correct the catalog.")
    names = [entry.name for entry in folder.iterdir()]
    if CONFIG not in names:
        raise ModelUnavailable(
            f"{title} has no config.json, so it is not a checkpoint.", hint="Save it with save_pretrained."
        )
    for name in _CONFIGURATIONS:
        if name in names:
            refuse_code(read_json(folder / name, title), title)
    if "adapter_config.json" in names:
        raise ModelUnavailable(
            f"{title} is an adapter, not a whole model.", hint="Merge it into its base model and save that."
        )
    _check_weights(folder, names, title)
    return read_json(folder / CONFIG, title)


def read_json(path: Path, title: str) -> dict[str, Any]:
    """Read one of a checkpoint's JSON files.

    Raises: ModelUnavailable if it is not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise _damaged(path.name, title) from err
    if not isinstance(content, dict):
        raise _damaged(path.name, title)
    return content


def check_architecture(config: dict[str, Any], task: Task, title: str) -> None:
    """Refuse a configuration that was made for another task, or whose code transformers does not have.

    transformers would load it all the same, with random numbers in place of the head that is missing.
    Raises: ModelUnavailable naming what it is and what the task needs.
    """
    import transformers

    refuse_code(config, title)
    known = None if task.id in _NO_HEAD else heads_of(task.id)
    if known is None or config.get("model_type") in task.also_loads:  # a loader of the task's own knows best
        return
    kinds, heads = known
    architecture = str((config.get("architectures") or [""])[0])
    if architecture in heads:
        return
    if config.get("model_type") not in kinds or hasattr(transformers, architecture):
        example = next((kind for kind in sorted(heads) if kind.startswith(architecture.partition("For")[0])), None)
        needed = example or "another kind of model"
        what = architecture or config.get("model_type") or "model of unknown kind"
        raise ModelUnavailable(
            f"{title} is a {what}; {task.title.lower()} needs {needed}.",
            hint=f"Choose a model that the Hub lists under {task.id}.",
        )


def heads_of(task_id: str) -> tuple[set[str], set[str]] | None:
    """Return the model types and the classes that transformers has for a task; None if it has no such pipeline."""
    from transformers import pipelines

    described = pipelines.SUPPORTED_TASKS.get(task_id)
    return None if described is None else classes_of(described["pt"])


def classes_of(auto_classes: Iterable[Any]) -> tuple[set[str], set[str]]:
    """Return the model types and the classes that some of transformers' Auto classes know."""
    kinds: set[str] = set()
    classes: set[str] = set()
    for auto_class in auto_classes:
        for kind, names in auto_class._model_mapping._model_mapping.items():
            kinds.add(kind)
            classes.update([names] if isinstance(names, str) else names)
    return kinds, classes


def refuse_code(content: Any, title: str) -> None:
    """Refuse a configuration that names code, at whatever depth: nested ones have been run by mistake before.

    Source: CVE-2026-5241, where trust_remote_code=False did not hold for a nested configuration.
    """
    if isinstance(content, dict):
        if _CODE_KEYS & content.keys():
            raise ModelUnavailable(
                f"{title} brings code of its own, and code from a checkpoint is never run here.",
                hint="Choose a model that transformers knows without trust_remote_code.",
            )
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            refuse_code(part, title)


def _check_weights(folder: Path, names: list[str], title: str) -> None:
    files = weight_files(folder)
    if not files:
        raise no_safetensors(title, names)
    for file in files:
        try:
            read_header(file)
        except (OSError, DamagedWeights) as err:
            raise _damaged(file.name, title) from err


def check_processors(names: Iterable[str], task: Task, title: str) -> None:
    """Refuse a checkpoint whose files have nothing that turns the task's inputs into tensors.

    Without these files transformers would build a tokenizer that knows no word, and say nothing.
    Raises: ModelUnavailable naming what is missing.
    """
    names = list(names)

    def has(patterns: tuple[str, ...]) -> bool:
        return any(fnmatch.filter(names, pattern) for pattern in patterns)

    atoms = {field.atom for field in fields_of(task.input)}
    words = atoms & {Text, Chat, Table} or issubclass(task.output, Text | Transcript)
    if words and not has(_TOKENIZERS):
        raise ModelUnavailable(f"{title} has no tokenizer.", hint="Save the tokenizer beside the model.")
    if atoms & {Image, Audio, Video} and not has(_PROCESSORS):
        raise ModelUnavailable(f"{title} has no preprocessor_config.json.", hint="Save the processor beside the model.")


def _damaged(name: str, title: str) -> ModelUnavailable:
    return ModelUnavailable(f"The file {name} of {title} is damaged.", hint="Fetch the model again.")
