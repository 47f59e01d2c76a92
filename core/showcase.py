"""The one door: whatever a page or a client wants of a model passes through `Showcase`.

Owns the order of things: read and check the input, choose the model, hand both to the engine, record
the run, keep the input where that is wanted. Pages and routes call it and nothing below it, and it
knows nothing of either. What people say of the answers passes through `core.judging`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.catalog import Availabilities, Availability, Catalog, ModelCard
from core.engine import AnyEngine, ModelKey, ModelStatus, Ticket
from core.errors import BadInput
from core.feedback.records import Source, new_id
from core.feedback.store import FeedbackStore
from core.job import Job, RecentJobs, Request, Run
from core.media import Limits
from core.reading import decoded, kind_words, read_value
from core.recording import Recorder
from core.settings import Settings
from core.tasks import TASKS, get_task
from core.tasks.spec import Modality, Parameters, Task
from core.values import VALUE_TYPES, Chat, Value

APP_VERSION: Final = "0.1.0"

RECENT_BYTES: Final[Mapping[Source, int]] = {"page": 200_000_000, "api": 60_000_000}
"""How much of recent jobs is remembered, inputs too: for pages, so that a reload finds them, two or three of the large
pictures or three thousand texts. A program that asks a hundred times a second takes nobody's place there.
"""

KEPT_WITHIN_S: Final = 10.0
"""Seconds that somebody who asks for a run waits for it to be written down; it takes milliseconds."""

log = logging.getLogger(__name__)


class Showcase:
    """Try models on real input, and remember what came out.

    Every part is handed in; `core.runtime` builds the real ones.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        catalog: Catalog,
        engine: AnyEngine,
        availabilities: Availabilities,
        store: FeedbackStore,
        tasks: Sequence[Task] = TASKS,
    ) -> None:
        self.settings = settings
        self.limits = Limits.of(settings)
        self.catalog = catalog
        self.engine = engine
        self.store = store
        self._tasks = tuple(tasks)
        self.observers: list[Callable[[Job], None]] = []  # told of each job that has ended
        self._availabilities = availabilities
        self._jobs = {source: RecentJobs(limit_bytes) for source, limit_bytes in RECENT_BYTES.items()}
        self._recorder = Recorder(store, keep_inputs=settings.keep_inputs == "always", app_version=APP_VERSION)

    # What there is

    def tasks(self, modality: Modality | None = None) -> list[Task]:
        """Return the tasks that have a model in the catalog, of one modality or of all."""
        return [task for task in self._tasks if task.id in self.catalog.task_ids and modality in (None, task.modality)]

    def task(self, task_id: str) -> Task:
        """Return the task of that id.

        Raises: UnknownName listing the tasks there are.
        """
        return get_task(task_id, self._tasks)

    def find_task(self, task_id: str) -> Task | None:
        """Return the task of that id; None if it is no longer offered, as a demo whose file is gone."""
        return next((task for task in self._tasks if task.id == task_id), None)

    def availability(self, card: ModelCard) -> Availability:
        """Return whether a model can run now and, if not, why; never waits for the network."""
        return self._availabilities.of(card, loaded=self._is_loaded(card))

    def converses(self, task: Task, card: ModelCard) -> bool:
        """Return whether a model is talked to in messages, as far as that is known before it is loaded."""
        return Chat in task.takes and self._availabilities.converses(card)

    def first_model(self, task: Task) -> ModelCard:
        """Return the model that a task starts with: the first that can answer at once, else the first."""
        cards = self.catalog.models(task.id)
        return self._availabilities.first_runnable(cards, self._is_loaded) or cards[0]

    def status(self, card: ModelCard) -> ModelStatus | None:
        """Return what the engine says of a model, or None if it is neither loaded nor loading."""
        return self.engine.info(self._key(card))

    # Running

    def read_input(self, task: Task, given: Any, *, name: str = "") -> Value:
        """Turn what was typed, uploaded or posted, as `core.reading.read_value` takes it, into the task's input.

        Raises: BadInput, TooLarge or UnsupportedMedia saying what is wrong with it.
        """
        messages = Chat in task.takes and not isinstance(given, str | bytes)
        return read_value(Chat if messages else task.input, given, self.limits, name=name)

    def start(
        self,
        task_id: str,
        inputs: Value,
        parameters: Mapping[str, Any],
        *,
        client: str,
        source: Source,
        model_id: str | None = None,
        visiting: bool = False,
        streaming: bool = False,
    ) -> Job:
        """Ask for a run; return at once with the job that will hold it.

        Args:
            visiting: take a model that a visitor opened beside the catalog, too; the caller knows that they may.

        Raises: UnknownName, BadParameters, BadInput, ModelUnavailable, or Busy if the queue is full.
        """
        task = self.task(task_id)
        checked = task.checked_parameters(parameters)
        # Before the model hears of it: the digest of a large picture takes milliseconds, which the model's thread shall
        # not spend, and from then on both threads want the interpreter.
        inputs.digest()
        run_id = new_id()
        card, ticket = self.submit(
            task,
            inputs,
            checked,
            client=client,
            deadline_s=self.settings.deadline_s,
            model_id=model_id,
            visiting=visiting,
            streaming=streaming,
        )
        request = Request(task, card.model_id, inputs, checked, client, source)
        job = Job(run_id, request, ticket, hasten=self._recorder.hasten, observers=tuple(self.observers))
        self._jobs[source].add(job)
        ticket.add_done_callback(lambda _: self._recorder.finish(job))
        return job

    def submit(
        self,
        task: Task,
        inputs: Value,
        parameters: Parameters,
        *,
        client: str,
        deadline_s: float,
        model_id: str | None = None,
        visiting: bool = False,
        streaming: bool = False,
    ) -> tuple[ModelCard, Ticket]:
        """Check a request and hand it to the engine; return the model it goes to and its ticket. Records nothing.

        Raises: UnknownName, BadInput, ModelUnavailable, or Busy if the queue is full.
        """
        if not isinstance(inputs, task.takes):
            raise BadInput(
                f"{task.title} takes {kind_words(task.input)}.", hint="Choose a task that takes what you have."
            )
        card = self.catalog.get(task.id, model_id, visiting=visiting) if model_id else self.first_model(task)
        self._availabilities.require(card, loaded=self._is_loaded(card))
        ticket = self.engine.submit(
            task,
            self._key(card),
            inputs,
            parameters,
            client=client,
            deadline_s=deadline_s,
            streaming=streaming and task.stream is not None,
        )
        return card, ticket

    def run(
        self,
        task_id: str,
        inputs: Value,
        parameters: Mapping[str, Any],
        *,
        client: str,
        source: Source,
        model_id: str | None = None,
    ) -> Run:
        """Ask for a run and wait for it.

        Raises: any ShowcaseError.
        """
        return self.start(task_id, inputs, parameters, client=client, source=source, model_id=model_id).result()

    def warm(self) -> None:
        """Load the model that each task starts with, one after the other, as far as they are on this machine."""
        for task in self.tasks():
            card = self.first_model(task)
            if self.availability(card).state == "here":
                self.engine.load(task, self._key(card)).result()

    def close(self, grace_s: float = 10.0) -> None:
        """Answer or refuse what is under way, then let go of everything."""
        self.engine.close(grace_s)
        self._recorder.close()
        self.store.close()

    # Finding again

    def find_job(self, run_id: str) -> Job | None:
        """Return the job of a run that is under way or was finished lately."""
        return next((job for jobs in self._jobs.values() if (job := jobs.find(run_id))), None)

    def find_run(self, run_id: str) -> Run | None:
        """Return a recorded run, with its input where that was kept.

        Raises: StoreUnavailable if the database does not answer.
        """
        job = self.find_job(run_id)
        if job is not None and job.answered.done():
            job.wait(KEPT_WITHIN_S)  # its answer may be out before it is written down
        record = self.store.find_run(run_id)
        if record is None:
            return None
        kept = self.store.find_input(run_id)
        kind = self.task(record.task_id).kind_named(record.input_type)
        return Run(
            record=record,
            output=VALUE_TYPES[record.output_type].from_json(record.output),
            inputs=decoded(kind, kept.media_type, kept.data, self.limits) if kept else None,
            recorded=True,
        )

    # Inside

    def _is_loaded(self, card: ModelCard) -> bool:
        status = self.status(card)
        return status is not None and status.state == "loaded"

    def _key(self, card: ModelCard) -> ModelKey:
        return ModelKey(
            task_id=card.task_id,
            model_id=card.model_id,
            revision=card.revision,
            dtype=card.dtype or self.settings.dtype,
            device=self.settings.device,
            runtime=card.runtime or self.settings.runtime,
        )
