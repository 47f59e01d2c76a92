"""The bar under every answer: right or wrong, the corrected answer, tags, a comment, undo.

Owns the widgets; the rules are in `core.judging`.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from core.errors import ShowcaseError
from core.feedback.records import MAX_COMMENT_CHARS, JudgementRecord
from core.job import Run
from core.judging import SUGGESTED_TAGS
from core.tasks.spec import Task
from core.ui.corrections import show_correction
from core.ui.problem import problems_shown, show_problem
from core.ui.state import client, presses, runtime

KEEPING_WORDS: Final = {
    "never": "Your judgement is kept; your input is not.",
    "judged": "Judging keeps your input with the answer, so that the model can learn from it.",
    "always": "Inputs and answers are kept here.",
}


PROBLEM: Final = "judge.problem"
"""Where a callback leaves its error: what it would draw itself is drawn over."""


@st.fragment
def show_judge(task: Task, run: Run) -> None:
    """Show what this visitor says of a run, and let them say it."""
    of = runtime()
    with st.container(key="judge"), problems_shown():
        if PROBLEM in st.session_state:
            show_problem(st.session_state.pop(PROBLEM))
        given = _show_thumbs(run, of.judging.current(run, client(of)))
        if given is not None:
            _show_details(task, run, given)
        st.caption(KEEPING_WORDS[of.settings.keep_inputs])


def _show_thumbs(run: Run, given: JudgementRecord | None) -> JudgementRecord | None:
    """Show the thumbs; return the judgement that holds after what was pressed."""
    key = f"thumbs_{run.record.run_id}"
    if given is not None and given.rating is not None:
        st.session_state.setdefault(key, round(given.rating))
    with st.container(horizontal=True, vertical_alignment="center", key="verdict"):
        st.markdown("**Is this right?**", width="content")
        chosen = st.feedback("thumbs", key=key, width="content")
        if chosen is not None and (given is None or given.rating != chosen):
            before = {} if given is None else {"tags": given.tags, "comment": given.comment}
            given = _save(run, rating=float(chosen), **before)
        if given is not None:
            st.markdown(":green[:material/check: Kept]", width="content")
            st.button("Undo", key="undo", type="tertiary", icon=":material/undo:", on_click=_undo, args=(run, given))
    return given


def _show_details(task: Task, run: Run, given: JudgementRecord) -> None:
    run_id = run.record.run_id
    wrong = given.rating is not None and given.rating < 0.5
    showcase, judging = runtime().showcase, runtime().judging
    card = showcase.catalog.find(run.record.task_id, run.record.model_id)
    status = showcase.status(card) if card else None
    with st.expander(
        "What would be right?" if wrong else "Say more", expanded=wrong, icon=":material/edit:", key=f"more_{run_id}"
    ):
        correction = show_correction(run.output, labels=status.labels if status else (), key=f"correction_{run_id}")
        tags = st.pills(
            "Tags",
            list(dict.fromkeys([*SUGGESTED_TAGS, *given.tags])),
            default=list(given.tags),
            selection_mode="multi",
            key=f"tags_{run_id}",
        )
        comment = st.text_area(
            "Comment", given.comment, key=f"comment_{run_id}", max_chars=MAX_COMMENT_CHARS, height=80
        )
        share = st.checkbox(
            "This input and answer may be shared in a public dataset",
            value=judging.may_share(run),
            key=f"share_{run_id}",
            disabled=runtime().settings.keep_inputs == "never",
        )
        if st.button("Save", key=f"save_{run_id}", icon=":material/save:") and _is_mine():
            _save(run, rating=given.rating, correction=correction, tags=tags, comment=comment, share=share)
            st.toast(f"Kept. Thank you: {task.title.lower()} learns from it.", icon=":material/check:")


def _save(run: Run, **judgement: Any) -> JudgementRecord:
    of = runtime()
    return of.judging.judge(run, judge=client(of), **judgement)


def _is_mine() -> bool:
    """Return whether a press is still to be done; the script that this one ended may have done it."""
    press = presses().due()
    return press is not None and presses().take(press)


def _undo(run: Run, given: JudgementRecord) -> None:
    if not _is_mine():
        return
    try:
        runtime().judging.undo(run, given)
    except ShowcaseError as err:
        st.session_state[PROBLEM] = err
    else:
        st.session_state.pop(f"thumbs_{run.record.run_id}", None)
