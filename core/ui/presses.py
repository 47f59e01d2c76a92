"""A press that is kept until it is done, and the run that it began until the browser has been seen to know its address.

Streamlit runs the script anew for whatever a browser says, and what is asked of the whole page ends the script that
runs, wherever that is: a press that it had not come to was gone with it, and so was the sight of a run that it had
begun, since the browser's address did not name it yet.

Owns what is kept of a visitor's latest press, and where it is heard: before Streamlit makes a script of it. Should a
later Streamlit hand its requests on in another way, nothing is kept, and all goes as Streamlit has it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state.common import user_key_from_element_id

from core.job import Job

log = logging.getLogger(__name__)

KEY: Final = "presses"
"""Where a session holds its `Presses`."""

KEPT: Final = re.compile(r"run|undo|save_\w+|.+\.message|.+\.opening_\d+")
"""The keys of the buttons and boxes whose presses are kept."""


class Place(NamedTuple):
    """Name what an address shows: a task, and the model and the run that it names."""

    task_id: str
    model_id: str | None
    run_id: str | None


class Begun(NamedTuple):
    """Say what run was begun, where, and which runs the browser's address may still name instead."""

    run_id: str
    where: Place
    stale: frozenset[str | None]


class Presses:
    """Hold what a visitor pressed last, and what came of it. Used by the server and by several scripts at once."""

    def __init__(self) -> None:
        self._lock, self._beginning = threading.Lock(), threading.Lock()
        self._kept: dict[str, WidgetState] = {}
        self._is_carried = False
        self._heard = self._done = 0
        self._page = ""
        self._begun: Begun | None = None
        self.job: Job | None = None

    def hear(self, said: ClientState) -> None:
        """Hear what a browser says, and put in what no script has done yet, if this ends the script that was to."""
        with self._lock:
            if said.is_history_navigation or said.page_script_hash != self._page:
                self._drop()
            self._page = said.page_script_hash
            if self._begun is not None and self._begun.run_id in parse_qs(said.query_string).get("run", ()):
                self._begun = None
            pressed = {state.id: state for state in said.widget_states.widgets if _is_press(state)}
            if pressed:
                self._kept, self._is_carried = pressed, False
                self._heard += 1
            elif self._kept and not said.fragment_id:
                said.widget_states.widgets.extend(self._kept.values())
                self._is_carried = True

    def are_due(self) -> bool:
        """Return whether a press came with what the script was asked for, and is still to be done."""
        with self._lock:
            return bool(self._kept)

    def due(self) -> int | None:
        """Return the number of the press that a script sees; None where the script that it ended has done it."""
        with self._lock:
            return None if self._heard and self._heard == self._done else self._heard

    def take(self, press: int) -> bool:
        """Return whether a press is still to be done; whoever asks does it."""
        with self._lock:
            if self._heard and press <= self._done:
                return False
            self._done = press
            if press == self._heard:
                self._kept = {}
            return True

    def begin(self, press: int, start: Callable[[], Job], where: Place) -> Job | None:
        """Begin what was pressed for, unless another script has; return the latest job either way.

        Args:
            start: starts the job. It must not draw anything or look into the session: there a script can be ended.
        """
        with self._beginning:
            if self.take(press):
                self.job = start()
                with self._lock:
                    older = self._begun
                    stale = {where.run_id} if older is None else {where.run_id, older.run_id, *older.stale}
                    self._begun = Begun(self.job.run_id, where, frozenset(stale)) if self._heard else None
            return self.job

    def begun(self, where: Place) -> str | None:
        """Return the run that was begun at a place, if the browser may not know its address yet."""
        with self._beginning, self._lock:
            begun = self._begun
        if begun is None or where[:2] != begun.where[:2] or where.run_id not in begun.stale:
            return None
        return begun.run_id

    def leave(self) -> str | None:
        """Leave the run that was begun, and a press that is older than what leaves it.

        Returns: that run, if the browser may not know its address yet.
        """
        with self._lock:
            begun, self._begun = self._begun, None
            if self._is_carried:
                self._drop()
            return None if begun is None else begun.run_id

    def _drop(self) -> None:
        self._kept, self._begun = {}, None
        self._done = self._heard


def keep_presses() -> None:
    """Have every session of this process hear what its browser says. Called once, by the server."""
    ask = AppSession.request_rerun

    def hear_and_ask(session: AppSession, client_state: ClientState | None) -> None:
        try:
            if client_state is not None:
                _presses_of(session).hear(client_state)
        except Exception:  # whatever it was, what the visitor asks for goes on
            log.exception("a press could not be kept")
        ask(session, client_state)

    AppSession.request_rerun = hear_and_ask  # type: ignore[method-assign,assignment]


def _presses_of(session: AppSession) -> Presses:
    """Return what a session holds; before its first script, nothing that is kept."""
    try:
        held: Presses = session.session_state[KEY]
    except KeyError:
        return Presses()
    return held


def _is_press(state: WidgetState) -> bool:
    is_pressed = state.trigger_value or state.HasField("chat_input_value")
    return bool(is_pressed and KEPT.fullmatch(user_key_from_element_id(state.id) or ""))
