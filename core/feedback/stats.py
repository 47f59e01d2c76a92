"""How each model does: how often it was used, judged and right, and how long it took.

Owns the formulas and the one query behind the feedback page's table. A share is always given with
its number and its interval: three thumbs are not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from core.feedback.database import Database
from core.feedback.schema import current_judgements, runs

LATENCY_WINDOW = 1000
"""Times are those of each model's last so many runs: how it does now, and a bounded amount to read."""

_Z_95 = 1.959963984540054  # the 97.5th percentile of the standard normal distribution


@dataclass(frozen=True, kw_only=True)
class Share:
    """Hold a share of `n` with its 95 % interval; all of it is unknown where `n` is 0."""

    successes: int
    n: int

    @property
    def value(self) -> float | None:
        """Return the share in [0, 1]."""
        return self.successes / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """Return the Wilson interval."""
        return wilson_interval(self.successes, self.n)


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Hold the median and the 95th percentile of a time, in milliseconds, over `n` runs."""

    n: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, kw_only=True)
class ModelStatistics:
    """Hold how one model does at one task.

    Args:
        judged: runs with at least one current judgement.
        right: among the current judgements with a rating, those that say right; see `JUST_RIGHT`.
        corrected: current judgements with a corrected answer.
    """

    task_id: str
    model_id: str
    runs: int
    judged: int
    right: Share
    corrected: int
    queue: Latency
    run: Latency
    last_run_at: datetime
    last_judged_at: datetime | None


JUST_RIGHT = 0.5
"""A rating above this says right: a thumb up, four or five stars. Three stars do not."""


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `n`; (0, 1) where n is 0.

    Raises: ValueError unless 0 <= successes <= n.
    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    Journal of the American Statistical Association 22 (1927), 209-212, without continuity correction.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a share")
    if n == 0:
        return 0.0, 1.0
    share, weight = successes / n, _Z_95**2 / n
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(weight * share * (1 - share) + weight**2 / 4) / (1 + weight)
    low = 0.0 if successes == 0 else middle - half  # exact ends, where rounding would miss them
    high = 1.0 if successes == n else middle + half
    return low, high


def latency(times_ms: Sequence[float]) -> Latency:
    """Return median and 95th percentile, linearly interpolated; at least one time is needed."""
    median, p95 = np.percentile(np.asarray(times_ms, np.float64), [50, 95])
    return Latency(n=len(times_ms), median_ms=float(median), p95_ms=float(p95))


def model_statistics(
    database: Database, *, since: datetime | None = None, until: datetime | None = None
) -> list[ModelStatistics]:
    """Return how each model did at each task, by task and model.

    Args:
        since, until: when it was run; `since` inclusive, `until` exclusive, both aware.

    Raises: StoreUnavailable.
    """
    period = []
    if since is not None:
        period.append(runs.c.created_at >= since)
    if until is not None:
        period.append(runs.c.created_at < until)
    with database.read() as connection:
        counted = _count(connection, period)
        times = _last_times(connection, period)
    return [_statistics(row, times.get((row.task_id, row.model_id), [])) for row in counted]


def total_right(statistics: Sequence[ModelStatistics]) -> Share:
    """Return the share of right answers over several models."""
    return Share(
        successes=sum(model.right.successes for model in statistics), n=sum(model.right.n for model in statistics)
    )


def _statistics(row: Row[Any], times: list[tuple[float, float]]) -> ModelStatistics:
    # Without times all answers of the period were known already.
    queue_ms, run_ms = zip(*times, strict=True) if times else ((0.0,), (0.0,))
    return ModelStatistics(
        task_id=row.task_id,
        model_id=row.model_id,
        runs=row.runs,
        judged=row.judged,
        right=Share(successes=row.right, n=row.rated),
        corrected=row.corrected,
        queue=latency(queue_ms),
        run=latency(run_ms),
        last_run_at=row.last_run_at,
        last_judged_at=row.last_judged_at,
    )


def _count(connection: Connection, period: list[ColumnElement[bool]]) -> Sequence[Row[Any]]:
    said = current_judgements.c
    model = (runs.c.task_id, runs.c.model_id)
    return connection.execute(
        select(
            *model,
            func.count(runs.c.run_id.distinct()).label("runs"),
            func.count(said.run_id.distinct()).label("judged"),
            func.count(said.rating).label("rated"),
            func.count(case((said.rating > JUST_RIGHT, 1))).label("right"),
            func.count(said.correction_type).label("corrected"),
            func.max(runs.c.created_at).label("last_run_at"),
            func.max(said.created_at).label("last_judged_at"),
        )
        .join_from(runs, current_judgements, said.run_id == runs.c.run_id, isouter=True)
        .where(*period)
        .group_by(*model)
        .order_by(*model)
    ).all()


def _last_times(
    connection: Connection, period: list[ColumnElement[bool]]
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return (queue_ms, run_ms) of the last runs of each model at each task; known answers took none."""
    model = (runs.c.task_id, runs.c.model_id)
    place = func.row_number().over(partition_by=model, order_by=runs.c.sequence.desc()).label("place")
    ranked = select(*model, runs.c.queue_ms, runs.c.run_ms, place).where(*period, runs.c.batch_size > 0).subquery()
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for task_id, model_id, queue_ms, run_ms, _ in connection.execute(
        select(ranked).where(ranked.c.place <= LATENCY_WINDOW)
    ):
        times.setdefault((task_id, model_id), []).append((queue_ms, run_ms))
    return times
