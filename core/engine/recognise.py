"""Which tasks a checkpoint can do, from its configuration and the names of its files alone.

Owns the way from an architecture to tasks: transformers' Auto classes for what it has as a pipeline, the
tables below for what it has not, and for what an Auto class says too little about. Opens and loads nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from core.engine.checkpoint import check_architecture, check_processors, classes_of, heads_of, refuse_code
from core.engine.torch_setup import prepare_torch
from core.errors import ModelUnavailable
from core.tasks.spec import Task

AUTO_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "question-answering": ("AutoModelForQuestionAnswering",),
    "summarization": ("AutoModelForSeq2SeqLM",),
    "translation": ("AutoModelForSeq2SeqLM",),
    "text-ranking": ("AutoModelForSequenceClassification",),
    "feature-extraction": ("AutoModel", "AutoModelForMaskedLM"),
    "sentence-similarity": ("AutoModel", "AutoModelForMaskedLM"),
    "image-feature-extraction": ("AutoModel",),
    "zero-shot-audio-classification": ("AutoModel",),
    "visual-question-answering": ("AutoModelForVisualQuestionAnswering",),
    "image-to-text": ("AutoModelForImageTextToText",),
    "image-to-image": ("AutoModelForImageToImage",),
    "video-text-to-text": ("AutoModelForImageTextToText",),
    "keypoint-detection": ("AutoModelForKeypointDetection",),
    "text-to-speech": ("AutoModelForTextToWaveform",),
    "audio-text-to-text": ("AutoModelForMultimodalLM",),
}
"""Where to look for the tasks that are no pipelines of transformers, and for those whose pipelines take any body."""

ONLY: Final[Mapping[str, frozenset[str]]] = {
    "translation": frozenset({"marian", "m2m_100", "fsmt", "nllb-moe", "mbart", "t5", "mt5", "umt5", "seamless_m4t"}),
    "zero-shot-audio-classification": frozenset({"clap"}),
}
"""The kinds that do a task, where its Auto class also knows kinds that do not."""

NEVER: Final[Mapping[str, frozenset[str]]] = {
    "summarization": frozenset({"marian", "m2m_100", "fsmt", "nllb-moe", "seamless_m4t"}),
}
"""The kinds that do not do a task although its Auto class knows them."""

_TEXT_BODIES: Final = frozenset({"feature-extraction", "sentence-similarity"})
_BODIES: Final = _TEXT_BODIES | {"image-feature-extraction"}
_SENTENCE_TRANSFORMERS: Final = "modules.json"


def fitting_tasks(
    config: Mapping[str, Any],
    names: Collection[str],
    tasks: Iterable[Task],
    *,
    title: str,
    pipeline_tag: str | None = None,
) -> tuple[Task, ...]:
    """Return the tasks that a checkpoint can do, likeliest first; at least one.

    Args:
        config: what its config.json says.
        names: its files.
        tasks: those there are to choose from.
        title: what it is called in a refusal.
        pipeline_tag: the task that the Hub lists it under.

    Raises: ModelUnavailable if it brings code, if transformers does not know its kind, if it does none
        of the tasks, or if it has nothing to read their inputs with.
    """
    prepare_torch()
    refuse_code(dict(config), title)
    tasks = tuple(tasks)
    kind, architecture = _named(config, title)
    tag = pipeline_tag or ("sentence-similarity" if _SENTENCE_TRANSFORMERS in names else None)
    found = [
        task
        for task in tasks
        if (task.id == tag or kind in task.also_loads or _does(task.id, kind, architecture, config))
        and _is_loaded_as(task, config)
    ]
    if not found:
        raise ModelUnavailable(
            f"{title} is a {architecture or kind}, which does none of the tasks here.",
            hint="Choose a model that the Hub lists under one of the tasks of the catalog.",
        )
    # A head was trained for its task, a body for none: it goes last. The order is otherwise that of the tasks.
    found.sort(key=lambda task: (task.id != tag, task.id in _BODIES))
    return _readable(found, names, title)


def _named(config: Mapping[str, Any], title: str) -> tuple[str, str]:
    """Return the kind and the architecture that a configuration names, the latter empty in old ones."""
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    architectures = config.get("architectures")
    architecture = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind:
        raise ModelUnavailable(
            f"The config.json of {title} does not say what kind of model it is.",
            hint="Choose a model that the Hub shows with the transformers library.",
        )
    if kind not in CONFIG_MAPPING_NAMES:
        raise ModelUnavailable(
            f"{title} is of the kind '{kind[:60]}', which transformers {transformers.__version__} does not have.",
            hint="Choose another model, or a newer transformers.",
        )
    return kind, architecture


def _does(task_id: str, kind: str, architecture: str, config: Mapping[str, Any]) -> bool:
    """Tell whether an architecture does a task; where none is named, whether its kind could."""
    known = _own_heads(task_id) or heads_of(task_id)
    if known is None:
        return False
    kinds, heads = known
    if architecture not in heads if architecture else kind not in kinds:
        return False
    if kind not in ONLY.get(task_id, {kind}) or kind in NEVER.get(task_id, ()):
        return False
    if task_id == "zero-shot-classification":
        return _tells_entailment(config)
    if task_id == "text-ranking":
        return len(config.get("id2label") or ()) == 1 or config.get("num_labels") == 1
    if task_id in _TEXT_BODIES:
        return not _sees_or_hears(kind)
    if task_id == "image-feature-extraction":
        return _sees(kind)
    return True


def _own_heads(task_id: str) -> tuple[set[str], set[str]] | None:
    import transformers

    return (
        classes_of(getattr(transformers, name) for name in AUTO_CLASSES[task_id]) if task_id in AUTO_CLASSES else None
    )


def _is_loaded_as(task: Task, config: Mapping[str, Any]) -> bool:
    """Tell whether the loader would take a checkpoint for a task, as far as its configuration tells."""
    try:
        check_architecture(dict(config), task, "It")
    except ModelUnavailable:
        return False
    return True


def _readable(found: Sequence[Task], names: Collection[str], title: str) -> tuple[Task, ...]:
    """Return those tasks whose inputs the checkpoint's files can read.

    Raises: ModelUnavailable naming what the first one lacks, if there are none.
    """
    readable: list[Task] = []
    refusals: list[ModelUnavailable] = []
    for task in found:
        try:
            check_processors(names, task, title)
            readable.append(task)
        except ModelUnavailable as err:
            refusals.append(err)
    if not readable:
        raise refusals[0]
    return tuple(readable)


def _tells_entailment(config: Mapping[str, Any]) -> bool:
    labels = config.get("id2label")
    return isinstance(labels, dict) and any(str(label).lower().startswith("entail") for label in labels.values())


def _sees(kind: str) -> bool:
    from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES

    return kind in IMAGE_PROCESSOR_MAPPING_NAMES


def _sees_or_hears(kind: str) -> bool:
    from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES

    return _sees(kind) or kind in FEATURE_EXTRACTOR_MAPPING_NAMES
