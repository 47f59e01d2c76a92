"""Models that run elsewhere, under the same engine interface as those that run here.

Read it in this order: `place` (what is asked of a place, and what it gives), `engine` and `desk` (who is asked
when), `placed` (here or elsewhere), `endpoints` (the catalog's servers), `calling` (HTTP: keys, tries, waits),
`refusals` (what a refusal means), `inference` and `openai` (the two protocols), `growing` (a text while it is
written). Knows nothing of pages, routes or the store.
"""

from core.remote.calling import Caller
from core.remote.endpoints import Endpoints
from core.remote.engine import RemoteEngine
from core.remote.keys import read_endpoint_keys
from core.remote.place import ELSEWHERE, Place, Places, Reply
from core.remote.placed import PlacedEngine

__all__ = [
    "ELSEWHERE",
    "Caller",
    "Endpoints",
    "Place",
    "PlacedEngine",
    "Places",
    "RemoteEngine",
    "Reply",
    "read_endpoint_keys",
]
