"""A visitor of the pages by Streamlit's own messages, in this process: each is sent when a test says so.

Streamlit's test runner runs one script after the other; a browser says something while one runs. Owns the server in
this process, and what a browser would make of its messages, as far as tests ask.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.state.common import user_key_from_element_id

WAIT_S = 20.0
"""Seconds after which a test gives up; what it waits for takes a fraction of one."""


class Server:
    """Serve a script, without a port."""

    def __init__(self, script: Path) -> None:
        PagesManager.uses_pages_directory = False
        config = RuntimeConfig(
            script_path=str(script),
            media_file_storage=MemoryMediaFileStorage("/media"),
            uploaded_file_manager=MemoryUploadedFileManager("/upload"),
            session_storage=MemorySessionStorage(),
            bidi_component_registry=get_bidi_component_manager(),  # the components of the pages are in it already
        )
        self.runtime = Runtime(config)
        self.session_ids: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()

    def does(self, what: Callable[[], Any]) -> Any:
        """Do something in the server's thread, with nothing in between; return what came of it."""

        async def done() -> Any:
            return what()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(WAIT_S)

    def rests(self) -> None:
        """Wait until no script runs, and what the last one left to do is done."""
        for thread in threading.enumerate():
            if thread.name == "ScriptRunner.scriptThread":
                thread.join(WAIT_S)
                assert not thread.is_alive()
        self.does(lambda: None)

    def close(self) -> None:
        """End every session, and then itself."""
        for session_id in self.session_ids:
            self.does(partial(self.runtime.close_session, session_id))
        self.rests()
        self.runtime.stop()
        self._thread.join(WAIT_S)
        self._loop.close()
        Runtime._instance = None

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def serve() -> None:
            await self.runtime.start()
            await self.runtime.stopped

        self._loop.run_until_complete(serve())


class Messenger:
    """Visit one page; say what a browser says, and note what it would show.

    Args:
        query: what the browser's address says. What the server puts into it stands in `address`.
    """

    client_context = None

    def __init__(self, server: Server, page: str, query: str) -> None:
        self.server, self.page, self.query, self.address = server, page, query, query
        self.page_script_hash = ""
        self.drawn: list[str] = []
        self.pages: dict[str, str] = {}
        self._widgets: dict[str, tuple[str, str]] = {}
        self._told = threading.Event()
        self.session_id = server.does(lambda: server.runtime.connect_session(self, {}))
        server.session_ids.append(self.session_id)
        self.says(self.asks())
        self.rests()

    def asks(self, *presses: str, history: bool = False, **values: str | bool) -> BackMsg:
        """Return what a browser sends after a press, or where a widget says something else; its keys are ours.

        Args:
            history: whether it goes back.
            values: what widgets say, a dot in their keys written as two underscores.
        """
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.is_history_navigation = self.query, history
        asked.page_name, asked.page_script_hash = self.page, self.page_script_hash
        for key in presses:
            widget_id, asked.fragment_id = self._widgets[key]
            asked.widget_states.widgets.append(WidgetState(id=widget_id, trigger_value=True))
        for name, value in values.items():
            widget_id, fragment_id = self._widgets[name.replace("__", ".")]
            state = asked.widget_states.widgets.add(id=widget_id)
            if isinstance(value, bool):
                state.bool_value = value
            elif name.endswith("message"):
                state.chat_input_value.data = value
                asked.fragment_id = fragment_id
            else:
                state.string_value = value
        return message

    def says(self, *messages: BackMsg) -> None:
        """Send messages, with nothing in between."""

        def send() -> None:
            for message in messages:
                self.server.runtime.handle_backmsg(self.session_id, message)

        self.server.does(send)

    def rests(self) -> None:
        """Wait until nothing runs and all is told."""
        self.server.rests()
        self._told.clear()
        self.says(BackMsg(app_heartbeat=True))  # its answer comes after all that was to be told before
        assert self._told.wait(WAIT_S)

    @property
    def shown(self) -> str:
        """Return the key of what stands where an answer would."""
        return next(key for key in reversed(self.drawn) if key in ("result", "no_result", "openings"))

    def write_forward_msg(self, message: ForwardMsg) -> None:
        """Note what a browser would do; called by the server."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.page_script_hash = message.navigation.page_script_hash
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_info_changed":
            self.address = message.page_info_changed.query_string
        elif kind == "heartbeat_ack":
            self._told.set()
        elif kind == "delta":
            self._draw(message)

    def _draw(self, message: ForwardMsg) -> None:
        delta = message.delta
        if delta.WhichOneof("type") == "add_block":
            self.drawn.append(user_key_from_element_id(delta.add_block.id) or "")
            return
        kind = delta.new_element.WhichOneof("type")
        if kind is not None and hasattr(element := getattr(delta.new_element, kind), "id"):
            key = user_key_from_element_id(element.id) or ""
            self.drawn.append(key)
            self._widgets[key] = element.id, delta.fragment_id
