"""What a classifier says of its inputs: a score for each of its labels.

Owns the way from tensors to scores, which texts, pictures, sounds and films share. The steps are those of transformers'
pipelines, for all inputs of a batch together: theirs take one input at a time, read the model's signature at every run
and keep what gradients would need, which costs 0.5 ms a run on two cores.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.values import Label

ScoreFunction = Literal["none", "sigmoid", "softmax"]


def label_scores(
    model: Any, inputs: Mapping[str, Any], function: ScoreFunction | None = None
) -> list[dict[str, float]]:
    """Return the score of each label for each input, in the order of the labels.

    Args:
        model: one of transformers' models for classification.
        inputs: tensors by the names that the model knows them by, each of shape (inputs, ...).
        function: what makes scores of logits; None: what the checkpoint was trained for.
    """
    import torch

    options = {"use_cache": False} if _can_cache(type(model).forward) else {}
    with torch.inference_mode():
        logits = model(**_as_the_model(model, inputs), **options)["logits"]
        if logits.dtype != torch.float32 or logits.device.type != "cpu":
            logits = logits.to("cpu", torch.float32)
        rows: list[list[float]] = _scores(logits.numpy(), function or _function_of(model.config)).tolist()
    names = [model.config.id2label[at] for at in range(len(rows[0]))] if rows else []
    return [_by_name(names, row) for row in rows]


def joined(tensors: Sequence[Any]) -> Any:
    """Return tensors as one, along their first axis; in numpy, where it knows what they are made of.

    Torch lets go of the interpreter for it, and behind a busy server waits longer to have it back than it took: with
    three sounds of two seconds a seventh of what their run took.
    """
    import torch

    if len(tensors) == 1:
        return tensors[0]
    if any(tensor.device.type != "cpu" or tensor.dtype == torch.bfloat16 for tensor in tensors):
        return torch.cat(list(tensors))
    return torch.from_numpy(np.concatenate([tensor.numpy() for tensor in tensors]))


def _as_the_model(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return tensors where a model is, and in what it computes in.

    What need not be moved is left alone: to ask torch lets go of the interpreter, which others then have for a while.
    """
    device, given = model.device, {}
    for name, tensor in inputs.items():
        dtype = model.dtype if tensor.dtype.is_floating_point else tensor.dtype
        is_there = (tensor.device, tensor.dtype) == (device, dtype)
        given[name] = tensor if is_there else tensor.to(device, dtype)
    return given


def _scores(logits: NDArray[np.float32], function: ScoreFunction) -> NDArray[np.float32]:
    """Return what a function makes of logits, of which the last axis is the labels.

    In numpy, which keeps the interpreter for the few numbers that these are.
    """
    if function == "none":
        return logits
    if function == "sigmoid":
        found: NDArray[np.float32] = np.exp(-np.logaddexp(np.float32(0), -logits))
        return found
    powers: NDArray[np.float32] = np.exp(logits - logits.max(-1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(-1, keepdims=True)
    return shares


def _by_name(names: Sequence[str], row: Sequence[float]) -> dict[str, float]:
    """Return the score of each name; labels of one name add up, as ImageNet's two cranes do."""
    scores: dict[str, float] = {}
    for name, score in zip(names, row, strict=True):
        scores[name] = scores.get(name, 0.0) + score
    return scores


def mean_scores(windows: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    """Return the mean of each label's score over the windows of one input, all of which have the same labels."""
    whole = sum(weights)
    if len(windows) == 1 or not whole:
        return dict(windows[0])
    shares = [weight / whole for weight in weights]
    return {
        label: sum(share * scores[label] for share, scores in zip(shares, windows, strict=True)) for label in windows[0]
    }


def best_labels(scores: Mapping[str, float], top_k: int | None = None) -> tuple[Label, ...]:
    """Return the labels with the highest scores, best first; all of them by default."""
    best = sorted(scores.items(), key=lambda row: -row[1])[:top_k]
    return tuple(Label(label=label, score=min(1.0, score)) for label, score in best)  # a mean may be a rounding over it


def _function_of(config: Any) -> ScoreFunction:
    """Return what makes scores of a checkpoint's logits. Source: transformers' documentation of `problem_type`."""
    if config.problem_type == "regression":
        return "none"
    return "sigmoid" if config.problem_type == "multi_label_classification" or config.num_labels == 1 else "softmax"


@cache
def _can_cache(forward: Any) -> bool:
    """Return whether a type of model keeps what a next word would need, unless told that none follows."""
    return "use_cache" in inspect.signature(forward).parameters
