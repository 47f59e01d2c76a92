"""Models that read one text and write another: how they are loaded, and how they write.

Owns what summarization and translation share; transformers 5 has no pipeline for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Watcher
from core.tasks.stopping import stop_each_when
from core.tasks.windows import token_limit

ROWS_AT_ONCE: Final = 32
"""Wordings that are written together at most, of all texts: those of one text are its beams.

Source: a Marian of 77 million weights, four beams, 40 tokens of each text of 40: in OpenVINO's 8 bits 259 ms for one
text, 130 each for four, 105 for eight, 96 for sixteen; in torch's float32 1,148, 404 and 282.
"""

READ_AT_ONCE: Final = 4096
"""Tokens that are read together at most, what fills up included: every wording keeps what it looks at in each layer."""


MOST_READ: Final = 1024
"""Tokens that are read at once where a model could take more: T5's kin sets no limit, and was trained on 512."""


@dataclass(frozen=True)
class SequencePipe:
    """Hold a sequence-to-sequence model and its tokenizer."""

    model: Any
    tokenizer: Any


def load_sequence_model(checkpoint: Checkpoint) -> SequencePipe:
    """Load a model that reads one text and writes another.

    Raises: ModelUnavailable if the checkpoint is of another kind or lacks weights.
    """
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = load_model((AutoModelForSeq2SeqLM,), checkpoint).to(checkpoint.device)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    # The task's parameters say how long a text becomes; these would speak against them.
    model.generation_config.update(max_length=None, min_length=None)
    return SequencePipe(model, tokenizer)


def longest_input(pipe: SequencePipe) -> int:
    """Return how many tokens a model reads at once, special ones included."""
    return min(token_limit(pipe.model, pipe.tokenizer), MOST_READ)


def write_each(
    pipe: SequencePipe,
    parts: Sequence[Sequence[str]],
    said: Callable[[int, Sequence[str]], Any],
    watchers: Sequence[Watcher] = (),
    *,
    most: int,
    **options: Any,
) -> list[Any]:
    """Write a text for each part of each input, the first parts of all before the second ones, and draw nothing.

    Args:
        said: makes the answer for the input of a number, of what was written for its parts so far.
        watchers: who sees the answer of each input grow by a few parts at a time, if anybody does; once one has seen
            enough, what there is so far is the answer, at once.
        most: tokens that the model reads at once; the parts have been cut to them.
        options: as transformers' `generate` takes them, `max_new_tokens` among them.
    """

    def read(part: str) -> list[int]:
        return list(pipe.tokenizer(part, truncation=True, max_length=most, verbose=False)["input_ids"])

    turns = sorted((turn, at, part) for at, own in enumerate(parts) for turn, part in enumerate(own))
    waiting = [(at, read(part)) for _, at, part in turns]
    nobody = [Watcher(lambda _: None, lambda: False)] * len(parts)
    answers = _Answers(pipe, said, watchers or nobody, [[] for _ in parts], set(range(len(parts))))
    while answers.going_on:
        left = {at for at, _ in waiting}
        for at in sorted(answers.going_on):
            if at not in left or answers.watchers[at].stopped():
                answers.end(at)
        some, waiting = _split([(at, tokens) for at, tokens in waiting if at in answers.going_on], options["num_beams"])
        if some:
            answers.grow(some, options)
    return [said(at, own) for at, own in enumerate(answers.written)]


@dataclass
class _Answers:
    """Hold what is written of each input, by its number.

    Args:
        going_on: the inputs whose answers are not whole.
    """

    pipe: SequencePipe
    said: Callable[[int, Sequence[str]], Any]
    watchers: Sequence[Watcher]
    written: list[list[str]]
    going_on: set[int]

    def end(self, at: int) -> None:
        """Let what there is of an answer be all of it."""
        self.going_on.remove(at)
        self.watchers[at].end(self.said(at, self.written[at]))

    def grow(self, some: Sequence[tuple[int, list[int]]], options: dict[str, Any]) -> None:
        """Write some parts at once, and show what there is then."""
        places = [at for at, _ in some]

        def stopped() -> list[bool]:
            enough = {at: self.watchers[at].stopped() for at in set(places)}  # its parts end at the same token
            return [enough[at] for at in places]

        def end_early(tokens: Mapping[int, Any]) -> None:
            for row, text in zip(tokens, _texts(self.pipe, tokens.values()), strict=True):
                self.written[places[row]].append(text)
            for at in {places[row] for row in tokens}:
                self.end(at)

        texts = _write(self.pipe, [tokens for _, tokens in some], stop_each_when(stopped, end_early), **options)
        for at, text in zip(places, texts, strict=True):
            if at in self.going_on:
                self.written[at].append(text)
        for at in sorted(self.going_on & set(places)):
            self.watchers[at].emit(self.said(at, self.written[at]))


def _split(
    waiting: list[tuple[int, list[int]]], beams: int
) -> tuple[list[tuple[int, list[int]]], list[tuple[int, list[int]]]]:
    """Return the parts that are written together next, one at least, and those that wait on."""
    longest = count = 0
    for _, tokens in waiting[: max(1, ROWS_AT_ONCE // beams)]:
        longest = max(longest, len(tokens))
        if count and longest * (count + 1) > READ_AT_ONCE:
            break
        count += 1
    return waiting[:count], waiting[count:]


def _write(pipe: SequencePipe, parts: Sequence[list[int]], criterion: Any, **options: Any) -> list[str]:
    import torch
    from transformers import StoppingCriteriaList

    # Some count the places of what they write as well, and have no more.
    places = getattr(pipe.model.config, "max_position_embeddings", None) or options["max_new_tokens"] + 2
    options["max_new_tokens"] = min(options["max_new_tokens"], places - 2)
    read = pipe.tokenizer.pad({"input_ids": list(parts)}, return_tensors="pt", verbose=False).to(pipe.model.device)
    with torch.inference_mode():
        tokens = pipe.model.generate(
            input_ids=read["input_ids"],
            attention_mask=read["attention_mask"],
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([criterion]),
            **options,
        )
    return _texts(pipe, tokens)


def _texts(pipe: SequencePipe, tokens: Iterable[Any]) -> list[str]:
    """Return what rows of tokens say; -1 stands behind what a model without an end ended early."""
    rows = [[token for token in row.tolist() if token >= 0] for row in tokens]
    return [text.strip() for text in pipe.tokenizer.batch_decode(rows, skip_special_tokens=True)]
