"""The endpoints of the catalog as places that models run at.

Owns which model has one. What each is asked, and how, is `inference`'s and `openai`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.catalog import ModelCard
from core.engine import ModelKey
from core.media import Limits
from core.remote.calling import Caller
from core.remote.inference import InferencePlace
from core.remote.openai import OpenAIPlace
from core.remote.place import Place


class Endpoints:
    """Know the endpoints of these models. Satisfies `core.remote.place.Places`.

    Args:
        caller: sends their requests.
        limits: how large pictures and sounds of an answer may be.
    """

    def __init__(self, cards: Iterable[ModelCard], *, caller: Caller, limits: Limits) -> None:
        self._caller = caller
        self._places: dict[tuple[str, str], Place] = {}
        for card in cards:
            if card.endpoint is None:
                continue
            self._places[card.task_id, card.model_id] = (
                OpenAIPlace(card.endpoint, card.model_id, self._caller)
                if card.endpoint.protocol == "openai"
                else InferencePlace(card.endpoint, self._caller, limits)
            )

    def find(self, key: ModelKey) -> Place | None:
        """Return the endpoint of a model, None if it has none."""
        return self._places.get((key.task_id, key.model_id))

    async def close(self) -> None:
        """Close all connections."""
        await self._caller.close()
