"""Image-text-to-text: says what is asked about a picture, a few letters at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.errors import BadInput
from core.media import to_pil
from core.tasks.generation import GenerationParameters, watched
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Task
from core.tasks.windows import token_limit
from core.values import Image, Text, Value

_PICTURES = Path("static/examples")


class PictureAndText(Value):
    """Say something about a picture."""

    image: Image = Field(title="Picture")
    text: Text = Field(title="Message", description="Describe this picture.", json_schema_extra={"rows": 3})


class ImageTextToTextParameters(GenerationParameters):
    """Tune answers about pictures; the likeliest tokens, unless the draws are turned on."""

    do_sample: bool = Field(False, description="Draw each token by chance; off: always take the likeliest.")


def run(pipe: Any, inputs: Sequence[PictureAndText], parameters: ImageTextToTextParameters) -> list[Text]:
    """Answer each message."""
    return [_generate(pipe, asked, parameters) for asked in inputs]


def stream(
    pipe: Any,
    inputs: PictureAndText,
    parameters: ImageTextToTextParameters,
    emit: Callable[[Text], None],
    stopped: Callable[[], bool],
) -> Text:
    """Answer one message, emitting what there is so far as it grows."""
    options = watched(pipe.processor.tokenizer, lambda text: emit(Text(text=text)), stopped)
    return _generate(pipe, inputs, parameters, **options)


def refuse_placeholders(pipe: Any, text: str) -> None:
    """Refuse a text that holds what the model keeps for a picture or a sound: it would look for another one.

    Raises: BadInput naming it.
    """
    for name in ("image_token", "audio_token", "video_token", "boi_token", "eoi_token"):
        token = getattr(pipe.processor, name, None)
        if isinstance(token, str) and token and token in text:
            raise BadInput(f"The text holds '{token}', which this model keeps for itself.", hint="Take it out.")


def room_beside(pipe: Any, text: str, wanted: int) -> int:
    """Return how many tokens may be written after a text, `wanted` at most.

    Raises: BadInput if the text by itself fills what the model reads.
    """
    tokenizer = pipe.processor.tokenizer
    count, limit = len(tokenizer(text)["input_ids"]), token_limit(pipe.model, tokenizer)
    if count >= limit - 1:
        raise BadInput(f"The text makes {count} tokens; this model reads {limit}.", hint="Shorten it and try again.")
    return min(wanted, limit - count - 1)


def _generate(pipe: Any, asked: PictureAndText, parameters: ImageTextToTextParameters, **options: Any) -> Text:
    refuse_placeholders(pipe, asked.text.text)
    written = parameters.options() | options
    written["max_new_tokens"] = room_beside(pipe, asked.text.text, parameters.max_new_tokens)
    options = {"return_full_text": False, "generate_kwargs": written}
    picture = to_pil(asked.image)
    # A model that was taught to converse answers a message; any other continues a text.
    if getattr(pipe.processor, "chat_template", None) is not None:
        parts = [{"type": "image", "image": picture}, {"type": "text", "text": asked.text.text}]
        answers = pipe(text=[{"role": "user", "content": parts}], **options)
    else:
        answers = pipe(images=picture, text=asked.text.text, **options)
    return Text(text=answers[0]["generated_text"])


TASK = Task(
    id="image-text-to-text",
    modality="image",
    title="Talk about a picture",
    summary="Does what you ask of it about a picture: describes it, reads it, answers questions.",
    icon=":material/chat:",
    input=PictureAndText,
    parameters=ImageTextToTextParameters,
    output=Text,
    examples=(
        Example("A temple", {"image": _PICTURES / "temple.jpg", "text": "Describe this picture in two sentences."}),
        Example("A flower", {"image": _PICTURES / "flower.jpg", "text": "Which flower is this, and how do you know?"}),
        Example("A poem", {"image": _PICTURES / "flower.jpg", "text": "Write four lines of verse about this picture."}),
    ),
    load=pipeline_loader("image-text-to-text"),
    run=run,
    stream=stream,
    batches=False,  # see text generation
    deterministic=False,
)
