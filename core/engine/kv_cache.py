"""How many tokens of texts fit into memory while a model writes: it keeps keys and values of each to the end.

Owns what a token takes, by the shape of the model, and what share of the free memory texts may take. On a GPU a run
that does not fit says so, and is halved; a processor's memory may end with the whole process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from core.engine.budget import free_bytes
from core.engine.key import Loaded

SHARE: Final = 0.5
"""Of the free memory, for the texts of one model: another may be asked at the same time."""

_NUMBER_BYTES: Final = {"float32": 4}
"""Of what is computed in anything else two are counted: 8 bits come with scales, and with what they are made of."""


def tokens_that_fit(loaded: Loaded, root: Path = Path("/")) -> float | None:
    """Return how many tokens the texts of one run may come to; None where memory sets no limit, or nobody knows one.

    Args:
        root: where `proc` and `sys` are; tests give another one.
    """
    each = token_bytes(getattr(loaded.pipe, "model", None), _NUMBER_BYTES.get(loaded.dtype, 2))
    return None if each is None or loaded.device != "cpu" else SHARE * free_bytes(root, with_files=True) / each


def token_bytes(model: Any, number_bytes: int) -> int | None:
    """Return what a token of a text takes; None for what does not write after a text in layers of attention.

    Its keys and values twice, as they are carried to another place when others join, and what a layer computes of it
    while it is read: what goes in and out of its two parts, and what is between.
    """
    config = getattr(model, "config", None)
    if config is None or getattr(config, "is_encoder_decoder", False):
        return None
    config = config.get_text_config(decoder=True)
    layers, heads, width, between = (
        getattr(config, name, None)
        for name in ("num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size")
    )
    if not (layers and heads and width):
        return None
    head_width = getattr(config, "head_dim", None) or width // heads
    kept = 2 * layers * (getattr(config, "num_key_value_heads", None) or heads) * head_width
    read = 6 * width + 3 * (between or 4 * width)
    return int(2 * kept * number_bytes + 4 * read)
