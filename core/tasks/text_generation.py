"""Text generation: goes on where a text stops, or answers a conversation, a few letters at a time.

A model whose tokenizer has a chat template was taught to converse: a text is a message to it. Any other
continues texts, and takes no conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from inspect import signature
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from core.errors import BadInput, BadParameters, TooLarge
from core.tasks.drawing import seeded
from core.tasks.generation import GenerationParameters, watched_together
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Task, Tokens, Watcher
from core.tasks.stopping import before, stop_at
from core.tasks.windows import token_limit
from core.values import Chat, Message, Text

StopSequence = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TextGenerationParameters(GenerationParameters):
    """Tune text generation."""

    stop: tuple[StopSequence, ...] = Field(
        (), max_length=8, description="End as soon as one of these is written; it is not part of the answer."
    )
    system_prompt: str = Field(
        "",
        max_length=4000,
        description="What the model is told before the conversation: who it is and how it answers.",
        json_schema_extra={"chat": True, "rows": 3},
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Above 0: draw the same again for the same text.")


def run(pipe: Any, inputs: Sequence[Text | Chat], parameters: TextGenerationParameters) -> list[Text]:
    """Continue each text, or answer each conversation."""
    return _written(pipe, inputs, parameters, None)


def stream_together(
    pipe: Any, inputs: Sequence[Text | Chat], parameters: TextGenerationParameters, watchers: Sequence[Watcher]
) -> list[Text]:
    """Do the same, emitting what there is so far of each as it grows."""
    return _written(pipe, inputs, parameters, watchers)


def stream(
    pipe: Any,
    inputs: Text | Chat,
    parameters: TextGenerationParameters,
    emit: Callable[[Text], None],
    stopped: Callable[[], bool],
) -> Text:
    """Continue one text or answer one conversation, emitting what there is so far as it grows."""
    return _written(pipe, [inputs], parameters, [Watcher(emit, stopped)])[0]


def _written(
    pipe: Any,
    inputs: Sequence[Text | Chat],
    parameters: TextGenerationParameters,
    watchers: Sequence[Watcher] | None,
) -> list[Text]:
    """Write after each input, those together that may be."""
    prompts = [_tokens(pipe, _prompt(pipe, one, parameters)) for one in inputs]
    rooms = [
        min(parameters.max_new_tokens, _room(pipe, one, prompt)) for one, prompt in zip(inputs, prompts, strict=True)
    ]
    may_pad = _may_pad(pipe, parameters)
    together: dict[object, list[int]] = {}
    for at, prompt in enumerate(prompts):
        like = "any" if may_pad else len(prompt)
        together.setdefault((rooms[at], like) if prompt else at, []).append(at)
    found: dict[int, Text] = {}
    for places in together.values():
        watching = None if watchers is None else [watchers[at] for at in places]
        texts = _generate(pipe, [prompts[at] for at in places], rooms[places[0]], parameters, watching)
        found.update(zip(places, texts, strict=True))
    return [found[at] for at in range(len(inputs))]


def _generate(
    pipe: Any,
    prompts: Sequence[Sequence[int]],
    room: int,
    parameters: TextGenerationParameters,
    watchers: Sequence[Watcher] | None,
) -> list[Text]:
    """Write so many tokens at most after each prompt."""
    import torch

    ends = _ends(pipe)
    options = {} if watchers is None else _before_eyes(pipe, watchers, parameters, ends)
    if parameters.stop:
        criteria = [*options.get("stopping_criteria", ()), stop_at(pipe.tokenizer, parameters.stop)]
        options["stopping_criteria"] = criteria
    drawing = {**parameters.options(), "max_new_tokens": room}
    if parameters.seed and parameters.do_sample:
        warping = {name: drawing.pop(name) for name in ("temperature", "top_k", "top_p")}
        drawing |= seeded(parameters.seed, **warping)
    longest, filler = max(map(len, prompts)), _filler(pipe)
    tokens = [[filler] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    given = {
        "input_ids": torch.tensor(tokens, dtype=torch.long),
        "attention_mask": torch.tensor(mask, dtype=torch.long),
        "prompt_text": "",
    }
    rows = pipe.forward(given, **drawing, **options)["generated_sequence"][:, 0, longest:].tolist()
    if watchers is not None:
        rows = options["streamer"].tokens
    return [_text(pipe, row[: _length(row, ends)], parameters) for row in rows]


def _text(pipe: Any, tokens: Sequence[int], parameters: TextGenerationParameters) -> Text:
    written = pipe.tokenizer.decode(list(tokens), skip_special_tokens=True)
    return Text(text=before(written, parameters.stop))


def _before_eyes(
    pipe: Any, watchers: Sequence[Watcher], parameters: TextGenerationParameters, ends: Set[int]
) -> dict[str, Any]:
    """Return the options of `generate` that let each watcher see its text grow, and end it."""

    def shown_to(watcher: Watcher) -> Callable[[str], None]:
        return lambda text: watcher.emit(Text(text=text))

    def ended(row: int, tokens: Sequence[int]) -> None:
        watchers[row].end(_text(pipe, tokens, parameters))

    emits = [shown_to(watcher) for watcher in watchers]
    stopped = [watcher.stopped for watcher in watchers]
    return watched_together(pipe.tokenizer, emits, stopped, ended, parameters.stop, ends)


def _may_pad(pipe: Any, parameters: TextGenerationParameters) -> bool:
    """Return whether prompts of several lengths may be written after at once.

    A model has to be told where each text is, and what fills up must not count as said.
    """
    takes_positions = "position_ids" in signature(pipe.model.forward).parameters
    return takes_positions and parameters.repetition_penalty == 1.0


def _filler(pipe: Any) -> int:
    """Return the token that stands before a shorter prompt; nobody reads it."""
    own = pipe.tokenizer.pad_token_id
    return own if own is not None else pipe.tokenizer.eos_token_id or 0


def _ends(pipe: Any) -> Set[int]:
    """Return the tokens that a text ends with."""
    end = getattr(pipe.model.generation_config, "eos_token_id", None)
    return frozenset(end if isinstance(end, list) else () if end is None else [end])


def _length(tokens: Sequence[int], ends: Set[int]) -> int:
    """Return how many tokens there are up to the end of a text, itself included; behind it is what fills up."""
    return next((at + 1 for at, token in enumerate(tokens) if token in ends), len(tokens))


def _prompt(pipe: Any, inputs: Text | Chat, parameters: TextGenerationParameters) -> str | list[dict[str, str]]:
    """Return what the pipeline is given: a text to continue, or messages.

    Raises: BadInput or BadParameters if the model does not converse, and was given what only such a model takes.
    """
    if getattr(pipe.tokenizer, "chat_template", None) is None:
        if isinstance(inputs, Chat):
            raise BadInput(
                "This model continues texts; it was not taught to converse.",
                hint="Send a text, or choose a model whose name says chat or instruct.",
            )
        if parameters.system_prompt:
            raise BadParameters(
                "This model continues texts and takes no system prompt.",
                hint="Leave it empty, or choose a model whose name says chat or instruct.",
            )
        return inputs.text
    if isinstance(inputs, Text):
        inputs = Chat(messages=(Message(role="user", content=inputs.text),))
    messages = [message.model_dump() for message in inputs.messages]
    if parameters.system_prompt and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": parameters.system_prompt})
    return messages


def count_tokens(pipe: Any, inputs: Text | Chat, parameters: TextGenerationParameters, answer: Text) -> Tokens:
    """Count the tokens of the prompt as the model was given it, and those of its answer."""
    written = pipe.tokenizer(answer.text, add_special_tokens=False, verbose=False)["input_ids"]
    return Tokens(inputs=len(_tokens(pipe, _prompt(pipe, inputs, parameters))), answer=len(written))


def _room(pipe: Any, inputs: Text | Chat, prompt: Sequence[int]) -> int:
    """Return how many tokens the model can write after a prompt.

    Raises: TooLarge if there is room for none.
    """
    room = token_limit(pipe.model, pipe.tokenizer) - len(prompt)
    if room < 1:
        what = "text" if isinstance(inputs, Text) else "conversation"
        raise TooLarge(
            f"The {what} is {len(prompt)} tokens long, and this model reads and writes {len(prompt) + room} in all.",
            hint="Shorten it, or start over.",
        )
    return room


def _tokens(pipe: Any, prompt: str | list[dict[str, str]]) -> list[int]:
    """Return a prompt as the model reads it.

    Raises: BadInput if the model cannot take such a conversation.
    """
    from jinja2 import TemplateError

    if isinstance(prompt, str):
        return list(pipe.tokenizer(prompt, verbose=False)["input_ids"])
    try:
        read = pipe.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)
    except TemplateError as err:  # its maker's own words, such as that the roles have to take turns
        raise BadInput(
            f"This model cannot take such a conversation: {str(err)[:200].rstrip('.!')}.",
            hint="Leave the system prompt out, or start over.",
        ) from err
    return list(read["input_ids"])


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
    stream_together=stream_together,
    count_tokens=count_tokens,
    writes=True,
    deterministic=False,
    openings=(
        "Explain to a child why the sky is blue.",
        "Write a polite note to a neighbour whose dog barks at night.",
        "Give me three titles for a story about a lighthouse.",
    ),
)
