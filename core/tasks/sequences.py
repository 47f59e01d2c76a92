"""Models that read one text and write another: how they are loaded, and how they write.

Owns what summarization and translation share; transformers 5 has no pipeline for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
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
    written: list[list[str]] = [[] for _ in parts]
    waiting = [
        (at, part)
        for turn in zip_longest(*([(at, part) for part in own] for at, own in enumerate(parts)))
        for at, part in filter(None, turn)
    ]
    watching = watchers or [Watcher(lambda _: None, lambda: False)] * len(parts)
    going_on = set(range(len(parts)))

    def end(at: int) -> None:
        going_on.remove(at)
        watching[at].end(said(at, written[at]))

    while going_on:
        left = {at for at, _ in waiting}
        for at in {at for at in going_on if at not in left or watching[at].stopped()}:
            end(at)
        waiting = [(at, part) for at, part in waiting if at in going_on]
        some, waiting = _split(pipe, waiting, options["num_beams"])
        places = [at for at, _ in some]

        def end_early(tokens: Mapping[int, Any], places: Sequence[int] = places) -> None:
            for row, text in zip(tokens, _texts(pipe, tokens.values()), strict=True):
                written[places[row]].append(text)
            for at in {places[row] for row in tokens}:
                end(at)

        def stopped(places: Sequence[int] = places) -> list[bool]:
            enough = {at: watching[at].stopped() for at in set(places)}  # its parts end at the same token
            return [enough[at] for at in places]

        criterion = stop_each_when(stopped, end_early)
        texts = _write(pipe, [part for _, part in some], criterion, most=most, **options)
        for at, text in zip(places, texts, strict=True):
            if at in going_on:
                written[at].append(text)
        for at in sorted(going_on & set(places)):
            watching[at].emit(said(at, written[at]))
    return [said(at, own) for at, own in enumerate(written)]


def _split(
    pipe: SequencePipe, waiting: list[tuple[int, str]], beams: int
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the parts that are written together next, one at least, and those that wait on."""
    longest = count = 0
    for _, part in waiting[: max(1, ROWS_AT_ONCE // beams)]:
        longest = max(longest, len(pipe.tokenizer(part, verbose=False)["input_ids"]))
        if count and longest * (count + 1) > READ_AT_ONCE:
            break
        count += 1
    return waiting[:count], waiting[count:]


def _write(pipe: SequencePipe, texts: Sequence[str], criterion: Any, *, most: int, **options: Any) -> list[str]:
    import torch
    from transformers import StoppingCriteriaList

    if not texts:
        return []
    # Some count the places of what they write as well, and have no more.
    places = getattr(pipe.model.config, "max_position_embeddings", None) or options["max_new_tokens"] + 2
    options["max_new_tokens"] = min(options["max_new_tokens"], places - 2)
    read = pipe.tokenizer(list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt")
    read = read.to(pipe.model.device)
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
