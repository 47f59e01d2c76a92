"""What the speed of a rerun rests on and nobody would miss at once: each of these fails without a sound.

The settings in `.streamlit/config.toml` are in `tests/ui/test_theme.py`, the frozen heap in
`tests/engine/test_cache.py`.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import script_runner

from bench.site import ROOT, Site


def test_streamlit_still_asks_whether_to_collect_after_a_rerun() -> None:
    assert '"runner.postScriptGC"' in inspect.getsource(script_runner)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux, which says what a process has loaded")
@pytest.mark.parametrize("part", ["uvloop", "httptools"])
def test_the_server_runs_on_what_sends_at_once(part: str, site: Site) -> None:
    # Without them each rerun waits 40 ms for an acknowledgement that the browser holds back.
    assert part in Path(f"/proc/{site.process.pid}/maps").read_text()


def test_idle_threads_sleep_and_torch_is_not_there_yet() -> None:
    switches = ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in switches}
    asked = f"import os, sys, Home; print(*map(os.environ.get, {switches}), 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["PASSIVE", "1", "False"], done.stderr[-1000:]
