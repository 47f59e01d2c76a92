"""Texts' lengths rounded up, so that a program which prepares itself for every size meets few.

Owns which questions may be lengthened, by what, and what is cut off the answers. Knows of tensors and of a model's
configuration only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

STEP: Final = 8
"""Lengths are made a multiple of this many tokens.

Source: a BERT of 22.7 million weights in OpenVINO's 8 bits, two threads asking batches of 1 to 16 texts of 8 to 50
tokens, 1,800 in all: as they were, 1,080 texts a second at the end and 480 MB in the process, growing; in steps of 4,
1,180 and 335; of 8, 1,150 and 305, standing; of 16, 1,090 and 274.
"""

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


def shortened(array: NDArray[Any], axes: Sequence[int], length: int, longer: int) -> NDArray[Any]:
    """Return an answer without what was given for the tokens that were added.

    Args:
        axes: those that are as long as the texts, or as many as they; a model's labels are neither.
    """
    if length == longer:
        return array
    is_cut = [axis in axes and size == longer for axis, size in enumerate(array.shape)]
    return array[tuple(slice(length) if cut else slice(None) for cut in is_cut)]
