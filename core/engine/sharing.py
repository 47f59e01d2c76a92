"""One set of weights for all models of a checkpoint: a second task loads its own, and gives back what is the same.

Owns which weights are the same and where they are. Keeps no model alive: what nobody uses any more is forgotten.
Costs and budgets are the cache's, which counts by what `share` returns.
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakValueDictionary

from core.engine.key import Blocks

Identity = tuple[str, str, str]
"""What a checkpoint is: its revision, the dtype and the device it is loaded for."""


class SharedWeights:
    """Let models of one checkpoint use the same weights, whatever their tasks.

    A text's encoder is the same in fill-mask and feature-extraction; only the heads differ. Parameters are
    exchanged where name (the base model's prefix aside), shape, dtype, device and every number are equal, so that a
    head filled with random numbers, or one that was converted otherwise, stays its model's own. Tied weights stay
    tied.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Identity, WeakValueDictionary[str, Any]] = {}

    def share(self, pipe: Any, identity: Identity) -> Blocks:
        """Exchange what another loaded model has too, before anybody runs `pipe`; return where its weights lie then.

        Reads each number of what is exchanged once. A pipe that holds no torch model is left as it is.
        """
        import torch

        model = getattr(pipe, "model", None)
        if not isinstance(model, torch.nn.Module):
            return {}
        prefix = f"{getattr(model, 'base_model_prefix', '')}."
        with self._lock:
            self._known = {identity: weights for identity, weights in self._known.items() if len(weights)}
            known = self._known.setdefault(identity, WeakValueDictionary())
            same = {}
            for name, own in model.named_parameters():
                other = known.get(name.removeprefix(prefix))
                if other is not None and _are_equal(own, other):
                    same[id(own)] = (own, other)  # and keep `own`, so that its id is no other's
            for module in model.modules():
                for name, own in list(module.named_parameters(recurse=False, remove_duplicate=False)):
                    if id(own) in same:
                        setattr(module, name, same[id(own)][1])
            for name, own in model.named_parameters(remove_duplicate=False):
                known.setdefault(name.removeprefix(prefix), own)
        return _storages_of(model)


def _storages_of(model: Any) -> Blocks:
    """Return the memory that parameters and buffers lie in, each block once: tied weights share theirs."""
    return {
        (str(tensor.device), tensor.untyped_storage().data_ptr()): tensor.untyped_storage().nbytes()
        for tensors in (model.parameters(), model.buffers())
        for tensor in tensors
    }


def _are_equal(one: Any, other: Any) -> bool:
    import torch

    alike = (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
    return alike and torch.equal(one, other)
