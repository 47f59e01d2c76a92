"""Which files of a repository a checkpoint needs, and whether a folder has them all.

Owns the choice: configuration, tokenizer and processor files and safetensors weights, from the top
folder only, and how sentence-transformers pools, which it writes one folder down.
Never pickles, other frameworks' weights or code. Talks to nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelUnavailable

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
POOLING = "1_Pooling/config.json"
"""Where sentence-transformers writes how the vectors of a text's tokens become one."""

_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_WANTED_SUFFIXES = (".json", ".txt", ".model", ".spm", ".jinja", ".codes")
"""Every tokenizer and processor file of transformers ends in one of these (`*.codes`: BPE of PhoBERT and BERTweet)."""

_UNWANTED = re.compile(r".*\.(bin|h5|msgpack)\.index\.json|adapter_.*|trainer_state\.json")
_OTHER_WEIGHTS = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack", ".ot")

PROCESSOR_FILES = re.compile(
    r"tokenizer(_config)?\.json|vocab\.(json|txt)|.*\.(model|spm)|(pre)?processor_config\.json|bpe\.codes"
)
"""What turns inputs into tensors; every checkpoint of a task has at least one of these."""


@dataclass(frozen=True)
class RepoFile:
    """Name one file of a repository."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class Repository:
    """List what has to be fetched of a model at one commit, small files first, weights last.

    The order is part of the contract: whoever finds the weights in the cache finds everything else.

    Args:
        parameters: how many numbers of each safetensors dtype the weights hold; empty if the Hub does not say.
        pipeline_tag: the task that the Hub lists it under; None if it does not say.
    """

    model_id: str
    commit: str
    files: tuple[RepoFile, ...]
    parameters: tuple[tuple[str, int], ...] = ()
    pipeline_tag: str | None = None

    @property
    def total_bytes(self) -> int:
        """Return the size of the whole download."""
        return sum(file.size_bytes for file in self.files)

    @property
    def weights_bytes(self) -> int:
        """Return the size of the weights."""
        return sum(file.size_bytes for file in self.files if file.name.endswith(".safetensors"))


def choose_files(model_id: str, files: Iterable[RepoFile]) -> tuple[RepoFile, ...]:
    """Return the files that a checkpoint needs, weights last.

    Raises: ModelUnavailable if there is no config.json or there are no safetensors weights.
    """
    by_name = {file.name: file for file in files if "/" not in file.name or file.name == POOLING}
    if CONFIG not in by_name:
        raise ModelUnavailable(
            f"'{model_id}' has no config.json, so it is not a transformers checkpoint.",
            hint="Choose a model that the Hub shows with the transformers library.",
        )
    weights = sorted(name for name in by_name if _SHARD.fullmatch(name)) if INDEX in by_name else []
    if WEIGHTS in by_name:
        weights = [WEIGHTS]
    if not weights:
        raise no_safetensors(f"'{model_id}'", by_name)
    small = sorted(
        name
        for name in by_name
        if name.endswith(_WANTED_SUFFIXES) and not _UNWANTED.fullmatch(name) and (name != INDEX or weights != [WEIGHTS])
    )
    return tuple(by_name[name] for name in (*small, *weights))


def no_safetensors(what: str, names: Iterable[str]) -> ModelUnavailable:
    """Return the refusal of a checkpoint without safetensors weights."""
    if any(name.endswith(_OTHER_WEIGHTS) for name in names):
        return ModelUnavailable(
            f"{what} has its weights only in a format that can run code when it is opened.",
            hint="Weights are read from safetensors only: choose a checkpoint that has them, or convert this one.",
        )
    return ModelUnavailable(
        f"{what} has no weights in model.safetensors.", hint="Choose a checkpoint with safetensors weights."
    )


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the safetensors files that make up the checkpoint in `folder`; empty if any is missing."""
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        names = sorted(set(index["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return ()
    shards = tuple(folder / name for name in names if _SHARD.fullmatch(str(name)))
    return shards if len(shards) == len(names) and all(shard.is_file() for shard in shards) else ()


def has_chat_template(folder: Path) -> bool:
    """Tell whether a checkpoint says how a conversation is written down for it: it was taught to hold one."""
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        tokenizer = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(tokenizer, dict) and bool(tokenizer.get("chat_template"))


def is_complete(folder: Path) -> bool:
    """Tell whether `folder` has a configuration, all of its weights and something to read inputs with."""
    return (
        (folder / CONFIG).is_file()
        and bool(weight_files(folder))
        and any(PROCESSOR_FILES.fullmatch(entry.name) for entry in folder.iterdir())
    )
