"""Image-text-to-text and any-to-any: the words that transformers writes, stopped when asked, nothing misread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoModelForMultimodalLM, AutoProcessor

from core.errors import BadInput, BadParameters
from core.media import to_pil
from core.tasks import any_to_any, get_task
from core.tasks.any_to_any import AnyInput
from core.tasks.image_text_to_text import PictureAndText
from core.tasks.spec import Checkpoint
from core.values import Audio, Image, Mixed, Text
from tests.tiny import mixed

PICTURE = Image.from_array(np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8))
SOUND = Audio.from_array(np.random.default_rng(2).uniform(-0.5, 0.5, 8_000).astype(np.float32), 16_000)
MESSAGE = Text(text="What is it?")


def load(task_id: str, folder: Path) -> Any:
    """Load a checkpoint as the engine does."""
    pipe = get_task(task_id).load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def run(task_id: str, pipe: Any, inputs: Any, **parameters: Any) -> Any:
    """Run a task on one input."""
    task = get_task(task_id)
    (answer,) = task.answers(pipe, [inputs], task.checked_parameters({"max_new_tokens": 8, **parameters}))
    return answer


def streamed(task_id: str, pipe: Any, inputs: Any, stopped: Callable[[], bool]) -> tuple[Any, list[Any]]:
    """Stream a task on one input; return the answer and what came before it."""
    task, partial = get_task(task_id), []
    parameters = task.checked_parameters({"max_new_tokens": 8})
    answer = task.stream(pipe, inputs, parameters, partial.append, stopped)  # type: ignore[misc]
    return answer, partial


def test_a_model_that_converses_is_given_a_message(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("image-text-to-text")
    model, processor = AutoModelForImageTextToText.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    tensors = processor(images=to_pil(PICTURE), text=f" <image> {MESSAGE.text}", return_tensors="pt")
    tokens = model.generate(**tensors, max_new_tokens=8, do_sample=False)[0, tensors.input_ids.shape[1] :]
    answer = run("image-text-to-text", load("image-text-to-text", folder), PictureAndText(image=PICTURE, text=MESSAGE))
    assert answer.text == processor.decode(tokens, skip_special_tokens=True)


def test_any_other_model_goes_on_from_the_text(tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = mixed.captions(tmp_path)
    model, processor = AutoModelForImageTextToText.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    tensors = processor(images=to_pil(PICTURE), text="the film", return_tensors="pt")
    text = processor.decode(model.generate(**tensors, max_new_tokens=8, do_sample=False)[0], skip_special_tokens=True)
    asked = PictureAndText(image=PICTURE, text=Text(text="the film"))
    assert text.startswith("the film")
    answer = run("image-text-to-text", load("image-text-to-text", folder), asked)
    assert answer.text == text.removeprefix("the film")


TASKS = [
    ("image-text-to-text", PictureAndText(image=PICTURE, text=MESSAGE)),
    ("any-to-any", AnyInput(text=MESSAGE)),
    ("any-to-any", AnyInput(text=MESSAGE, audio=SOUND)),
]


@pytest.mark.parametrize(("task_id", "inputs"), TASKS)
def test_a_streamed_answer_grows_to_the_whole_one(
    task_id: str, inputs: Any, tiny_folder: Callable[[str], Path]
) -> None:
    pipe = load(task_id, tiny_folder(task_id))
    answer, partial = streamed(task_id, pipe, inputs, lambda: False)
    assert answer == run(task_id, pipe, inputs)
    assert all(answer.text.startswith(one.text.rstrip("\ufffd")) for one in partial)


@pytest.mark.parametrize(("task_id", "inputs"), TASKS)
def test_stop_ends_an_answer_after_the_next_token(
    task_id: str, inputs: Any, tiny_folder: Callable[[str], Path]
) -> None:
    pipe = load(task_id, tiny_folder(task_id))
    answer, _ = streamed(task_id, pipe, inputs, lambda: True)
    assert answer == run(task_id, pipe, inputs, max_new_tokens=1)


@pytest.mark.parametrize(
    ("task_id", "inputs", "token"),
    [
        ("image-text-to-text", PictureAndText(image=PICTURE, text=Text(text="an <image> more")), "<image>"),
        ("any-to-any", AnyInput(text=Text(text="an <audio> more"), audio=SOUND), "<audio>"),
    ],
)
def test_a_placeholder_in_the_text_is_refused(
    task_id: str, inputs: Any, token: str, tiny_folder: Callable[[str], Path]
) -> None:
    with pytest.raises(BadInput, match=f"The text holds '{token}'"):
        run(task_id, load(task_id, tiny_folder(task_id)), inputs)


@pytest.mark.parametrize(
    ("task_id", "inputs"),
    [
        ("image-text-to-text", PictureAndText(image=PICTURE, text=Text(text="x" * 300))),
        ("any-to-any", AnyInput(text=Text(text="x" * 300))),
    ],
)
def test_a_text_that_fills_the_model_is_refused(task_id: str, inputs: Any, tiny_folder: Callable[[str], Path]) -> None:
    with pytest.raises(BadInput, match=r"The text makes 300 tokens; this model reads 256\."):
        run(task_id, load(task_id, tiny_folder(task_id)), inputs)


def test_a_sound_is_heard_at_the_models_rate(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("any-to-any")
    model, processor = AutoModelForMultimodalLM.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    text = f"<audio_bos><audio><audio_eos>{MESSAGE.text}"
    tensors = processor(text=text, audio=SOUND.array().copy(), sampling_rate=16_000, return_tensors="pt")
    tokens = model.generate(**tensors, max_new_tokens=8, do_sample=False)[0, tensors.input_ids.shape[1] :]
    answer = run("any-to-any", load("any-to-any", folder), AnyInput(text=MESSAGE, audio=SOUND))
    assert answer == Mixed(text=processor.decode(tokens, skip_special_tokens=True))


def test_what_a_model_does_not_take_or_give_is_refused(tiny_folder: Callable[[str], Path]) -> None:
    pipe = load("any-to-any", tiny_folder("any-to-any"))
    with pytest.raises(BadInput, match="This model takes no picture"):
        run("any-to-any", pipe, AnyInput(text=MESSAGE, image=PICTURE))
    with pytest.raises(BadParameters, match="cannot answer in image"):
        run("any-to-any", pipe, AnyInput(text=MESSAGE), generation_mode="image")


@pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("torchvision") is not None, reason="what it asks for is here"
)
def test_a_model_that_sees_asks_for_torchvision(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match="Torchvision"):
        load("any-to-any", mixed.llava(tmp_path))


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        ("image", PIL.Image.new("RGBA", (3, 2), "red"), Mixed(image=Image(width=3, height=2, pixels=b"\xff\0\0" * 6))),
        (
            "audio",
            torch.tensor([[0.5, 2.0]]),
            Mixed(audio=Audio.from_array(np.array([0.5, 1.0], np.float32), sampling_rate=24_000)),
        ),
    ],
)
def test_pictures_and_speech_come_out_as_values(mode: str, given: Any, expected: Mixed) -> None:
    """What such models make needs torchvision or tens of gigabytes; what their pipeline returns is stood in for."""
    asked: dict[str, Any] = {}

    class Model:
        output_modalities = ("text", "image", "audio")
        config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(max_position_embeddings=100))
        base_model = None

    class Pipe:
        model = Model()
        processor = SimpleNamespace(tokenizer=lambda _: {"input_ids": [1, 2]})

        def __call__(self, **arguments: Any) -> list[dict[str, Any]]:
            asked.update(arguments)
            return [{f"generated_{mode}": given}]

    Pipe.processor.tokenizer.model_max_length = 100
    parameters = get_task("any-to-any").checked_parameters({"generation_mode": mode})
    (answer,) = any_to_any.run(Pipe(), [AnyInput(text=MESSAGE)], parameters)
    assert answer == expected
    assert asked["text"] == MESSAGE.text
    assert asked["generation_mode"] == mode
    assert "return_full_text" not in asked
