"""Which tasks a checkpoint is recognised to do, and what is said of one that does none."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.engine.recognise import fitting_tasks
from core.errors import ModelUnavailable
from core.tasks import TASKS, get_task
from core.tasks.spec import Task

TEXT, IMAGE, AUDIO = (get_task(f"{kind}-classification") for kind in ("text", "image", "audio"))
HUB_TASKS: tuple[Task, ...] = tuple(
    dataclasses.replace(template, id=task_id)
    for template, task_ids in (
        (
            TEXT,
            "text-classification token-classification question-answering zero-shot-classification fill-mask"
            " feature-extraction sentence-similarity text-ranking summarization translation text-generation",
        ),
        (
            IMAGE,
            "image-classification image-feature-extraction object-detection image-to-image image-to-text"
            " zero-shot-image-classification visual-question-answering image-text-to-text keypoint-detection",
        ),
        (AUDIO, "audio-classification automatic-speech-recognition zero-shot-audio-classification"),
    )
    for task_id in task_ids.split()
)
"""The Hub's tasks by name; what each takes is all that matters of it here."""

FILES = ("config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors")
ENTAILMENT = {"id2label": {"0": "CONTRADICTION", "1": "NEUTRAL", "2": "ENTAILMENT"}}


def config_of(kind: str, architecture: str | None, **more: Any) -> dict[str, Any]:
    return {"model_type": kind, **({"architectures": [architecture]} if architecture else {}), **more}


def ids(config: dict[str, Any], names: tuple[str, ...] = FILES, tag: str | None = None) -> list[str]:
    return [task.id for task in fitting_tasks(config, names, HUB_TASKS, title="Tiny", pipeline_tag=tag)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_is_recognised_by_its_own_checkpoint(task: Task, tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder(task.id)
    config = json.loads((folder / "config.json").read_text())
    names = [entry.name for entry in folder.iterdir()]
    assert task in fitting_tasks(config, names, TASKS, title="Tiny", pipeline_tag=task.id)


@pytest.mark.parametrize(
    ("kind", "architecture", "does"),
    [
        ("bert", "BertForSequenceClassification", ["text-classification"]),
        ("bert", "BertForTokenClassification", ["token-classification"]),
        ("bert", "BertForQuestionAnswering", ["question-answering"]),
        ("bert", "BertModel", ["feature-extraction", "sentence-similarity"]),
        ("gpt2", "GPT2LMHeadModel", ["text-generation"]),
        ("marian", "MarianMTModel", ["translation"]),
        ("pegasus", "PegasusForConditionalGeneration", ["summarization"]),
        ("t5", "T5ForConditionalGeneration", ["summarization", "translation"]),
        ("vit", "ViTForImageClassification", ["image-classification"]),
        ("dinov2", "Dinov2Model", ["image-feature-extraction"]),
        ("clip", "CLIPModel", ["zero-shot-image-classification", "image-feature-extraction"]),
        ("yolos", "YolosForObjectDetection", ["object-detection"]),
        ("swin2sr", "Swin2SRForImageSuperResolution", ["image-to-image"]),
        ("vilt", "ViltForQuestionAnswering", ["visual-question-answering"]),
        ("blip", "BlipForConditionalGeneration", ["image-to-text", "image-text-to-text"]),
        ("clap", "ClapModel", ["zero-shot-audio-classification"]),
        ("whisper", "WhisperForConditionalGeneration", ["automatic-speech-recognition"]),
        ("wav2vec2", "Wav2Vec2ForCTC", ["automatic-speech-recognition"]),
        ("wav2vec2", "Wav2Vec2ForSequenceClassification", ["audio-classification"]),
    ],
)
def test_an_architecture_tells_the_tasks(kind: str, architecture: str, does: list[str]) -> None:
    assert sorted(ids(config_of(kind, architecture))) == sorted(does)


def test_a_head_goes_before_the_body_below_it() -> None:
    found = ids(config_of("bert", "BertForMaskedLM"))
    assert found[0] == "fill-mask"
    assert "sentence-similarity" in found
    assert not {"text-classification", "image-feature-extraction"} & set(found)


def test_labels_tell_what_a_classifier_can_do_besides() -> None:
    config = config_of("bart", "BartForSequenceClassification", **ENTAILMENT)
    assert ids(config) == ["text-classification", "zero-shot-classification"]
    assert ids(config, tag="zero-shot-classification") == ["zero-shot-classification", "text-classification"]
    one = config_of("bert", "BertForSequenceClassification", id2label={"0": "LABEL_0"})
    assert ids(one, tag="text-ranking") == ["text-ranking", "text-classification"]


def test_the_hubs_own_word_goes_first_and_counts_only_if_nothing_speaks_against_it() -> None:
    assert ids(config_of("bert", "BertModel"), tag="sentence-similarity")[0] == "sentence-similarity"
    found = ids(config_of("mpnet", "MPNetForMaskedLM"), tag="sentence-similarity")
    assert found[:2] == ["sentence-similarity", "fill-mask"]
    assert "image-classification" not in ids(config_of("bert", "BertForMaskedLM"), tag="image-classification")


def test_a_folder_of_sentence_transformers_is_one_without_the_hub() -> None:
    assert ids(config_of("mpnet", "MPNetForMaskedLM"), (*FILES, "modules.json"))[0] == "sentence-similarity"


def test_where_no_architecture_is_named_the_kind_tells() -> None:
    found = ids(config_of("distilbert", None))
    assert {"text-classification", "fill-mask"} <= set(found)
    assert "image-classification" not in found


@pytest.mark.parametrize(
    ("config", "names", "says"),
    [
        (
            config_of("bert", "BertForNextSentencePrediction"),
            FILES,
            "is a BertForNextSentencePrediction, which does none",
        ),
        (config_of("quux", "QuuxForSequenceClassification"), FILES, "of the kind 'quux', which transformers"),
        ({"architectures": ["BertModel"]}, FILES, "does not say what kind"),
        ({}, FILES, "does not say what kind"),
        ({"model_type": 3, "architectures": "odd"}, FILES, "does not say what kind"),
        (config_of("bert", "BertForMaskedLM", auto_map={"AutoModel": "evil.Evil"}), FILES, "code of its own"),
        (config_of("bert", "BertForMaskedLM"), ("config.json", "model.safetensors"), "has no tokenizer"),
        (config_of("vit", "ViTForImageClassification"), ("config.json", "tokenizer.json"), "no preprocessor_config"),
    ],
)
def test_what_does_nothing_here_is_refused_in_one_sentence(
    config: dict[str, Any], names: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ModelUnavailable, match=says) as caught:
        ids(config, names)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
