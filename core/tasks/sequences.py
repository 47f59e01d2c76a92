"""Models that read one text and write another: how they are loaded, and how they write.

Owns what summarization and translation share; transformers 5 has no pipeline for either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint
from core.tasks.stopping import stop_when
from core.tasks.windows import token_limit

AT_ONCE: Final = 4
"""Windows that are written together: beams multiply what each of them takes."""


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


def write(
    pipe: SequencePipe, texts: Sequence[str], *, most: int, stopped: Callable[[], bool] | None = None, **options: Any
) -> list[str]:
    """Write a text for each one that is read, drawing nothing by chance.

    Args:
        most: tokens that the model reads at once; the texts have been cut to them.
        stopped: looked at after every token; once it is true, what there is so far is the answer.
        options: as transformers' `generate` takes them, `max_new_tokens` among them.
    """
    import torch
    from transformers import StoppingCriteriaList

    # Some count the places of what they write as well, and have no more.
    places = getattr(pipe.model.config, "max_position_embeddings", None) or options["max_new_tokens"] + 2
    options["max_new_tokens"] = min(options["max_new_tokens"], places - 2)
    criteria = StoppingCriteriaList([stop_when(stopped)] if stopped else [])
    written: list[str] = []
    for at in range(0, len(texts), AT_ONCE):
        if stopped is not None and stopped():
            break
        read = pipe.tokenizer(
            list(texts[at : at + AT_ONCE]), padding=True, truncation=True, max_length=most, return_tensors="pt"
        ).to(pipe.model.device)
        with torch.inference_mode():
            tokens = pipe.model.generate(
                input_ids=read["input_ids"],
                attention_mask=read["attention_mask"],
                do_sample=False,
                stopping_criteria=criteria,
                **options,
            )
        written += pipe.tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return [text.strip() for text in written]
