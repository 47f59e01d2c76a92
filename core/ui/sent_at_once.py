"""What a script draws, on its way to the browser at once.

Owns Streamlit's pause before it looks again for what is to be sent, 5 ms: whatever is drawn within them waits. The
answer to a press is, since what begins a run is sent first. Should a later Streamlit pause in another way, it does so.
"""

from __future__ import annotations

from typing import Final

from streamlit.runtime import runtime

PAUSE: Final = "MESSAGE_FLUSH_INTERVAL_SECS"
"""How long Streamlit's server sleeps after it has sent something, in seconds."""


def send_at_once() -> None:
    """Have the server of this process look again as soon as others have had their turn. Called once, by the server."""
    if hasattr(runtime, PAUSE):
        setattr(runtime, PAUSE, 0.0)
