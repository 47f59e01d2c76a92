"""Two first loads at once: torch and transformers are imported by one of them while the other waits."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT

PROGRAM = """
import threading
from core.engine.torch_setup import prepare_torch

problems, start = [], threading.Barrier(4)

def first_load():
    start.wait()
    try:
        prepare_torch()
        from transformers import pipeline
    except BaseException as error:
        problems.append(repr(error))

threads = [threading.Thread(target=first_load) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
raise SystemExit("; ".join(problems) or 0)
"""


def test_a_cold_process_takes_several_first_loads_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
