"""What Prometheus reads at `/metrics`: requests, runs, models and judgements, in numbers.

Owns the names and meaning of the metrics. Runs and judgements are told by those who own them; what the
engine holds is read from it at each scrape. No label has a value that a visitor can make up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from core.engine import Answer, AnyEngine
from core.errors import ShowcaseError
from core.feedback.records import JudgementRecord
from core.job import Job
from core.runtime import Runtime

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Count what happens in one process."""

    def __init__(self, of: Runtime) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "podium_requests",
            "Requests answered, by protocol and status.",
            ("protocol", "status"),
            registry=self.registry,
        )
        self._errors = Counter(
            "podium_errors",
            "Requests refused, by protocol and error code.",
            ("protocol", "code"),
            registry=self.registry,
        )
        self._runs = Counter(
            "podium_runs",
            "Runs, of pages too: ok, or the error's code.",
            ("task", "source", "outcome"),
            registry=self.registry,
        )
        self._queue_s = Histogram(
            "podium_queue_seconds", "Time that runs waited.", ("task",), buckets=_SECONDS, registry=self.registry
        )
        self._run_s = Histogram(
            "podium_run_seconds", "Time that models took.", ("task",), buckets=_SECONDS, registry=self.registry
        )
        self._batch = Histogram(
            "podium_batch_size",
            "Runs that a model answered together.",
            ("task",),
            buckets=_SIZES,
            registry=self.registry,
        )
        self._content = Counter(
            "podium_batch_content",
            "What the runs of batches held: characters, pictures or milliseconds.",
            ("task",),
            registry=self.registry,
        )
        self._padding = Counter(
            "podium_batch_padding",
            "What they were filled up with, to be as long as the longest of their batch.",
            ("task",),
            registry=self.registry,
        )
        self._prompts = Counter(
            "podium_prompt_tokens",
            "Tokens that models were given, where they are counted: read anew, or cached from earlier texts.",
            ("task", "how"),
            registry=self.registry,
        )
        self._judgements = Counter(
            "podium_judgements",
            "Judgements given: right, wrong, between, or without a rating.",
            ("said",),
            registry=self.registry,
        )
        self.registry.register(_Models(of.showcase.engine))
        of.showcase.observers.append(self._ran)
        of.judging.observers.append(self._judged)

    def answered(self, scope: Scope, status: int) -> None:
        """Count a request."""
        protocol = scope.get("root_path", "").strip("/") or scope["path"].strip("/")
        self._requests.labels(protocol, str(status or 499)).inc()  # 499: gone before an answer
        code = scope.get("podium.error")
        if code:
            self._errors.labels(protocol, code).inc()

    async def show(self, _: Request) -> Response:
        """Answer a scrape."""
        return Response(generate_latest(self.registry), headers={"Content-Type": MEDIA_TYPE})

    def _ran(self, job: Job) -> None:
        task, source, outcome = job.request.task.id, job.request.source, job.ticket.outcome
        try:
            record = job.result().record
        except ShowcaseError as err:
            self._runs.labels(task, source, err.code).inc()
            return
        self._runs.labels(task, source, "ok").inc()
        self._queue_s.labels(task).observe(record.queue_ms / 1000)
        self._run_s.labels(task).observe(record.run_ms / 1000)
        if isinstance(outcome, Answer) and not record.is_known:
            self._batch.labels(task).observe(record.batch_size)
            self._content.labels(task).inc(job.ticket.length)
            self._padding.labels(task).inc(outcome.padding)
            if outcome.tokens is not None:
                self._prompts.labels(task, "read").inc(outcome.tokens.inputs - outcome.tokens.cached)
                self._prompts.labels(task, "cached").inc(outcome.tokens.cached)

    def _judged(self, judgement: JudgementRecord) -> None:
        rating = judgement.rating
        said = "unrated" if rating is None else {0.0: "wrong", 1.0: "right"}.get(rating, "between")
        self._judgements.labels(said).inc()


class _Models:
    """Read what the engine holds."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        models = self._engine.models()
        loaded = [model for model in models if model.state == "loaded"]
        used, budget = self._engine.budget
        loads, evictions = self._engine.counts
        yield GaugeMetricFamily("podium_queue_length", "Runs that wait.", sum(model.waiting for model in models))
        yield GaugeMetricFamily("podium_runs_in_progress", "Runs under way.", sum(model.in_use for model in models))
        yield GaugeMetricFamily("podium_models_loaded", "Models in memory.", len(loaded))
        yield GaugeMetricFamily("podium_model_bytes", "Their weights.", sum(model.size_bytes for model in loaded))
        yield GaugeMetricFamily("podium_memory_used_bytes", "Memory booked for models, headroom included.", used)
        yield GaugeMetricFamily("podium_memory_budget_bytes", "Memory that models may take.", budget)
        yield CounterMetricFamily("podium_loads", "Models loaded.", loads)
        yield CounterMetricFamily("podium_evictions", "Models that made room for others.", evictions)
