"""When a model that writes stops: because the caller wants it to, or because it wrote what was to end it.

Owns the stopping criteria for transformers' `generate`, and what of a text a stop sequence leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def stop_each_when(
    stopped: Callable[[], Sequence[bool]], ended: Callable[[Mapping[int, Any]], None] = lambda _: None
) -> Any:
    """Return what ends each text of a generation of transformers that is to stop.

    The wordings of a text stand together; where beams are kept, twice as many are looked at.

    Args:
        stopped: says of each text whether it is; asked before each token.
        ended: told at once which texts have ended so, and the tokens of the best wording of each.
    """
    import torch
    from transformers import StoppingCriteria

    class Stop(StoppingCriteria):  # type: ignore[misc]  # transformers has no types
        """End the texts that a caller wants no more of."""

        known: frozenset[int] = frozenset()

        def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
            found = stopped()
            wordings = len(input_ids) // len(found)
            now = frozenset(text for text, is_found in enumerate(found) if is_found)
            if now - self.known:
                ended({text: input_ids[text * wordings] for text in sorted(now - self.known)})
                self.known |= now
            return torch.tensor(found, device=input_ids.device).repeat_interleave(wordings)

    return Stop()


def before(text: str, sequences: Sequence[str]) -> str:
    """Return a text up to the first stop sequence in it, or all of it."""
    found = [at for at in (text.find(sequence) for sequence in sequences) if at >= 0]
    return text[: min(found)] if found else text


def settled(text: str, sequences: Sequence[str]) -> str:
    """Return what of a text that still grows will be part of it, whatever comes: no beginning of a stop sequence."""
    text = before(text, sequences)
    begun = [length for sequence in sequences for length in range(1, len(sequence)) if text.endswith(sequence[:length])]
    return text[: len(text) - max(begun)] if begun else text
