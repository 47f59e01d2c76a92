"""Texts' lengths rounded up, so that what prepares itself for every size meets few: OpenVINO, and torch in bfloat16.

Owns which questions may be lengthened, by what, and what is cut off the answers. Knows of tensors and of a model's
configuration only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from numpy.typing import NDArray

STEP: Final = 8
"""Lengths are made a multiple of this many tokens.

Source: a BERT of 22.7 million weights in OpenVINO's 8 bits, two threads asking 1,800 batches of 1 to 16 texts of 8
to 50 tokens: as they were, 1,080 texts a second at the end and 480 MB in the process, growing; in steps of 4,
1,180 and 335; of 8, 1,150 and 305, standing; of 16, 1,090 and 274.
"""

_OF_TOKENS: Final = ("start_logits", "end_logits")
"""Answers of a number for each token; others of two axes have a number for each label, or a vector for each text."""

_FILLS: Final = {"input_ids": None, "attention_mask": 0, "token_type_ids": 0}


@dataclass(frozen=True)
class Lengthening:
    """Say how one model's texts may be lengthened.

    Args:
        pad_token_id: what stands where no text is.
        most: the longest text that the model has places for.
    """

    pad_token_id: int
    most: int

    @staticmethod
    def of(config: Any) -> Lengthening | None:
        """Return what a model's configuration lets be done; None where it says nothing of padding or of places."""
        pad_token_id = getattr(config, "pad_token_id", None)
        most = getattr(config, "max_position_embeddings", None)
        return None if pad_token_id is None or not most else Lengthening(pad_token_id, most)

    def lengthened(self, arrays: Mapping[str, NDArray[Any]]) -> tuple[Mapping[str, NDArray[Any]], int, int]:
        """Return a question made longer, its length before and after; itself where it is none of masked texts.

        Shapes: each array is (texts, tokens).
        """
        shapes = {array.shape for array in arrays.values()}
        if len(shapes) > 1 or not {"input_ids", "attention_mask"} <= arrays.keys() <= _FILLS.keys():
            return arrays, 0, 0
        ((count, length),) = shapes
        longer = -(-length // STEP) * STEP
        if longer == length or longer > self.most:
            return arrays, length, length
        return {name: self._filled(name, array, count, longer) for name, array in arrays.items()}, length, longer

    def _filled(self, name: str, array: NDArray[Any], count: int, longer: int) -> NDArray[Any]:
        import numpy as np

        fill = _FILLS[name]
        found = np.full((count, longer), self.pad_token_id if fill is None else fill, array.dtype)
        found[:, : array.shape[1]] = array
        return found


def shortened(array: Any, axes: Sequence[int], length: int, longer: int) -> Any:
    """Return an answer, an array or a tensor, without what was given for the tokens that were added.

    Args:
        axes: those that are as long as the texts, or as many as they; a model's labels are neither.
    """
    if length == longer:
        return array
    is_cut = [axis in axes and size == longer for axis, size in enumerate(array.shape)]
    return array[tuple(slice(length) if cut else slice(None) for cut in is_cut)]


def lengthen(model: Any) -> None:
    """Have a module of torch, which is on the processor, be asked texts of few lengths; nobody sees it in the answer.

    A question of anything but texts, or for more than the usual answer, stays as it is.
    """
    import torch

    lengthening, forward = Lengthening.of(getattr(model, "config", None)), model.forward
    if lengthening is None:
        return

    @wraps(forward)
    def forward_longer(*positional: Any, **inputs: Any) -> Any:
        asked = {name: value for name, value in inputs.items() if value is not None and name != "use_cache"}
        if positional or not asked.keys() <= _FILLS.keys():
            return forward(*positional, **inputs)
        arrays, length, longer = lengthening.lengthened({name: value.numpy() for name, value in asked.items()})
        if length == longer:
            return forward(**inputs)
        answer = forward(**{**inputs, **{name: torch.from_numpy(array) for name, array in arrays.items()}})
        for name, value in answer.items():
            if isinstance(value, torch.Tensor) and (value.dim() == 3 or name in _OF_TOKENS):
                answer[name] = shortened(value, [1], length, longer)
        return answer

    model.forward = forward_longer
