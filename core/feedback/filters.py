"""Which judgements are meant: the one set of conditions that lists, counts and exports share.

Owns their names and meaning. What they are in SQL stands in `core.feedback.rows`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from core.feedback.records import storable


@dataclass(frozen=True, kw_only=True)
class JudgementFilter:
    """Say which current judgements are meant; None leaves a condition out.

    Args:
        since, until: when it was judged; `since` inclusive, `until` exclusive, both aware.
        rating_min, rating_max: in [0, 1], both inclusive; judgements without a rating then do not count.
        has_correction: with a corrected answer, or without one.
        tag: one that it has, exactly.
        text: a part of its comment; upper and lower case are alike.
        shareable_only: only those whose visitor allows to share the run now.
    """

    task_id: str | None = None
    model_id: str | None = None
    revision: str | None = None
    judge: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    has_correction: bool | None = None
    tag: str | None = None
    text: str | None = None
    shareable_only: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            given = getattr(self, item.name)
            if isinstance(given, str):
                object.__setattr__(self, item.name, storable(given))
