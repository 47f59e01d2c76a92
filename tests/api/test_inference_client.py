"""Hugging Face's own client, called with the address of a task, gives what the page gives."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import pytest
from huggingface_hub import InferenceClient

from bench.site import Site
from core.media import mask_array, read_audio, read_image
from core.protocol import written
from core.runtime import Runtime
from core.settings import ROOT
from core.tasks import TASKS
from core.tasks.spec import Example, Task
from core.values import Audio, Image

Given = Any
"""An example's input: a text, a file's bytes, or these by the names of the input's fields."""

CALLS: Final[Mapping[str, Callable[[InferenceClient, Given, dict[str, Any]], Any]]] = {
    "text-classification": lambda client, given, _: client.text_classification(given),
    "token-classification": lambda client, given, _: client.token_classification(given),
    "text-generation": lambda client, given, more: client.text_generation(given, **more),
    "question-answering": lambda client, given, _: client.question_answering(**given),
    "table-question-answering": lambda client, given, _: client.table_question_answering(**given),
    "zero-shot-classification": lambda client, given, more: client.zero_shot_classification(given, **more),
    "fill-mask": lambda client, given, _: client.fill_mask(given),
    "summarization": lambda client, given, _: client.summarization(given),
    "translation": lambda client, given, _: client.translation(given),
    "sentence-similarity": lambda client, given, _: client.sentence_similarity(
        given["source_sentence"], given["sentences"]
    ),
    "image-classification": lambda client, given, _: client.image_classification(given),
    "object-detection": lambda client, given, _: client.object_detection(given),
    "image-segmentation": lambda client, given, _: client.image_segmentation(given),
    "image-to-text": lambda client, given, _: client.image_to_text(given),
    "image-to-image": lambda client, given, _: client.image_to_image(given),
    "zero-shot-image-classification": lambda client, given, more: client.zero_shot_image_classification(given, **more),
    "visual-question-answering": lambda client, given, _: client.visual_question_answering(**given),
    "document-question-answering": lambda client, given, _: client.document_question_answering(**given),
    "audio-classification": lambda client, given, _: client.audio_classification(given),
    "automatic-speech-recognition": lambda client, given, _: client.automatic_speech_recognition(given),
    "text-to-speech": lambda client, given, _: client.text_to_speech(given),
}
"""How the client is called for each task. Its embeddings and chats are tested beside OpenAI's."""

PARAMETERS: Final[Mapping[str, dict[str, Any]]] = {
    "text-generation": {"max_new_tokens": 12, "do_sample": False},
    "zero-shot-classification": {"candidate_labels": ["a good day", "a bad day"]},
    "zero-shot-image-classification": {"candidate_labels": ["a red square", "a cat"]},
}
"""What is sent with the input, where the client or a comparison needs it."""

COVERED = [pytest.param(task, id=task.id) for task in TASKS if task.id in CALLS]


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client ask this machine; the tests' environment forbids it to ask any."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def given_by(example: Example) -> Given:
    def read(part: Any) -> Any:
        if isinstance(part, tuple):
            return [read(one) for one in part]
        return (ROOT / part).read_bytes() if isinstance(part, Path) else part

    inputs = example.inputs
    return {name: read(part) for name, part in inputs.items()} if isinstance(inputs, Mapping) else read(inputs)


def client_of(site: Site, task: Task) -> InferenceClient:
    return InferenceClient(model=f"{site.url}/api/tasks/{task.id}", token="not-a-key-of-this-site")


def plain(answer: Any) -> Any:
    """Turn what the client returns into the JSON that it read."""
    if isinstance(answer, list):
        return [plain(one) for one in answer]
    if is_dataclass(answer):
        return plain(asdict(answer))
    if isinstance(answer, dict):
        return {name: plain(part) for name, part in answer.items() if part is not None}
    if isinstance(answer, PIL.Image.Image):
        return np.asarray(answer.convert("L")) >= 128
    return answer


def assert_alike(found: Any, expected: Any) -> None:
    """Compare two answers; numbers to 1e-4, masks by their pixels."""
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(found, mask_array(base64.b64decode(expected)))
    elif isinstance(expected, float | int) and not isinstance(expected, bool):
        assert found == pytest.approx(expected, abs=1e-4)
    elif isinstance(expected, dict) and isinstance(found, dict):
        assert set(found) <= set(expected)
        for name, part in found.items():
            assert_alike(part, expected[name])
        assert all(expected[name] is None for name in set(expected) - set(found))
    elif isinstance(expected, list | tuple) and isinstance(found, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    else:
        assert found == expected


@pytest.mark.parametrize("task", COVERED)
def test_every_method_gives_what_the_page_gives(task: Task, site: Site, session_runtime: Runtime) -> None:
    given, more = given_by(task.examples[0]), PARAMETERS.get(task.id, {})
    found = CALLS[task.id](client_of(site, task), given, more)
    showcase = session_runtime.showcase
    output = showcase.run(task.id, showcase.read_input(task, given), more, client="page", source="page").output
    if isinstance(output, Audio):
        heard = read_audio(found, showcase.limits)
        np.testing.assert_allclose(heard.array(), np.clip(output.array(), -1, 1), atol=1e-3)
    elif isinstance(output, Image):
        file = io.BytesIO()
        found.save(file, "PNG")
        seen = read_image(file.getvalue(), showcase.limits)
        assert np.abs(seen.array().astype(int) - output.array()).max() <= 1
    elif isinstance(found, str):
        assert found in written(output).values()  # type: ignore[attr-defined]
    else:
        expected = written(output)
        if isinstance(expected, list) and is_dataclass(found):  # the client takes the first of a list of one
            (expected,) = expected
        assert_alike(plain(found), expected)


def test_every_method_that_the_client_has_is_tried() -> None:
    elsewhere = {"feature-extraction"}
    methods = {task.id for task in TASKS if hasattr(InferenceClient, task.id.replace("-", "_"))}
    assert methods - elsewhere <= set(CALLS)


def test_text_streams_to_the_client(site: Site) -> None:
    client = InferenceClient(model=f"{site.url}/api/tasks/text-generation")
    more = {"max_new_tokens": 20, "do_sample": False}
    whole = client.text_generation("ROMEO:", **more)
    pieces = list(client.text_generation("ROMEO:", stream=True, **more))
    assert "".join(pieces) == whole
    assert len(pieces) > 3
    *_, last = client.text_generation("ROMEO:", stream=True, details=True, **more)
    assert last.generated_text == whole
    assert last.details.generated_tokens == 20


def test_the_client_can_ask_whether_the_server_lives(site: Site) -> None:
    client = InferenceClient(model=f"{site.url}/api", provider="hf-inference")
    assert client.health_check()
