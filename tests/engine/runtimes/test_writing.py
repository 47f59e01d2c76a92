"""What writes token by token, by torch in bfloat16: compared step by step, timed, passed over where it disagrees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.catalog import Catalog, ModelCard
from core.engine import ModelKey
from core.engine.loader import TransformersLoader
from core.engine.runtimes import writing
from core.engine.runtimes.findings import FILE, Tried, write
from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.survey import survey
from core.engine.runtimes.surveyor import Surveyor
from core.engine.runtimes.writers import writes
from core.engine.runtimes.writing import STEPS, TOLERANCE, Writing, disagreement, tried_writing
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.tasks.spec import Checkpoint, Task
from tests.tiny.sounds import whisper

NARROW = named("torch bfloat16")
WRITERS = ["text-generation", "summarization", "translation", "document-question-answering"]

TinyFolder = Callable[[str], Path]


def made(task: Task, folder: Path) -> Callable[[str], Any]:
    return lambda dtype: task.load(Checkpoint(folder, dtype, "cpu"))


@pytest.fixture
def favoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plain float32 take an hour, so that what is chosen is no matter of luck."""
    timed = writing._ms
    slow = iter([3.6e6])
    monkeypatch.setattr(writing, "_ms", lambda these, like: timed(these, like) + (next(slow) if these is like else 0))


@pytest.mark.parametrize("task_id", WRITERS)
def test_what_writes_is_compared_token_by_token_and_agrees(
    task_id: str, tiny_folder: TinyFolder, tmp_path: Path
) -> None:
    task, folder = get_task(task_id), tiny_folder(task_id)
    assert writes(made(task, folder)("float32").model)
    narrow, plain = tried_writing(task, made(task, folder), (NARROW, PLAIN), 1, tmp_path)
    assert (narrow.verdict, narrow.note) == ("slower", "")
    assert 0 < narrow.difference <= TOLERANCE
    assert narrow.probe_ms > 0
    assert plain.probe_ms > 0


def test_what_is_heard_is_compared_too(tmp_path: Path) -> None:
    task = get_task("automatic-speech-recognition")
    narrow, plain = tried_writing(task, made(task, whisper(tmp_path / "whisper")), (NARROW, PLAIN), 1, tmp_path)
    assert (narrow.verdict, narrow.note) == ("slower", "")
    assert narrow.probe_ms > 0
    assert plain.probe_ms > 0


def test_the_same_dtype_writes_the_same(tiny_folder: TinyFolder) -> None:
    task = get_task("text-generation")
    make = made(task, tiny_folder(task.id))
    one, other = (writing._written(task, make("float32")) for _ in range(2))
    assert len(one) == len(task.examples)
    assert all(0 < len(answer.scores) == len(answer.given) <= STEPS for answer in one)
    assert disagreement(one, other) == (0.0, "")


def test_what_agrees_and_is_faster_is_chosen(tiny_folder: TinyFolder, tmp_path: Path, favoured: None) -> None:
    task = get_task("text-generation")
    tried = survey(task, tiny_folder(task.id), (named("onnx int8"), NARROW, PLAIN), 1, tmp_path)
    assert [one.verdict for one in tried] == ["skipped", "chosen", "slower"]
    assert list(tmp_path.iterdir()) == []


def test_what_writes_otherwise_is_passed_over(tiny_folder: TinyFolder, tmp_path: Path) -> None:
    task = get_task("text-generation")
    make = made(task, tiny_folder(task.id))

    def make_otherwise(dtype: str) -> Any:
        pipe = make(dtype)
        if dtype == NARROW.dtype:
            with torch.no_grad():
                pipe.model.get_output_embeddings().weight.mul_(40)
        return pipe

    narrow, _ = tried_writing(task, make_otherwise, (NARROW, PLAIN), 1, tmp_path)
    assert narrow.verdict == "disagrees"
    assert narrow.note == f"a score differs by {narrow.difference:.3f}"


def test_what_fails_on_an_example_is_passed_over_unless_float32_does_too(
    tiny_folder: TinyFolder, tmp_path: Path
) -> None:
    task = get_task("text-generation")
    make = made(task, tiny_folder(task.id))

    def failing(*dtypes: str) -> list[Tried]:
        def make_or_fail(dtype: str) -> Any:
            pipe = make(dtype)
            if dtype in dtypes:
                pipe.tokenizer = None
            return pipe

        return tried_writing(task, make_or_fail, (NARROW, PLAIN), 1, tmp_path)

    assert [one.verdict for one in failing(NARROW.dtype)] == ["disagrees", "slower"]
    assert "fails on an example" in failing(NARROW.dtype)[0].note
    assert [one.verdict for one in failing(NARROW.dtype, PLAIN.dtype)] == ["skipped"]


def one_answer(*steps: tuple[int, list[float]]) -> list[Writing]:
    return [Writing([torch.tensor([[given]]) for given, _ in steps], [torch.tensor([scores]) for _, scores in steps])]


PLAINLY = one_answer((7, [0.5, 0.48, 0.02]), (0, [0.1, 0.8, 0.1]))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (one_answer((7, [0.5, 0.48, 0.02]), (0, [0.1, 0.8, 0.1])), (0.0, "")),
        (one_answer((7, [0.48, 0.5, 0.02]), (1, [0.9, 0.05, 0.05])), (0.02, "")),  # a tie; then it writes of another
        (one_answer((7, [0.46, 0.5, 0.04])), (0.04, "")),
        (one_answer((7, [0.5, 0.4, 0.1])), (0.08, "a score differs by 0.080")),
        (one_answer((7, [0.5, 0.48, 0.02]), (0, [0.5, 0.4, 0.1])), (0.4, "another token comes first")),
        (one_answer((7, [0.5, 0.48, float("nan")])), (1.0, "a score is no number")),
    ],
)
def test_answers_are_compared_for_as_long_as_they_go_on_from_the_same(
    other: list[Writing], expected: tuple[float, str]
) -> None:
    largest, problem = disagreement(PLAINLY, other)
    assert largest == pytest.approx(expected[0], abs=1e-6)
    assert problem == expected[1]


def test_what_has_no_scores_is_left_as_it_was(
    tiny_folder: TinyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = get_task("text-generation")
    monkeypatch.setattr(writing, "_written", lambda *_: [Writing()])
    (narrow,) = tried_writing(task, made(task, tiny_folder(task.id)), (NARROW, PLAIN), 1, tmp_path)
    assert narrow.verdict == "skipped"


def test_a_model_that_disagrees_is_loaded_in_float32(tiny_folder: TinyFolder, tmp_path: Path) -> None:
    task = get_task("text-generation")
    card = ModelCard(task_id=task.id, model_id="starters/tiny", title="Tiny", folder=tiny_folder(task.id))
    surveyor = Surveyor(tmp_path)
    loader = TransformersLoader(hub=Hub(offline=True), catalog=Catalog([card]), tasks=TASKS, surveyor=surveyor)
    key = ModelKey(task.id, card.model_id, None, "auto", "cpu", "auto")
    loaded = loader.load(key, lambda _done, _total: None)
    place = surveyor._findings.place(surveyor._place(key, loaded.revision))
    place.mkdir(parents=True)
    write(place, [Tried(NARROW.name, "disagrees", "another token comes first"), Tried(PLAIN.name, "chosen")])
    assert (place / FILE).is_file()
    assert loader.load(key, lambda _done, _total: None).dtype == "float32"
    surveyor.close()
