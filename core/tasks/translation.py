"""Translation: the same text in another language, a few sentences at a time.

Owns how each family of models is told from what language and into which one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydantic import Field
from pydantic.config import JsonDict

from core.errors import BadParameters
from core.tasks.joining import begun_late
from core.tasks.languages import LANGUAGES, code_of, spellings
from core.tasks.passages import fits_in, passages_of
from core.tasks.sequences import Parted, SequencePipe, load_sequence_model, longest_input, write_each
from core.tasks.spec import Example, Newcomers, Parameters, Task, Watcher, nobody_comes
from core.values import Text, Translation

PART_TOKENS: Final = 128
"""Tokens that are translated at once: models were taught on sentences, and leave some out of a longer text."""

AUTOMATIC: Final = ""
"""The model's own direction; for a model of many: English, and German from English."""

_CHOICES: Final[JsonDict] = {AUTOMATIC: "Automatic", **LANGUAGES}
_LINE_ENDS: Final = re.compile(r"(\s*\n\s*)")
_UNSPACED: Final = ("。", "！", "？")  # noqa: RUF001


class TranslationParameters(Parameters):
    """Tune translation."""

    src_lang: str = Field(
        AUTOMATIC,
        title="From",
        max_length=20,
        description="The language of the text; automatic: the model's own, or English.",
        json_schema_extra={"choices": _CHOICES, "prominent": True},
    )
    tgt_lang: str = Field(
        AUTOMATIC,
        title="Into",
        max_length=20,
        description="The language to translate into; automatic: the model's own, or German, or English.",
        json_schema_extra={"choices": _CHOICES, "prominent": True},
    )
    num_beams: int = Field(4, ge=1, le=8, description="Wordings that are tried side by side; more: better and slower.")
    max_new_tokens: int = Field(400, ge=5, le=1000, description="The most tokens to write for each part of the text.")


@dataclass(frozen=True)
class Direction:
    """Say how a model is told what to do: words before each text, and options of its generation."""

    prefix: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def run(pipe: SequencePipe, inputs: Sequence[Text], parameters: TranslationParameters) -> list[Translation]:
    """Translate each text, sentence group by sentence group; its lines stay lines."""
    return stream_together(pipe, inputs, parameters, [Watcher() for _ in inputs])


def stream_together(
    pipe: SequencePipe,
    inputs: Sequence[Text],
    parameters: TranslationParameters,
    watchers: Sequence[Watcher],
    newcomers: Newcomers = nobody_comes,
) -> list[Translation]:
    """Do the same, emitting what is translated so far of each before whoever watches, and of those that join."""
    direction = _direction(pipe, code_of(parameters.src_lang), code_of(parameters.tgt_lang))
    most = longest_input(pipe)
    options = {"num_beams": parameters.num_beams, "max_new_tokens": parameters.max_new_tokens}

    def parted(text: Text, watcher: Watcher) -> Parted:
        pieces = _pieces(pipe, text, direction, most)
        return Parted([direction.prefix + part for part, _ in pieces], partial(_joined, pieces), watcher)

    texts = [parted(text, watcher) for text, watcher in zip(inputs, watchers, strict=True)]
    more = begun_late(parted, newcomers)
    return write_each(pipe, texts, more, most=most, **direction.options, **options)


def stream(
    pipe: SequencePipe,
    inputs: Text,
    parameters: TranslationParameters,
    emit: Callable[[Translation], None],
    stopped: Callable[[], bool],
) -> Translation:
    """Translate one text, emitting what is translated so far."""
    return stream_together(pipe, [inputs], parameters, [Watcher(emit, stopped)])[0]


def _pieces(pipe: SequencePipe, text: Text, direction: Direction, most: int) -> list[tuple[str, str]]:
    """Cut a text into parts, each with what stands between it and the next one."""
    fits = fits_in(pipe.tokenizer, min(most, PART_TOKENS))
    lines = _LINE_ENDS.split(text.text.strip())
    pieces: list[tuple[str, str]] = []
    for line, end in zip(lines[::2], [*lines[1::2], ""], strict=True):
        parts = passages_of(line, lambda part: fits(direction.prefix + part))
        pieces += [(part, "" if part.endswith(_UNSPACED) else " ") for part in parts[:-1]]
        pieces.append((parts[-1], end))
    return pieces


def _joined(pieces: Sequence[tuple[str, str]], written: Sequence[str]) -> Translation:
    text = "".join(part + end for part, (_, end) in zip(written, pieces, strict=False))
    note = f"Translated in {len(pieces)} parts, a few sentences at a time."
    return Translation(text=text.strip(), note=note if len(pieces) > 1 else "")


def _direction(pipe: SequencePipe, source: str, target: str) -> Direction:
    """Return how the model is told to translate from `source` into `target`, codes or AUTOMATIC.

    Raises: BadParameters naming what it translates, if not this.
    """
    own = _own_direction(pipe)
    if own is not None:
        if (source or own[0], target or own[1]) != own:
            raise BadParameters(
                f"This model translates from {_name(own[0])} into {_name(own[1])} only.",
                hint="Leave both languages on automatic, or choose another model.",
            )
        return Direction()
    if _token(pipe, "en") is None and pipe.model.config.model_type != "t5":
        return Direction()  # it does not say what it translates, and has nothing to be told with
    source = source or "en"
    target = target or ("de" if source == "en" else "en")
    if source == target:
        raise BadParameters(
            f"The text cannot be in {_name(target)} and be translated into it.", hint="Choose two different languages."
        )
    token = _token(pipe, target)
    if _token(pipe, "en") is None:
        return Direction(prefix=_instruction(pipe, source, target))
    if token is None or (_token(pipe, source) is None):
        unknown = target if token is None else source
        raise BadParameters(f"This model does not know {_name(unknown)}.", hint="Choose another language, or model.")
    if token.startswith("<2"):
        return Direction(prefix=f"{token} ")
    pipe.tokenizer.src_lang = source if token.startswith("__") else _token(pipe, source)
    return Direction(options={"forced_bos_token_id": pipe.tokenizer.convert_tokens_to_ids(token)})


def _own_direction(pipe: SequencePipe) -> tuple[str, str] | None:
    """Return the languages of a model with one direction, if its tokenizer names them, as Marian's does."""
    said = pipe.tokenizer.init_kwargs
    source, target = (said.get(name) for name in ("source_lang", "target_lang"))
    return (code_of(source), code_of(target)) if source and target else None


def _token(pipe: SequencePipe, code: str) -> str | None:
    """Return the token that names a language, if the model has one."""
    unknown = (None, pipe.tokenizer.unk_token_id)
    known = (token for token in spellings(code) if pipe.tokenizer.convert_tokens_to_ids(token) not in unknown)
    return next(known, None)


def _instruction(pipe: SequencePipe, source: str, target: str) -> str:
    """Return the words by which T5 is told what to do."""
    taught = [name for name in getattr(pipe.model.config, "task_specific_params", None) or () if "_to_" in name]
    if taught and f"translation_{source}_to_{target}" not in taught:
        pairs = " or ".join(_name(code) for code in sorted(name.rpartition("_")[2] for name in taught))
        raise BadParameters(f"This model translates from English into {pairs}.", hint="Choose one of these.")
    return f"translate {_name(source)} to {_name(target)}: "


def _name(code: str) -> str:
    return LANGUAGES.get(code, code)


TASK = Task(
    id="translation",
    modality="text",
    title="Translation",
    summary="Says a text again in another language, line by line.",
    icon=":material/translate:",
    input=Text,
    parameters=TranslationParameters,
    output=Translation,
    examples=(
        Example(
            "A note on a door",
            "The key is under the third flower pot. Please feed the cat, and do not believe her if she says that "
            "she has already eaten.",
        ),
        Example(
            "A letter in two parts",
            "Dear Clara,\n\nThe train was late, the hotel had no hot water, and I have never been so happy. From my "
            "window I can see the harbour.\n\nCome soon. There is room for two.",
            {"src_lang": "en", "tgt_lang": "fr"},
        ),
        Example("At the market", "How much are the apples? I would like two kilos, please."),
    ),
    load=load_sequence_model,
    run=run,
    stream=stream,
    stream_together=stream_together,
    writes=True,
)
