"""What comes of pressing `Run`: the wait with its reason, the answer, what it took, and how to take it along.

Owns the panel on the right of a task's page. The answer itself is drawn by `core.ui.outputs`.
"""

from __future__ import annotations

import itertools
import time
from typing import Final

import streamlit as st

from core.engine import Event, Loading, Partial, Waiting
from core.errors import UnknownName
from core.feedback.records import RunRecord
from core.job import Job, Run
from core.remote import ELSEWHERE
from core.tasks.spec import Task
from core.ui.clipboard import copy_button
from core.ui.into_view import bring_into_view
from core.ui.outputs import clipboard_text, downloads_of, show_output
from core.ui.problem import plain, problems_shown
from core.ui.state import runtime, set_in_url, widget_key
from core.values import Chat, Text

QUIET_S: Final = 0.15
"""Seconds before a wait is shown: an answer that comes at once should not flicker."""

DRAWN_S: Final = 0.03
"""Seconds that a new answer has the browser for itself: two frames.

Everything that is sent has the browser go over the whole page. With the judge bar and a new address in the same
breath the answer was painted a quarter later (`python -m bench.page`).
"""

PARTIAL_INTERVAL_S: Final = 0.05
"""Seconds between two drawings of a growing answer: twenty a second look fluent and cost little."""


def show_job(task: Task, job: Job, *, fresh: bool) -> Run | None:
    """Show a job until its answer is there, then the answer; return the run, or None if it failed.

    The answer is drawn while its run is still being written down, and by itself: see `DRAWN_S`.

    Args:
        fresh: whether it was asked for just now; its visitor is then taken to what comes of it, and the URL names it.
    """
    run: Run | None = None
    with problems_shown():
        if not job.answers_within(0 if fresh else QUIET_S):
            if fresh:
                bring_into_view(job.run_id, "waiting")
            _wait(task, job)
        _show_answer(job.answer())
        if fresh:
            time.sleep(DRAWN_S)
        run = job.result()
        _show_rest(task, run)
    if fresh:
        set_in_url("run", job.run_id)
        bring_into_view(job.run_id, "ended")
    return run


def show_run(task: Task, run: Run) -> Run:
    """Show a finished run: its answer, what it took, copy and download."""
    _show_answer(run)
    _show_rest(task, run)
    return run


def _show_answer(run: Run) -> None:
    with st.container(key="result"):
        show_output(run.output, inputs=run.inputs, key=f"output_{run.record.run_id}")
        if run.record.stopped:
            st.caption(":material/stop_circle: Stopped here, as asked.")


def _show_rest(task: Task, run: Run) -> None:
    _show_footer(task, run)
    if not run.recorded:
        st.warning("This run is not being kept: the database does not answer.", icon=":material/cloud_off:")


def reopened(run_id: str, task: Task) -> Job | Run:
    """Return the run that a link names, under way or kept.

    Raises: UnknownName if there is none of this task; StoreUnavailable.
    """
    showcase = runtime().showcase
    job = showcase.find_job(run_id)
    if job is not None and job.request.task.id == task.id:
        return job
    run = showcase.find_run(run_id)
    if run is None or run.record.task_id != task.id:
        raise UnknownName("This link names a run that is not kept here.", hint="Press Run to make a new one.")
    return run


def _wait(task: Task, job: Job) -> None:
    """Show where the job is, and what it has so far, until it ends."""
    frame = st.empty()
    with frame.container(key="waiting"):
        place = st.empty()
        growing = st.empty()
        st.button("Stop", key=widget_key(task.id, "stop_run"), icon=":material/stop:", on_click=job.stop)
    drawings = itertools.count()
    drawn_at = 0.0

    def draw(event: Event) -> None:
        nonlocal drawn_at
        if not isinstance(event, Partial):
            share, words = _wait_words(event)
            place.progress(share, text=words)
        elif time.monotonic() - drawn_at >= PARTIAL_INTERVAL_S:
            drawn_at = time.monotonic()
            with growing.container():
                show_output(event.value, inputs=job.request.inputs, key=f"partial_{next(drawings)}")

    if isinstance(job.request.inputs, Chat):  # what was said stays in view while the answer is awaited
        draw(Partial(Text(text="")))
    try:
        job.watch(draw)
    finally:
        frame.empty()


def _wait_words(event: Event) -> tuple[float, str]:
    """Return how far a wait is, in [0, 1], and what it waits for."""
    if isinstance(event, Waiting):
        ahead = f"{event.position} ahead of you" if event.position else "you are next"
        return 0.0, f":material/hourglass_empty: Waiting: {ahead}"
    if isinstance(event, Loading) and event.bytes_total:
        done, total = (f"{count / 1e6:.1f}" for count in (event.bytes_done, event.bytes_total))
        return min(
            1.0, event.bytes_done / event.bytes_total
        ), f":material/download: Getting the model: {done} of {total} MB"
    if isinstance(event, Loading):
        return 0.0, ":material/memory: Loading the model"
    return 1.0, ":material/play_circle: Running"


def model_words(record: RunRecord) -> str:
    """Return which model answered, and where if that was not here."""
    # Of a server that does not say what it runs, the address stands in the record.
    revision = "" if ":" in record.revision else f" @ {record.revision[:7]}"
    return f"{record.model_id}{revision}" + (f" at {plain(record.device)}" if record.dtype == ELSEWHERE else "")


def _show_footer(task: Task, run: Run) -> None:
    record = run.record
    with st.container(key="footer"):
        st.caption(
            f"{model_words(record)} · "
            + (
                "known already: asked before"
                if record.is_known
                else f"run {record.run_ms:.0f} ms · queue {record.queue_ms:.0f} ms"
            )
            + (f" · batch of {record.batch_size}" if record.batch_size > 1 else "")
        )
        with st.container(horizontal=True, key="take_along"):
            copy_button(clipboard_text(run.output), key=widget_key(task.id, "copy"))
            for download in downloads_of(run.output, run.inputs):
                st.download_button(
                    download.word,
                    download.data,
                    file_name=download.name,
                    mime=download.media_type,
                    key=widget_key(task.id, f"download_{download.name}"),
                    help=f"Download {download.name}",
                    type="tertiary",
                    icon=":material/download:",
                    on_click="ignore",
                )
