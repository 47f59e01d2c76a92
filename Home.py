"""The entry, in two lives: the script that Streamlit runs for each visitor, and the ASGI app that serves it.

`streamlit run Home.py` finds `app` below, imports this file for it, and runs the file again as
`__main__` for every session. What both lives share is in `core.runtime`.
"""

import os

# Before torch is imported by anyone: its idle threads would otherwise spin and starve the server.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Before numpy is: what prepares sounds would otherwise start a thread on every processor, beside torch's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# A visitor's machine tells nobody what is being run on it.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import streamlit as st

if __name__ == "__main__":
    from core.ui.site import show_site

    show_site()
else:
    import threading
    from importlib import import_module

    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    from core.api.direct import First
    from core.api.server import lifespan, routes
    from core.runtime import runtime
    from core.ui.front_end import FrontEnd
    from core.ui.presses import keep_presses
    from core.ui.sent_at_once import send_at_once
    from core.ui.theme_message import keep_theme

    # The folder `pages` would otherwise be run bare, without this file, until the first visit of `/`.
    PagesManager.uses_pages_directory = False
    keep_presses()
    keep_theme()
    send_at_once()
    front_end = Middleware(FrontEnd, tasks_of=lambda page: runtime().tasks_on(page))
    layers = [Middleware(First, routes=routes()), front_end]
    app = st.App(__file__, routes=routes(), lifespan=lifespan, middleware=layers)
    # The pages' modules are imported while the first visitor's browser still loads Streamlit's scripts.
    threading.Thread(target=import_module, args=("core.ui.site",), name="import pages", daemon=True).start()
