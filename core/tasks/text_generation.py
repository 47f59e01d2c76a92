"""Text generation: goes on where a text stops, or answers it, a few letters at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task, Tokens
from core.values import Text


class TextGenerationParameters(Parameters):
    """Tune text generation."""

    max_new_tokens: int = Field(200, ge=1, le=1000, description="The most tokens to write.")
    do_sample: bool = Field(True, description="Draw each token by chance; off: always take the likeliest.")
    temperature: float = Field(0.8, ge=0.05, le=2.0, description="How bold the draws are; low is safe, high is wild.")
    top_p: float = Field(
        0.95, ge=0.05, le=1.0, description="Draw only from the likeliest tokens with this much weight."
    )
    top_k: int = Field(50, ge=1, le=500, description="Draw only from this many of the likeliest tokens.")
    repetition_penalty: float = Field(1.0, ge=1.0, le=2.0, description="Above 1: avoid what was already said.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Above 0: draw the same again for the same text.")


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
    from transformers import StoppingCriteria, TextStreamer

    class Emit(TextStreamer):  # type: ignore[misc]  # transformers has no types
        """Hand on each finished piece of text instead of printing it."""

        written = ""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002  # its signature
            self.written += text
            if text:
                emit(Text(text=self.written))

    class Stop(StoppingCriteria):  # type: ignore[misc]
        """End the generation when the caller asks for it."""

        def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
            return input_ids.new_full((input_ids.shape[0],), stopped(), dtype=bool_dtype)

    import torch

    bool_dtype = torch.bool
    streamer = Emit(pipe.tokenizer, skip_prompt=True, skip_special_tokens=True)
    return _generate(pipe, inputs, parameters, streamer=streamer, stopping_criteria=[Stop()])


def _generate(pipe: Any, text: Text, parameters: TextGenerationParameters, **options: Any) -> Text:
    if parameters.seed:
        import torch

        torch.manual_seed(parameters.seed)
    sampling = parameters.model_dump(include={"temperature", "top_p", "top_k"}) if parameters.do_sample else {}
    # A model that was taught to converse answers a message; any other continues a text.
    chat = getattr(pipe.tokenizer, "chat_template", None) is not None
    answers = pipe(
        [{"role": "user", "content": text.text}] if chat else text.text,
        max_new_tokens=parameters.max_new_tokens,
        do_sample=parameters.do_sample,
        repetition_penalty=parameters.repetition_penalty,
        return_full_text=False,
        **sampling,
        **options,
    )
    return Text(text=answers[0]["generated_text"])


def count_tokens(pipe: Any, inputs: Text, answer: Text) -> Tokens:
    """Count the tokens of a text as the model was given it, and those of its answer."""
    tokenizer = pipe.tokenizer
    if getattr(tokenizer, "chat_template", None) is None:
        given = tokenizer(inputs.text).input_ids
    else:
        asked = tokenizer.apply_chat_template(
            [{"role": "user", "content": inputs.text}], add_generation_prompt=True, tokenize=False
        )
        given = tokenizer(asked, add_special_tokens=False).input_ids
    return Tokens(inputs=len(given), answer=len(tokenizer(answer.text, add_special_tokens=False).input_ids))


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
    count_tokens=count_tokens,
    batches=False,  # the rows of a sampled batch would depend on each other's draws
    deterministic=False,
)
