"""Models that read one text and write another: how they are loaded, and how they write.

Owns what summarization and translation share; transformers 5 has no pipeline for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(eq=False)
class Parted:
    """Hold a text that is written part by part.

    Args:
        parts: what its parts are written of, each no more than the model reads at once.
        said: makes the answer of what was written for its parts so far.
        watcher: sees the answer grow by a few parts at a time; once it has seen enough, what there is so far is all.
    """

    parts: Sequence[str]
    said: Callable[[Sequence[str]], Any]
    watcher: Watcher
    written: list[str] = field(default_factory=list)
    is_whole: bool = False

    @property
    def answer(self) -> Any:
        """Return what there is of its answer."""
        return self.said(self.written)

    def end(self) -> None:
        """Let what there is of the answer be all of it."""
        self.is_whole = True
        self.watcher.end(self.answer)

    def show(self) -> None:
        """Show what there is of the answer."""
        if self.watcher.emit is not None:
            self.watcher.emit(self.answer)


def write_each(
    pipe: SequencePipe,
    texts: Sequence[Parted],
    more: Callable[[], Sequence[Parted]] = lambda: (),
    *,
    most: int,
    **options: Any,
) -> list[Any]:
    """Write texts, the first parts of all before the second ones, and draw nothing; return the answers.

    Args:
        more: returns texts that join the others, each time before some parts are written; their answers come last.
        most: tokens that the model reads at once; the parts have been cut to them.
        options: as transformers' `generate` takes them, `max_new_tokens` among them.
    """

    def read(part: str) -> list[int]:
        return list(pipe.tokenizer(part, truncation=True, max_length=most, verbose=False)["input_ids"])

    everybody: list[Parted] = []
    waiting: list[tuple[int, Parted, list[int]]] = []
    now = 0  # the turn of whoever comes, so that an endless row of newcomers holds up nobody for ever
    while True:
        newest = list(more() if now else texts)
        everybody += newest
        waiting += [(turn, text, read(part)) for text in newest for turn, part in enumerate(text.parts, now)]
        waiting.sort(key=lambda part: part[0])
        left = {text for _, text, _ in waiting}
        for text in everybody:
            if not text.is_whole and (text not in left or text.watcher.stopped()):
                text.end()
        some, waiting = _split([part for part in waiting if not part[1].is_whole], options["num_beams"])
        if not some:
            return [text.answer for text in everybody]
        _grow(pipe, [(text, tokens) for _, text, tokens in some], options)
        now += 1


def _grow(pipe: SequencePipe, some: Sequence[tuple[Parted, list[int]]], options: dict[str, Any]) -> None:
    """Write some parts at once, and show what there is then."""
    texts = [text for text, _ in some]

    def stopped() -> list[bool]:
        enough = {text: text.watcher.stopped() for text in set(texts)}  # its parts end at the same token
        return [enough[text] for text in texts]

    def end_early(tokens: Mapping[int, Any]) -> None:
        for row, written in zip(tokens, _texts(pipe, tokens.values()), strict=True):
            texts[row].written.append(written)
        for text in dict.fromkeys(texts[row] for row in tokens):
            text.end()

    found = _write(pipe, [tokens for _, tokens in some], stop_each_when(stopped, end_early), **options)
    for text, written in zip(texts, found, strict=True):
        if not text.is_whole:
            text.written.append(written)
    for text in dict.fromkeys(texts):
        if not text.is_whole:
            text.show()


_Part = tuple[int, Parted, list[int]]


def _split(waiting: list[_Part], beams: int) -> tuple[list[_Part], list[_Part]]:
    """Return the parts that are written together next, one at least, and those that wait on."""
    longest = count = 0
    for _, _, tokens in waiting[: max(1, ROWS_AT_ONCE // beams)]:
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
