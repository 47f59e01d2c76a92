"""Checkpoints that may not or cannot be loaded: refused by the loader, with a sentence, and nothing runs."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Catalog, ModelCard
from core.engine.checkpoint import check_architecture
from core.engine.key import ModelKey
from core.engine.loader import TransformersLoader
from core.errors import ModelUnavailable
from core.hub import Hub
from core.tasks import TASKS, get_task
from tests import tiny
from tests.tiny import texts

TASK = "text-classification"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build(TASK, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "checkpoint"))


def refusal(folder: Path, task_id: str = TASK) -> ModelUnavailable:
    card = ModelCard(task_id=task_id, model_id="starters/tiny", title="Tiny", folder=folder)
    loader = TransformersLoader(hub=Hub(cache_folder=folder, offline=True), catalog=Catalog([card]), tasks=TASKS)
    with pytest.raises(ModelUnavailable) as caught:
        loader.load(ModelKey(task_id, card.model_id, None, "float32", "cpu"), lambda _done, _total: None)
    assert str(folder) not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def without(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "is missing"),
    "no config": (lambda f: without(f, "config.json"), r"no config.json"),
    "config cut": (lambda f: (f / "config.json").write_text('{"model_type": "be'), "config.json of Tiny is damaged"),
    "config a list": (lambda f: (f / "config.json").write_text("[]"), "config.json of Tiny is damaged"),
    "config deep": (lambda f: (f / "config.json").write_text("[" * 100_000), "config.json of Tiny is damaged"),
    "no weights": (lambda f: without(f, "model.safetensors"), "no weights"),
    "no tokenizer": (lambda f: without(f, "tokenizer.json", "vocab.txt"), "has no tokenizer"),
    "weights cut": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]),
        "model.safetensors of Tiny is damaged",
    ),
    "weights a pointer": (
        lambda f: (f / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
        "model.safetensors of Tiny is damaged",
    ),
    "tokenizer cut": (lambda f: (f / "tokenizer.json").write_text("{"), "do not make a working"),
    "other shapes": (lambda f: edit(f / "config.json", intermediate_size=48), "do not make a working"),
    "unknown kind": (
        lambda f: edit(f / "config.json", model_type="quux", architectures=["QuuxForSequenceClassification"]),
        "is a QuuxForSequenceClassification; text classification needs",
    ),
    "an adapter": (lambda f: (f / "adapter_config.json").write_text("{}"), "is an adapter"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(folder: Path, damage: str) -> None:
    do, says = DAMAGE[damage]
    do(folder)
    assert says in refusal(folder).message


def test_a_checkpoint_of_another_task_is_refused_by_name(tmp_path: Path) -> None:
    error = refusal(texts.question_answering(tmp_path))
    assert error.message == (
        "Tiny is a BertForQuestionAnswering; text classification needs BertForSequenceClassification."
    )
    assert TASK in error.hint


OTHER_TASK = (
    "is a BertForSequenceClassification",
    "cannot do this task",
    "lacks weights",
    "no label called entailment",
    "cannot speak here",
)
"""What the refusal says: the checks for a pipeline's heads, or the task's own loader."""


# Sentence similarity takes any encoder.
@pytest.mark.parametrize("task_id", sorted(set(tiny.ROWS) - {TASK, "token-classification", "sentence-similarity"}))
def test_no_other_task_takes_it(folder: Path, task_id: str) -> None:
    for name in ("preprocessor_config.json", "vocab.json"):
        (folder / name).write_text("{}")
    said = refusal(folder, task_id).message
    assert any(words in said for words in OTHER_TASK), said


def test_a_head_that_is_not_in_the_weights_is_noticed(tmp_path: Path) -> None:
    folder = texts.question_answering(tmp_path)
    edit(folder / "config.json", architectures=["BertForSequenceClassification"])
    assert "lacks weights that the task needs: classifier." in refusal(folder).message


@pytest.mark.parametrize(
    ("task_id", "config"),
    [
        (TASK, {"architectures": ["RobertaForSequenceClassification"], "model_type": "roberta"}),
        (TASK, {"model_type": "distilbert"}),  # older checkpoints do not say
        (TASK, {"model_type": "bert", "architectures": ["BertForSomethingThatIsNoMore"]}),
        (
            "automatic-speech-recognition",
            {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"},
        ),
        ("automatic-speech-recognition", {"architectures": ["Wav2Vec2ForCTC"], "model_type": "wav2vec2"}),
        ("text-generation", {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}),
        ("image-segmentation", {"architectures": ["DetrForSegmentation"], "model_type": "detr"}),
        ("object-detection", {"architectures": ["RTDetrForObjectDetection"], "model_type": "rt_detr"}),
    ],
)
def test_what_serves_a_task_passes(task_id: str, config: dict[str, Any]) -> None:
    check_architecture(config, get_task(task_id), "Tiny")


class Touch:
    """Create a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_pickled_weights_are_never_opened(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    without(folder, "model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch(canary)))
    assert "can run code" in refusal(folder).message
    assert not canary.exists()


CODE = {"AutoConfig": "evil.EvilConfig", "AutoModelForSequenceClassification": "evil.EvilModel"}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("config.json", {"auto_map": CODE}),
        ("config.json", {"auto_map": CODE, "model_type": "evil"}),
        ("config.json", {"text_config": {"auto_map": CODE}}),
        ("config.json", {"parts": [{"deep": {"auto_map": CODE}}]}),
        ("config.json", {"custom_pipelines": {TASK: {"impl": "evil.EvilPipeline", "pt": ["AutoModel"]}}}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.EvilTokenizer", None]}}),
    ],
)
def test_code_from_a_checkpoint_is_never_run(folder: Path, tmp_path: Path, name: str, changes: dict[str, Any]) -> None:
    canary = tmp_path / "canary"
    (folder / "evil.py").write_text(f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n")
    edit(folder / name, **changes)
    assert "code of its own" in refusal(folder).message
    assert not canary.exists()
