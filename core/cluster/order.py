"""What is sent to a replica, and what comes back: plain values that can be pickled.

Owns how a refusal travels: by its name and its sentences, so that it is the same error on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import errors
from core.engine import Answer, ModelKey
from core.errors import Busy, ShowcaseError
from core.tasks.spec import Parameters
from core.values import Value


@dataclass(frozen=True)
class Order:
    """Say what a model is asked. The task goes by its id: each side has its own declaration of it."""

    key: ModelKey
    inputs: Value
    parameters: Parameters
    client: str
    deadline_s: float


@dataclass(frozen=True)
class Refused:
    """Hold a refusal."""

    name: str
    message: str
    hint: str
    retry_after_s: float

    @classmethod
    def of(cls, error: ShowcaseError) -> Refused:
        """Return an error as it travels."""
        retry_after_s = error.retry_after_s if isinstance(error, Busy) else 0.0
        return cls(type(error).__name__, error.message, error.hint, retry_after_s)

    def error(self) -> ShowcaseError:
        """Return the error that it was."""
        kind: type[ShowcaseError] = getattr(errors, self.name)
        if issubclass(kind, Busy):
            return kind(self.message, hint=self.hint, retry_after_s=self.retry_after_s)
        return kind(self.message, hint=self.hint)


@dataclass(frozen=True)
class Outcome:
    """Hold what came of an order.

    Args:
        labels: the model's own.
    """

    result: Answer | Refused
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Hold what there is so far of an answer that grows, and which model writes it."""

    value: Value
    revision: str
    dtype: str
    device: str
