"""Whether a model of the catalog can run now and, if not, what a person can do about it.

Owns the four states and their sentences. Never waits for the network: what the Hub is not yet known to
answer counts as downloadable.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.catalog.cards import ModelCard
from core.errors import DoesNotFit, ModelUnavailable, ShowcaseError
from core.hub import Hub, is_complete, weight_files
from core.hub.files import CONFIG, has_chat_template, no_safetensors
from core.hub.problems import offline

_CHAT_NAME = re.compile(r"instruct|chat|[-_]it\b", re.I)
"""What makers put into the name of a model that they taught to converse."""

State = Literal["loaded", "here", "elsewhere", "downloadable", "unavailable"]


@dataclass(frozen=True)
class Availability:
    """Say how far away a model is.

    Args:
        state: loaded, here (on this machine), elsewhere (on another), downloadable, or unavailable.
        reason: one or two sentences for a visitor.
        size_bytes: about what it weighs, None where nobody knows.
        host: where it runs, if that is not here.
    """

    state: State
    reason: str
    size_bytes: int | None = None
    host: str = ""


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package.replace("-", "_")) is not None
    except ModuleNotFoundError:  # a dotted name whose parent is missing
        return False


class Availabilities:
    """Tell the availability of each model.

    Args:
        budget_bytes: how much memory all loaded models may take together.
        is_installed: tells whether a Python package can be imported.
    """

    def __init__(self, *, hub: Hub, budget_bytes: int, is_installed: Callable[[str], bool] = _is_installed) -> None:
        self._hub = hub
        self._budget_bytes = budget_bytes
        self._is_installed = is_installed

    def of(self, card: ModelCard, *, loaded: bool) -> Availability:
        """Return how far away a model is; at once."""
        if loaded:
            return Availability("loaded", "Loaded: answers at once.", card.size_bytes)
        try:
            return self._not_loaded(card)
        except ShowcaseError as err:
            return Availability("unavailable", str(err), card.size_bytes)

    def require(self, card: ModelCard, *, loaded: bool) -> None:
        """Refuse a model that cannot run now.

        Raises: ModelUnavailable, DoesNotFit if it is larger than the budget, or UnknownName if its id or
            revision cannot be one.
        """
        if not loaded:
            self._not_loaded(card)

    def converses(self, card: ModelCard) -> bool:
        """Return whether a model was taught to converse: by its files if they are here, else by its name."""
        if card.endpoint is not None:
            return card.endpoint.protocol == "openai" or bool(_CHAT_NAME.search(card.model_id))
        folder = card.folder or self._hub.cached_snapshot(card.model_id, card.revision)
        return has_chat_template(folder) if folder is not None else bool(_CHAT_NAME.search(card.model_id))

    def first_runnable(self, cards: Sequence[ModelCard], is_loaded: Callable[[ModelCard], bool]) -> ModelCard | None:
        """Return what a task starts with: the first that answers without a download, else the first to download.

        None if all of them are unavailable.
        """
        after_a_wait: ModelCard | None = None
        for card in cards:
            state = self.of(card, loaded=is_loaded(card)).state
            if state in ("loaded", "here", "elsewhere"):
                return card
            if state == "downloadable":
                after_a_wait = after_a_wait or card
        return after_a_wait

    def _not_loaded(self, card: ModelCard) -> Availability:
        """Return where a model is that can be loaded; refuse one that cannot."""
        if card.is_function:
            return Availability("here", "On this machine: a function, which needs no loading.")
        if card.endpoint is not None:  # nobody asks it: whether it answers is found out by a run
            return Availability("elsewhere", f"Runs at {card.endpoint.host}.", host=card.endpoint.host)
        for package in card.requires:
            if not self._is_installed(package):
                raise ModelUnavailable(
                    f"{card.title} needs the Python package {package}.", hint=f"Install it: pip install {package}"
                )
        size_bytes = card.size_bytes
        snapshot = card.folder or self._hub.cached_snapshot(card.model_id, card.revision)
        if snapshot is not None:
            if card.folder is not None:
                _check_folder(card)
            size_bytes = sum(file.stat().st_size for file in weight_files(snapshot))
        # The engine knows exactly, once it has chosen what to compute in: half of float32, at the least.
        if size_bytes is not None and size_bytes // 2 > self._budget_bytes:
            raise DoesNotFit(
                f"{card.title} takes at least {size_bytes / 2e9:.1f} GB of memory;"
                f" {self._budget_bytes / 1e9:.1f} GB are set aside for models.",
                hint="Choose a smaller model, or raise PODIUM_MEMORY_GB.",
            )
        if snapshot is not None:
            return Availability("here", "On this machine: loads in a moment.", size_bytes)
        if self._hub.reachable_now() is False:
            raise offline(self._hub.is_off)
        refusal = self._hub.refusal(card.model_id)
        if refusal is not None:
            raise refusal
        return Availability("downloadable", "Is downloaded from the Hub when it is first used.", size_bytes)


def _check_folder(card: ModelCard) -> None:
    folder = card.folder
    if folder is None or not folder.is_dir():
        raise ModelUnavailable(
            f"The folder of {card.title}, {card.model_id}, is missing.",
            hint="Fetch it (git lfs pull), or correct its path in the catalog.",
        )
    if not weight_files(folder):
        raise no_safetensors(card.title, [entry.name for entry in folder.iterdir()])
    if not is_complete(folder):
        missing = "config.json" if not (folder / CONFIG).is_file() else "tokenizer or processor"
        raise ModelUnavailable(
            f"The folder of {card.title}, {card.model_id}, has no {missing}.",
            hint="Save the model with save_pretrained, processor included.",
        )
