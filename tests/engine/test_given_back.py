"""Memory that goes back to the system when models go: real weights, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.engine import allocator
from core.settings import ROOT

ROUNDS, MODELS = 2, 4

CYCLES = f"""
import json, sys
from pathlib import Path
from bench.checkpoints import large
from bench.memory import Walk, resident_mb, warm_up

folder = Path(sys.argv[1])
warm_up(folder / "first")
folders = [large(folder / str(number), seed=number) for number in range({MODELS})]
for dtype in ("float32", "bfloat16"):
    walk = Walk(folders, dtype, fit={MODELS})
    before_mb, _ = resident_mb()
    for _ in range({ROUNDS}):
        steps = [walk.ask(number) for number in range({MODELS})]
        walk.leave()
        print(json.dumps([dtype, steps[-1].booked_mb, steps[-1].ran_mb, before_mb, resident_mb()[0]]))
    walk.engine.close()
"""


def test_what_is_resident_after_models_went_is_what_was_before_they_came(tmp_path: Path) -> None:
    child = [sys.executable, "-c", CYCLES, str(tmp_path)]
    output = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rounds = [json.loads(line) for line in output.splitlines()]
    assert [dtype for dtype, *_ in rounds] == ["float32"] * ROUNDS + ["bfloat16"] * ROUNDS  # mapped; converted
    for dtype, booked_mb, ran_mb, before_mb, after_mb in rounds:
        assert ran_mb > 0.4 * booked_mb, dtype  # they were there
        assert after_mb < 1.1 * before_mb, rounds


def test_where_the_library_has_no_such_switches_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: called.append(name) or object())
    for platform in ("linux", "darwin"):
        monkeypatch.setattr(allocator.sys, "platform", platform)
        with allocator.weights_apart():
            allocator.trim_memory()
    assert called == [None, None]  # musl was asked, and has neither; macOS was not
