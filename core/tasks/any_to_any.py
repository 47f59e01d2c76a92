"""Any-to-any: text, a picture and a sound in; text, a picture or a sound out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from core.errors import BadInput, BadParameters
from core.media import resample, to_pil
from core.tasks.generation import GenerationParameters, watched
from core.tasks.image_text_to_text import refuse_placeholders, room_beside
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Task
from core.values import Audio, Image, Mixed, Text, Value

_PICTURES = Path("static/examples")
_SOUNDS = Path("models/starters/spoken-digits/examples")


class AnyInput(Value):
    """Give a text and, if one likes, a picture and a sound."""

    text: Text = Field(title="Message", description="What do you see and hear?", json_schema_extra={"rows": 3})
    image: Image | None = Field(None, title="Picture")
    audio: Audio | None = Field(None, title="Sound")


class AnyToAnyParameters(GenerationParameters):
    """Tune any-to-any; the likeliest tokens, unless the draws are turned on."""

    generation_mode: Literal["text", "image", "audio"] = Field(
        "text", description="What to answer in; most models can only write."
    )
    do_sample: bool = Field(False, description="Draw each token by chance; off: always take the likeliest.")


def run(pipe: Any, inputs: Sequence[AnyInput], parameters: AnyToAnyParameters) -> list[Mixed]:
    """Answer each message.

    Raises: BadInput for a picture or a sound that the model does not take; BadParameters for an answer that it
        cannot give.
    """
    return [_generate(pipe, given, parameters, {}) for given in inputs]


def stream(
    pipe: Any,
    inputs: AnyInput,
    parameters: AnyToAnyParameters,
    emit: Callable[[Mixed], None],
    stopped: Callable[[], bool],
) -> Mixed:
    """Answer one message, emitting what there is so far where it is written."""
    writes = parameters.generation_mode == "text"
    options = watched(pipe.processor.tokenizer, lambda text: emit(Mixed(text=text)), stopped) if writes else {}
    return _generate(pipe, inputs, parameters, options)


def _generate(pipe: Any, given: AnyInput, parameters: AnyToAnyParameters, options: dict[str, Any]) -> Mixed:
    mode = parameters.generation_mode
    _check(pipe, given, mode)
    refuse_placeholders(pipe, given.text.text)
    written = parameters.options() | options
    written["max_new_tokens"] = room_beside(pipe, given.text.text, parameters.max_new_tokens)
    arguments: dict[str, Any] = {"generation_mode": mode, "generate_kwargs": written}
    if mode == "text":
        arguments["return_full_text"] = False
    sound = None if given.audio is None else _samples(pipe, given.audio)
    picture = None if given.image is None else to_pil(given.image)
    if getattr(pipe.processor, "chat_template", None) is not None:
        parts = [
            *([] if picture is None else [{"type": "image", "image": picture}]),
            *([] if sound is None else [{"type": "audio", "audio": sound}]),
            {"type": "text", "text": given.text.text},
        ]
        rows = pipe(text=[{"role": "user", "content": parts}], **arguments)
    else:
        rows = pipe(text=given.text.text, images=picture, audio=sound, **arguments)
    return _mixed(pipe, rows[0][f"generated_{mode}"], mode)


def _check(pipe: Any, given: AnyInput, mode: str) -> None:
    for reader, part, noun in (
        ("image_processor", given.image, "picture"),
        ("feature_extractor", given.audio, "sound"),
    ):
        if part is not None and getattr(pipe.processor, reader, None) is None:
            raise BadInput(f"This model takes no {noun}.", hint=f"Leave the {noun} out, or choose another model.")
    gives = pipe.model.output_modalities
    if mode not in gives:
        raise BadParameters(f"This model cannot answer in {mode}.", hint=f"It answers in {' or '.join(gives)}.")


def _samples(pipe: Any, audio: Audio) -> Any:
    return resample(audio, int(pipe.processor.feature_extractor.sampling_rate)).array().copy()


def _mixed(pipe: Any, answer: Any, mode: str) -> Mixed:
    if mode == "text":
        return Mixed(text=answer)
    if mode == "image":
        return Mixed(image=Image.from_array(np.asarray(answer.convert("RGB"))))
    samples = np.clip(np.asarray(answer, np.float32).reshape(-1), -1.0, 1.0)
    return Mixed(audio=Audio.from_array(samples, _voice_rate(pipe)))


def _voice_rate(pipe: Any) -> int:
    """Return the rate in Hz that a model speaks at. Source: Qwen2.5-Omni's vocoder, 24 kHz, unless it says so."""
    return int(getattr(pipe.model.config, "audio_sampling_rate", None) or 24_000)


TASK = Task(
    id="any-to-any",
    modality="image",
    title="Any to any",
    summary="Takes a message with a picture, a sound or neither, and answers in words, a picture or a sound.",
    icon=":material/graph_6:",
    input=AnyInput,
    parameters=AnyToAnyParameters,
    output=Mixed,
    examples=(
        Example("A question", {"text": "Why is the sky blue? Answer in two sentences."}),
        Example("About a picture", {"text": "What do you see?", "image": _PICTURES / "temple.jpg"}),
        Example("About a sound", {"text": "Which word is said?", "audio": _SOUNDS / "seven.wav"}),
    ),
    load=pipeline_loader("any-to-any"),
    run=run,
    stream=stream,
    batches=False,  # see text generation
    deterministic=False,
)
