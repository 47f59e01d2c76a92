"""Loading tiny real checkpoints of every task, and refusing those that may not or cannot be loaded."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from core.catalog import Catalog, ModelCard
from core.engine.allocator import trim_memory
from core.engine.budget import resident_bytes
from core.engine.key import Loaded, ModelKey
from core.engine.loader import TransformersLoader
from core.engine.runtimes.lengths import STEP
from core.errors import DoesNotFit, ModelUnavailable, UnknownName
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Audio, Boxes, Entities, FilmLabels, Labels, Masks, Text, Transcript, fields_of
from tests import tiny
from tests.tiny import sounds
from tests.tiny.base import LABELS

DTYPES = ("float32", "bfloat16")


def loader_of(folder: Path, task_id: str, tasks: tuple[Task, ...] = TASKS) -> tuple[TransformersLoader, ModelKey]:
    card = ModelCard(task_id=task_id, model_id="starters/tiny", title="Tiny", folder=folder)
    loader = TransformersLoader(hub=Hub(cache_folder=folder, offline=True), catalog=Catalog([card]), tasks=tasks)
    return loader, ModelKey(task_id, card.model_id, None, "float32", "cpu")


def load(folder: Path, task_id: str, dtype: str = "float32", tasks: tuple[Task, ...] = TASKS) -> Loaded:
    loader, key = loader_of(folder, task_id, tasks)
    return loader.load(dataclasses.replace(key, dtype=dtype), lambda _done, _total: None)


def tells_labels(task: Task) -> bool:
    """Say whether a checkpoint has no labels of its own: they come with each input, or there are none."""
    return "candidate_labels" in task.parameters.model_fields or task.id == "mask-generation"


@pytest.fixture
def asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the client go out, and note where to."""
    import httpx2
    from huggingface_hub.utils._http import default_client_factory

    asked: list[str] = []

    def note(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        raise httpx2.ConnectError("none here", request=request)

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    huggingface_hub.set_client_factory(lambda: httpx2.Client(transport=httpx2.MockTransport(note)))
    yield asked
    huggingface_hub.set_client_factory(default_client_factory)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_checkpoint_of_every_task_loads_and_runs_without_network_or_a_word(
    task: Task,
    dtype: str,
    tiny_folder: Callable[[str], Path],
    asked_of_the_network: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tiny_folder(task.id)
    capfd.readouterr()
    loaded = load(folder, task.id, dtype)
    parameters = task.checked_parameters(tiny.ROWS[task.id].parameters)
    (answer,) = task.answers(loaded.pipe, [tiny.inputs_of(task)], parameters)
    assert type(answer) is task.output
    assert (loaded.dtype, loaded.device) == (dtype, "cpu")
    assert not loaded.pipe.model.training
    assert str(loaded.pipe.model.dtype) == f"torch.{dtype}"
    names_labels = task.output in (Labels, FilmLabels, Entities, Boxes, Masks) and not tells_labels(task)
    assert loaded.labels == (LABELS if names_labels else ())
    listens = Audio in {field.atom for field in fields_of(task.input)}
    assert loaded.sampling_rate == (16_000 if listens else None)
    assert asked_of_the_network == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("dtype", "is_rounded"), [("float32", False), ("bfloat16", True)])
def test_texts_reach_a_model_in_few_lengths_where_it_prepares_itself_for_each(
    dtype: str, is_rounded: bool, tiny_folder: Callable[[str], Path]
) -> None:
    task = get_task("text-classification")
    pipe = load(tiny_folder(task.id), task.id, dtype).pipe
    met: list[int] = []
    pipe.model.get_input_embeddings().register_forward_pre_hook(lambda _, given: met.append(given[0].shape[1]))
    for text in ("a", "a b", "a b c d e f g h i"):
        task.answers(pipe, [Text(text=text)], task.checked_parameters({}))
    assert all(length % STEP == 0 for length in met) == is_rounded
    assert len(met) == 3


def test_whisper_loads_too(tmp_path: Path) -> None:
    task = get_task("automatic-speech-recognition")
    loaded = load(sounds.whisper(tmp_path), task.id)
    (answer,) = task.answers(loaded.pipe, [tiny.ATOMS[Audio]], task.checked_parameters({"return_timestamps": False}))
    assert isinstance(answer, Transcript)


def test_the_estimate_is_the_size_of_the_numbers(tiny_folder: Callable[[str], Path]) -> None:
    loader, key = loader_of(tiny_folder("text-generation"), "text-generation")
    estimates = {dtype: loader.estimate_bytes(dataclasses.replace(key, dtype=dtype)) for dtype in DTYPES}
    assert estimates["float32"] == 2 * estimates["bfloat16"]
    for dtype, estimate in estimates.items():
        loaded = loader.load(dataclasses.replace(key, dtype=dtype), lambda _done, _total: None)
        assert estimate <= loaded.size_bytes <= 1.05 * estimate  # and a few small buffers


def test_tied_weights_count_once(tiny_folder: Callable[[str], Path]) -> None:
    import torch

    def double(checkpoint: Any) -> Any:
        layer = torch.nn.Linear(8, 4, bias=False)
        model = torch.nn.ModuleList([layer, torch.nn.Linear(8, 4, bias=False)])
        model[1].weight = layer.weight
        model.register_buffer("count", torch.zeros(3, dtype=torch.int64))
        model.config = type("Config", (), {"id2label": {1: "b", 0: "a"}})
        return type("Pipe", (), {"model": model})

    task = dataclasses.replace(get_task("text-classification"), load=double)
    loaded = load(tiny_folder("text-classification"), task.id, tasks=(task,))
    assert loaded.size_bytes == 8 * 4 * 4 + 3 * 8
    assert loaded.labels == ("a", "b")


def test_a_folder_s_revision_is_that_of_its_content(tiny_folder: Callable[[str], Path], copied: Path) -> None:
    first = load(tiny_folder("text-classification"), "text-classification").revision
    assert len(first) == 40
    assert load(copied, "text-classification").revision == first
    config = copied / "config.json"
    config.write_text(config.read_text().replace('"calm"', '"cool"'))
    assert load(copied, "text-classification").revision != first


def test_names_that_nobody_knows_are_refused(tiny_folder: Callable[[str], Path]) -> None:
    loader, key = loader_of(tiny_folder("text-classification"), "text-classification")
    with pytest.raises(UnknownName, match="The tasks are: text-classification, "):
        loader.load(dataclasses.replace(key, task_id="taste"), lambda _done, _total: None)
    with pytest.raises(ModelUnavailable, match="switched off"):
        loader.estimate_bytes(dataclasses.replace(key, model_id="studio/mood"))


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (ImportError("\nDetrX requires the timm library but it was not found"), ModelUnavailable, "pip install timm"),
        (
            ImportError(
                "Sam2ImageProcessor requires the Torchvision library but it was not found in your environment."
            ),
            ModelUnavailable,
            "needs the Python package torchvision. Install it: pip install torchvision",
        ),
        (ModuleNotFoundError("No module named 'kenlm'"), ModelUnavailable, "pip install kenlm"),
        (OSError("/srv/models/x is broken"), ModelUnavailable, "do not make a working text classification model"),
        (KeyError("odd"), ModelUnavailable, "do not make a working"),
        (MemoryError(), DoesNotFit, "Memory ran out"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), DoesNotFit, "Memory ran out"),
        (ModelUnavailable("As it was."), ModelUnavailable, r"^As it was\.$"),
    ],
)
def test_whatever_goes_wrong_is_one_sentence(
    tiny_folder: Callable[[str], Path], error: Exception, kind: type[Exception], says: str
) -> None:
    def fail(_checkpoint: Any) -> Any:
        raise error

    task = dataclasses.replace(get_task("text-classification"), load=fail)
    with pytest.raises(kind, match=says) as caught:
        load(tiny_folder("text-classification"), task.id, tasks=(task,))
    assert "/srv" not in str(caught.value)


def test_a_bug_in_a_task_stays_a_bug(tiny_folder: Callable[[str], Path]) -> None:
    def fail(_checkpoint: Any) -> Any:
        raise AssertionError("a bug")

    task = dataclasses.replace(get_task("text-classification"), load=fail)
    with pytest.raises(AssertionError):
        load(tiny_folder("text-classification"), task.id, tasks=(task,))


@pytest.fixture
def copied(tmp_path: Path, tiny_folder: Callable[[str], Path]) -> Path:
    import shutil

    return Path(shutil.copytree(tiny_folder("text-classification"), tmp_path / "copied"))


def test_release_gives_memory_back(tiny_folder: Callable[[str], Path]) -> None:
    loader, key = loader_of(tiny_folder("text-classification"), "text-classification")
    loaded = loader.load(key, lambda _done, _total: None)
    loader.release(dataclasses.replace(loaded, pipe=None))

    # Pairs from the heap: what stays keeps the heap from shrinking by itself when the rest goes.
    blocks, pins = zip(*((bytearray(100_000), bytearray(1000)) for _ in range(2000)), strict=True)
    full = resident_bytes()
    del blocks
    gc.collect()
    trim_memory()
    assert resident_bytes() < full - 150_000_000
    assert len(pins) == 2000
