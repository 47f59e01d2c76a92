"""The feedback page: how each model does, the latest judgements, filters, and export.

Numbers are for everybody. What people wrote, and the export, are the owner's.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, time
from functools import partial
from typing import Any, get_args

import streamlit as st

from core.feedback.export import MEDIA_TYPES, Format, rows, write
from core.feedback.filters import JudgementFilter
from core.feedback.records import JudgedRun
from core.feedback.stats import ModelStatistics, model_statistics
from core.ui.outputs import clipboard_text
from core.ui.owner import ask_for_owner
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.ui.theme import page_header
from core.values import VALUE_TYPES

LATEST = 20
"""Judgements on one page of the list."""

FORMAT_NAMES: dict[Format, str] = {"jsonl": "JSONL", "csv": "CSV", "parquet": "Parquet"}

VERDICTS = {"all": "All", "right": "Right", "wrong": "Wrong", "corrected": "Corrected"}


def show_feedback() -> None:
    """Show the feedback page."""
    page_header("Feedback", "What people said of the answers.", ":material/thumbs_up_down:")
    with problems_shown():
        statistics = model_statistics(runtime().showcase.store.database)
        if not statistics:
            st.info("Nothing has been run yet. Try a model, and judge its answer.", icon=":material/waving_hand:")
            return
        _show_statistics(statistics)
        if ask_for_owner("What people wrote, and the export, are the owner's."):
            wanted = _choose(statistics)
            _show_export(wanted)
            _show_latest(wanted)


def _show_statistics(statistics: list[ModelStatistics]) -> None:
    st.dataframe(
        [_row(model) for model in statistics],
        hide_index=True,
        width="stretch",
        column_config={
            "Runs": st.column_config.NumberColumn("Runs", width="small"),
            "Judged": st.column_config.NumberColumn("Judged", width="small"),
            "Right": st.column_config.ProgressColumn(
                "Right", format="percent", min_value=0, max_value=1, width="small"
            ),
            "Interval": st.column_config.TextColumn(
                "Interval", help="Wilson's, at 95 %, for the share judged right", width="small"
            ),
            "Corrected": st.column_config.NumberColumn("Corrected", width="small"),
            "Run ms": st.column_config.TextColumn("Run ms", help="Median and 95th percentile", width="small"),
        },
        key="statistics",
        alt="Runs and judgements for each model",
    )


def _row(model: ModelStatistics) -> dict[str, Any]:
    low, high = model.right.interval
    return {
        "Task": _title_of(model.task_id),
        "Model": model.model_id,
        "Runs": model.runs,
        "Judged": model.judged,
        "Right": model.right.value,
        "Interval": f"{low:.0%} to {high:.0%}" if model.right.n else None,
        "Corrected": model.corrected,
        "Run ms": f"{model.run.median_ms:.0f}, p95 {model.run.p95_ms:.0f}",
    }


def _title_of(task_id: str) -> str:
    """Return what a visitor calls a task; its id where it is no longer offered, as a demo whose file is gone."""
    task = runtime().showcase.find_task(task_id)
    return task.title if task else task_id


def _choose(statistics: list[ModelStatistics]) -> JudgementFilter:
    """Show the filters; return what is wanted."""
    st.subheader("What people said")
    task_column, model_column, verdict_column, since_column, text_column = st.columns(5)
    task_ids = list(dict.fromkeys(model.task_id for model in statistics))
    task_id = task_column.selectbox(
        "Task",
        task_ids,
        index=None,
        format_func=_title_of,
        placeholder="All",
        key="filter_task",
    )
    models = sorted({model.model_id for model in statistics if task_id in (None, model.task_id)})
    model_id = model_column.selectbox("Model", models, index=None, placeholder="All", key="filter_model")
    verdict = verdict_column.selectbox(
        "Verdict", list(VERDICTS), format_func=VERDICTS.__getitem__, key="filter_verdict"
    )
    since = since_column.date_input("Since", value=None, key="filter_since")
    text = text_column.text_input("Comment contains", key="filter_text")
    return JudgementFilter(
        task_id=task_id,
        model_id=model_id,
        rating_min=0.5 if verdict == "right" else None,
        rating_max=0.5 if verdict == "wrong" else None,
        has_correction=True if verdict == "corrected" else None,
        since=datetime.combine(since, time(), UTC) if since else None,
        text=text or None,
        shareable_only=st.checkbox("Only what may be shared", key="filter_shareable"),
    )


def _show_export(wanted: JudgementFilter) -> None:
    store = runtime().showcase.store
    with st.container(horizontal=True, vertical_alignment="center", key="export"):
        st.markdown(f"**{store.count_judgements(wanted)}** judgements", width="content")
        for kind in get_args(Format):
            st.download_button(
                FORMAT_NAMES[kind],
                partial(_exported, wanted, kind),
                file_name=f"judgements.{kind}",
                mime=MEDIA_TYPES[kind],
                key=f"export_{kind}",
                icon=":material/download:",
                on_click="ignore",
            )


def _exported(wanted: JudgementFilter, kind: Format) -> bytes:
    """Return the export; called by the download button when it is pressed, not before."""
    sink = io.BytesIO()
    write(rows(runtime().showcase.store, wanted), kind, sink)
    return sink.getvalue()


def _show_latest(wanted: JudgementFilter) -> None:
    store = runtime().showcase.store
    pages = max(1, -(-store.count_judgements(wanted) // LATEST))
    number = st.pagination(pages, key="latest_page") if pages > 1 else 1
    for judged in store.list_judgements(wanted, limit=LATEST, offset=LATEST * (number - 1)):
        _show_judged(judged)


def _show_judged(judged: JudgedRun) -> None:
    run, judgement = judged.run, judged.judgement
    task = runtime().showcase.find_task(run.task_id)
    with st.container(key=f"judged_{judgement.judgement_id}", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_verdict(judgement.rating), width="content")
            if task is None:
                st.caption(run.task_id, width="content")
            else:
                st.page_link(
                    f"pages/{task.modality}.py",
                    label=task.title,
                    icon=task.icon,
                    query_params={"task": run.task_id, "run": run.run_id},
                )
            st.caption(f"{run.model_id} · {judgement.created_at:%Y-%m-%d %H:%M} UTC", width="content")
        # Plain text on purpose: model and visitors wrote it.
        st.text(f"Answer: {clipboard_text(VALUE_TYPES[run.output_type].from_json(run.output))}"[:400])
        if judgement.correction is not None and judgement.correction_type is not None:
            right = VALUE_TYPES[judgement.correction_type].from_json(judgement.correction)
            st.text(f"Right would be: {clipboard_text(right)}"[:400])
        if judgement.comment or judgement.tags:
            st.text(" · ".join([*judgement.tags, *([judgement.comment] if judgement.comment else [])]))


def _verdict(rating: float | None) -> str:
    if rating is None:
        return ":material/comment: said"
    return ":green[:material/thumb_up: right]" if rating > 0.5 else ":red[:material/thumb_down: wrong]"
