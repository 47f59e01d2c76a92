"""Text generation: goes on where a text stops, or answers it, a few letters at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.tasks.generation import GenerationParameters, watched
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Task
from core.values import Text


class TextGenerationParameters(GenerationParameters):
    """Tune text generation."""


def run(pipe: Any, inputs: Sequence[Text], parameters: TextGenerationParameters) -> list[Text]:
    """Continue each text."""
    return [_generate(pipe, text, parameters) for text in inputs]


def stream(
    pipe: Any,
    inputs: Text,
    parameters: TextGenerationParameters,
    emit: Callable[[Text], None],
    stopped: Callable[[], bool],
) -> Text:
    """Continue one text, emitting what there is so far as it grows."""
    options = watched(pipe.tokenizer, lambda text: emit(Text(text=text)), stopped)
    return _generate(pipe, inputs, parameters, **options)


def _generate(pipe: Any, text: Text, parameters: TextGenerationParameters, **options: Any) -> Text:
    # A model that was taught to converse answers a message; any other continues a text.
    chat = getattr(pipe.tokenizer, "chat_template", None) is not None
    answers = pipe(
        [{"role": "user", "content": text.text}] if chat else text.text,
        return_full_text=False,
        **parameters.options(),
        **options,
    )
    return Text(text=answers[0]["generated_text"])


TASK = Task(
    id="text-generation",
    modality="text",
    title="Text generation",
    summary="Goes on where your text stops, in the manner it was taught.",
    icon=":material/edit_note:",
    input=Text,
    parameters=TextGenerationParameters,
    output=Text,
    examples=(
        Example("A king speaks", "KING HENRY:\nWhat news, my lords, from"),
        Example("Two lovers", "ROMEO:\nO gentle night,"),
        Example("A soliloquy", "HAMLET:\nIf I could sleep and dream no more,\n"),
    ),
    load=pipeline_loader("text-generation"),
    run=run,
    stream=stream,
    batches=False,  # the rows of a sampled batch would depend on each other's draws
    deterministic=False,
)
