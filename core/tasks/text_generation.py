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
from core.tasks.generation import GenerationParameters, shown_to
from core.tasks.growing import Growing
from core.tasks.joining import begun_late
from core.tasks.pipelines import pipeline_loader
from core.tasks.prefix_cache import PrefixCache
from core.tasks.spec import Checkpoint, Example, Newcomers, Task, Tokens, Watcher, nobody_comes
from core.tasks.stopping import before
from core.tasks.together import can_be_joined, write_open, write_together
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


def load(checkpoint: Checkpoint) -> Any:
    """Return transformers' pipeline of a checkpoint, with a place for what it has read."""
    pipe = pipeline_loader("text-generation")(checkpoint)
    pipe.prefix_cache = PrefixCache(checkpoint.prefix_bytes)
    return pipe


def run(pipe: Any, inputs: Sequence[Text | Chat], parameters: TextGenerationParameters) -> list[Text]:
    """Continue each text, or answer each conversation."""
    return stream_together(pipe, inputs, parameters, [Watcher() for _ in inputs])


def stream(
    pipe: Any,
    inputs: Text | Chat,
    parameters: TextGenerationParameters,
    emit: Callable[[Text], None],
    stopped: Callable[[], bool],
) -> Text:
    """Continue one text or answer one conversation, emitting what there is so far as it grows."""
    return stream_together(pipe, [inputs], parameters, [Watcher(emit, stopped)])[0]


def stream_together(
    pipe: Any,
    inputs: Sequence[Text | Chat],
    parameters: TextGenerationParameters,
    watchers: Sequence[Watcher],
    newcomers: Newcomers = nobody_comes,
) -> list[Text]:
    """Write after each input, those together that may be, and let others join these.

    Raises: TooLarge, BadInput or BadParameters for one of the inputs; a newcomer is refused by itself.
    """
    writing = _Writing(pipe, parameters)
    texts = [writing.begin(one, watcher) for one, watcher in zip(inputs, watchers, strict=True)]
    may_pad = _may_pad(pipe, parameters)
    is_open = may_pad and not (parameters.seed and parameters.do_sample) and can_be_joined(pipe.model)
    more, joined = begun_late(writing.begin, newcomers), list[Growing]()

    def joining() -> list[Growing]:
        come = more()
        joined.extend(come)
        return come

    together: dict[object, list[Growing]] = {}
    for at, text in enumerate(texts):
        like = "any" if is_open else (text.room, "any" if may_pad else len(text.prompt))
        together.setdefault(like if text.prompt else at, []).append(text)
    for some in together.values():
        if is_open and some[0].prompt:
            write_open(pipe, some, _filler(pipe), writing.options(), joining, pipe.prefix_cache)
        else:
            write_together(pipe, some, _filler(pipe), writing.options())
    return [writing.text(text.tokens) for text in [*texts, *joined]]


class _Writing:
    """Begin texts that are written alike."""

    def __init__(self, pipe: Any, parameters: TextGenerationParameters) -> None:
        self._pipe, self._parameters = pipe, parameters
        self._ends = _ends(pipe)
        # A token stands for a byte at least, and a letter takes four bytes at most.
        self._looked_at = 4 * max(map(len, parameters.stop), default=0) + 4

    def options(self) -> dict[str, Any]:
        """Return how tokens are chosen, for one `generate`: what draws by a seed begins anew."""
        drawing = self._parameters.options()
        del drawing["max_new_tokens"]
        if self._parameters.seed and self._parameters.do_sample:
            warping = {name: drawing.pop(name) for name in ("temperature", "top_k", "top_p")}
            drawing |= seeded(self._parameters.seed, **warping)
        return drawing

    def begin(self, inputs: Text | Chat, watcher: Watcher) -> Growing:
        """Return a text of which nothing is written yet.

        Raises: as `_prompt` and `_room` do.
        """
        import torch

        prompt = _tokens(self._pipe, _prompt(self._pipe, inputs, self._parameters)) or _beginning(self._pipe)
        limit, room = _room(self._pipe, inputs, prompt)
        emit = watcher.emit
        shown = None
        if emit is not None:
            shown = shown_to(lambda text: emit(Text(text=text)), self._pipe.tokenizer, self._parameters.stop)

        def goes_on(token: int) -> bool:
            if shown is not None:
                shown.put(torch.tensor([token]))
            return not (token in self._ends or self._has_stopped(text.tokens))

        def ended() -> None:
            if shown is not None:
                shown.end()
            watcher.end(self.text(text.tokens))

        most = min(self._parameters.max_new_tokens, room)
        text = Growing(prompt, most, limit, goes_on, watcher.stopped, ended, watcher.reused)
        return text

    def text(self, tokens: Sequence[int]) -> Text:
        """Return what was written."""
        return Text(text=before(self._decoded(tokens), self._parameters.stop))

    def _has_stopped(self, tokens: Sequence[int]) -> bool:
        """Return whether one of the sequences that end a text was written."""
        if not self._parameters.stop:
            return False
        newest = self._decoded(tokens[-self._looked_at :])
        return any(sequence in newest for sequence in self._parameters.stop)

    def _decoded(self, tokens: Sequence[int]) -> str:
        return str(self._pipe.tokenizer.decode(list(tokens), skip_special_tokens=True))


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


def _beginning(pipe: Any) -> list[int]:
    """Return what a model reads before a text of its own, as `generate` would have it; nothing if it has no such."""
    begin = getattr(pipe.model.generation_config, "bos_token_id", None)
    return [] if begin is None else [begin]


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


def _room(pipe: Any, inputs: Text | Chat, prompt: Sequence[int]) -> tuple[int, int]:
    """Return how many tokens the model has places for, and how many of these are left to write.

    Raises: TooLarge if none is left.
    """
    limit = token_limit(pipe.model, pipe.tokenizer)
    if len(prompt) >= limit:
        what = "text" if isinstance(inputs, Text) else "conversation"
        raise TooLarge(
            f"The {what} is {len(prompt)} tokens long, and this model reads and writes {limit} in all.",
            hint="Shorten it, or start over.",
        )
    return limit, limit - len(prompt)


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
    load=load,
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
