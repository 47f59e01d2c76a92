"""Models that turn a text into a vector: how they are loaded, and how the vectors of its tokens become one.

Owns what feature extraction and sentence similarity share. How a checkpoint pools is read from
`1_Pooling/config.json`, which sentence-transformers writes and the Hub's client fetches; a checkpoint
without it is pooled by the mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.hub.files import POOLING
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint
from core.tasks.tokens import Encoded, batches, read_text
from core.tasks.windows import token_limit

Pooling = Literal["mean", "cls", "max", "last"]

AT_ONCE: Final = 16
"""Texts that are read together, of about the same length."""

_KEYS: Final[dict[str, Pooling]] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
}
"""What older versions of sentence-transformers write: one switch for each rule."""

_RULES: Final[dict[str, Pooling]] = {"mean": "mean", "cls": "cls", "max": "max", "lasttoken": "last"}
"""What newer ones write under `pooling_mode`."""


@dataclass(frozen=True)
class SentencePipe:
    """Hold a model that reads texts, its tokenizer, and how its checkpoint says that it pools."""

    model: Any
    tokenizer: Any
    pooling: Pooling


@dataclass(frozen=True)
class Sentences:
    """Hold texts as the model is given them.

    Args:
        lengths: of each text the characters of the windows that it is read in, often one.
        rows: what the model is given for each window, text after text.
    """

    lengths: Sequence[Sequence[int]]
    rows: Sequence[Encoded]


@dataclass(frozen=True)
class Vectors:
    """Hold one vector for each text, and what to know of them.

    Shapes: `array` is (texts, width) float32.
    """

    array: NDArray[np.float32]
    note: str


def load_sentence_model(checkpoint: Checkpoint) -> SentencePipe:
    """Load a model that reads texts.

    Raises: ModelUnavailable if the checkpoint writes texts, pools in a way of its own or has layers of its own
        after the pooling.
    """
    from transformers import AutoModel, AutoTokenizer

    pooling = _pooling_of(checkpoint.folder)
    # The pooler is what BERT's training needed; vectors are made from the tokens themselves.
    model = load_model((AutoModel,), checkpoint, unused=("pooler.",)).to(checkpoint.device)
    if model.config.is_encoder_decoder:
        raise ModelUnavailable(
            f"A {model.config.model_type} model writes texts; it gives no vectors.",
            hint="Choose a model made with sentence-transformers.",
        )
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return SentencePipe(model, tokenizer, pooling)


def read(pipe: SentencePipe, texts: Sequence[str]) -> Sentences:
    """Cut what is longer than the model reads into windows that overlap, and tokenise each."""
    most = token_limit(pipe.model, pipe.tokenizer)
    found = [read_text(pipe.tokenizer, text, most) for text in texts]
    lengths = [[window.length for window in windows] for windows in found]
    return Sentences(lengths, [window.row for windows in found for window in windows])


def vectors_of(pipe: SentencePipe, texts: Sentences, *, pooling: Pooling | None, normalize: bool) -> Vectors:
    """Return a vector for each text; one longer than the model reads gets the mean of its windows' vectors.

    Args:
        pooling: how the tokens' vectors become one; None: as the checkpoint says.
        normalize: whether each vector is brought to length 1.
    """
    lengths = [length for own in texts.lengths for length in own]
    by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
    together = batches(pipe.tokenizer, [texts.rows[at] for at in by_length], AT_ONCE)
    found = np.concatenate([_pooled(pipe, some, pooling or pipe.pooling) for some in together])
    pooled = np.empty_like(found)
    pooled[by_length] = found
    rows, at = [], 0
    for own in texts.lengths:
        rows.append(np.average(pooled[at : at + len(own)], axis=0, weights=own))
        at += len(own)
    array = np.asarray(rows, np.float32)
    most_windows = max(map(len, texts.lengths))
    note = f"The longest text did not fit the model at once; its vector is the mean of {most_windows} windows'."
    return Vectors(normalized(array) if normalize else array, note if most_windows > 1 else "")


def normalized(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows of an array of shape (count, width) brought to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    return np.asarray(array / np.where(lengths == 0, 1, lengths), np.float32)


def _pooled(pipe: SentencePipe, together: Any, pooling: Pooling) -> NDArray[np.float32]:
    """Return the vectors of texts that are read together, of shape (texts, width)."""
    import torch

    together = together.to(pipe.model.device)
    with torch.inference_mode():
        tokens = pipe.model(**together).last_hidden_state.float()  # (texts, tokens, width)
    mask = together["attention_mask"].unsqueeze(-1)
    if pooling == "cls":
        vectors = tokens[:, 0]
    elif pooling == "last":
        vectors = tokens[torch.arange(len(tokens)), mask.sum(1).squeeze(-1) - 1]
    elif pooling == "max":
        vectors = tokens.masked_fill(mask == 0, -torch.inf).amax(1)
    else:
        vectors = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1)
    return np.asarray(vectors.cpu().numpy(), np.float32)


def _pooling_of(folder: Path) -> Pooling:
    """Return how a checkpoint says that it pools; by the mean if it does not say."""
    modules = _read(folder / "modules.json", [])
    if any("Dense" in str(module.get("type")) for module in modules):
        raise ModelUnavailable(
            "This checkpoint has a layer after its pooling, which is not loaded here.",
            hint="Choose a sentence-transformers model of a transformer and a pooling only.",
        )
    said = _read(folder / POOLING, {"pooling_mode": "mean"})
    rules = [said["pooling_mode"]] if "pooling_mode" in said else [key for key in said if said[key] is True]
    found = [rule for name in rules if (rule := _KEYS.get(str(name), _RULES.get(str(name)))) is not None]
    if len(found) != 1 or any(str(name).startswith("pooling_mode_") and name not in _KEYS for name in rules):
        raise ModelUnavailable(
            "This checkpoint pools its vectors in a way that is not offered here.",
            hint="Choose one that pools by the mean, by the first or last token, or by the largest values.",
        )
    return found[0]


def _read(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else otherwise
