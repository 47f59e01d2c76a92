"""Drawing tokens by a seed of one's own, so that the same seed writes the same text whoever else is writing.

transformers draws from torch's one generator for the whole process: what another model draws, or fills its weights
with while it loads, would come in between. Owns the seeded draw; how tokens are chosen otherwise is `generate`'s.
"""

from __future__ import annotations

from typing import Any


def seeded(seed: int, *, temperature: float, top_k: int, top_p: float) -> dict[str, Any]:
    """Return the options of `generate` that draw each token by a generator of this seed.

    Of several texts each is drawn as it would be alone.

    Adding Gumbel noise to the logits and taking the largest is a draw from their softmax.
    Source: E. J. Gumbel, "Statistical theory of extreme values and some practical applications", 1954.
    """
    import torch
    from transformers import LogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    class Draw(LogitsProcessor):  # type: ignore[misc]  # transformers has no types
        """Add noise, so that the likeliest token is a drawn one."""

        def __init__(self) -> None:
            self._generator = torch.Generator().manual_seed(seed)

        def __call__(self, _input_ids: Any, scores: Any) -> Any:
            uniform = torch.rand((1, scores.shape[-1]), generator=self._generator).clamp_min(1e-20)
            return scores - torch.log(-torch.log(uniform)).to(scores.device)

    processors = [TemperatureLogitsWarper(temperature), TopKLogitsWarper(top_k), TopPLogitsWarper(top_p), Draw()]
    return {"do_sample": False, "logits_processor": processors}
