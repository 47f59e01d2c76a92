"""The models page: any checkpoint; what is in memory, who waits, pin and unload; then the whole catalog."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.engine import Finding, ModelStatus
from core.ui.any_model import show_any_model
from core.ui.broken_demos import show_broken_demos
from core.ui.catalog_list import show_catalog
from core.ui.owner import ask_for_owner
from core.ui.problem import plain, problems_shown
from core.ui.state import is_owner, runtime
from core.ui.theme import page_header

REFRESH_S = 2.0
"""How often the numbers of the page are read again; a glance later they should be right."""


def show_models() -> None:
    """Show the models page."""
    page_header("Models", "What is in memory now, and what could be.", ":material/deployed_code:")
    with problems_shown():
        show_any_model()
        _show_loaded()
        show_catalog()
        show_broken_demos()
    ask_for_owner("Pinning, unloading and keeping models are the owner's.")


@st.fragment(run_every=REFRESH_S)
def _show_loaded() -> None:
    engine = runtime().showcase.engine
    used_bytes, budget_bytes = engine.budget
    asked = engine.models()
    models = [status for status in asked if status.state != "elsewhere"]
    st.subheader("In memory")
    st.progress(
        min(1.0, used_bytes / budget_bytes) if budget_bytes else 0.0,
        text=f"{used_bytes / 1e6:.0f} of {budget_bytes / 1e6:.0f} MB",
    )
    if models:
        with st.expander(f"Models in memory: {len(models)}", key="in_memory"):
            for status in models:
                _show_status(status)
    else:
        st.caption("Nothing is loaded yet. The first run of a model loads it.")
    _show_elsewhere([status for status in asked if status.state == "elsewhere"])


def _show_elsewhere(models: list[ModelStatus]) -> None:
    """Show the models that were asked on other machines, in one line each."""
    if not models:
        return
    st.subheader("Elsewhere")
    for status in models:
        under_way = f" · {status.in_use} under way" if status.in_use else ""
        waiting = f" · {status.waiting} waiting" if status.waiting else ""
        st.markdown(
            f"**{plain(status.key.model_id)}**  \n:small[{status.key.task_id} · runs at {plain(status.device)} · "
            f"{_runs(status)}{under_way}{waiting}]"
        )


LIBRARIES: Final = {"torch": "PyTorch", "onnx": "ONNX Runtime", "openvino": "OpenVINO", "python": "Python"}
"""What computes models, as people write it."""


def _runs(status: ModelStatus) -> str:
    return "1 run" if status.runs == 1 else f"{status.runs} runs"


def _computed_by(status: ModelStatus) -> str:
    if status.state == "loading":
        return "loading"
    library = LIBRARIES.get(status.runtime, status.runtime)
    return library if status.dtype == status.runtime else f"{library}, {status.dtype}"


def _show_finding(finding: Finding, key: str) -> None:
    """Say which ways to compute a model were tried on the task's examples, and what came of each."""
    with st.popover("Speed", key=f"finding_{key}", icon=":material/speed:"):
        st.caption("Ways to compute it, tried on the examples of its task against plain float32.")
        for one in finding.tried:
            library, _, dtype = one.rung.partition(" ")
            took = f", {one.probe_ms:.0f} ms, scores within {one.difference:.4f}" if one.probe_ms else ""
            took += f", {one.memory_bytes / 1e6:.0f} MB" if one.memory_bytes else ""
            note = f": {one.note}" if one.note else ""
            st.text(f"{LIBRARIES.get(library, library)} {dtype}: {one.verdict}{took}{note}")


def _show_status(status: ModelStatus) -> None:
    key = f"{status.key.task_id}_{status.key.model_id}"
    with st.container(key=f"loaded_{key}", horizontal=True, vertical_alignment="center"):
        waiting = f" · {status.waiting} waiting" if status.waiting else ""
        st.markdown(
            f"**{status.key.model_id}**  \n:small[{status.key.task_id} · {status.size_bytes / 1e6:.1f} MB · "
            f"{_runs(status)} · {_computed_by(status)}{waiting}]",
            width="stretch",
        )
        if status.finding is not None:
            _show_finding(status.finding, key)
        owner = is_owner(runtime())
        st.button(
            "Unpin" if status.pinned else "Pin",
            key=f"pin_{key}",
            icon=":material/keep:",
            help="A pinned model is never unloaded to make room.",
            disabled=not owner,
            on_click=runtime().showcase.engine.pin,
            args=(status.key, not status.pinned),
        )
        if st.button("Unload", key=f"unload_{key}", icon=":material/eject:", disabled=not owner):
            with problems_shown():
                runtime().showcase.engine.unload(status.key)
                st.rerun(scope="fragment")
