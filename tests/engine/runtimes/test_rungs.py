"""Which rungs may be tried, and what a finding depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.runtimes import rungs
from core.engine.runtimes.rungs import LADDER, PLAIN, candidates, finding_key, instruction_sets, is_worth_a_look, named


def test_auto_tries_every_rung_that_suits_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "multiplies_bfloat16", lambda: True)
    assert candidates("auto", "auto") == LADDER
    monkeypatch.setattr(rungs, "multiplies_bfloat16", lambda: False)
    assert [rung.name for rung in LADDER if rung not in candidates("auto", "auto")] == ["torch bfloat16"]


@pytest.mark.parametrize(
    ("runtime", "dtype", "expected"),
    [
        ("openvino", "auto", ["openvino int8", "openvino bfloat16", "openvino float32", "torch float32"]),
        ("auto", "float32", ["openvino float32", "torch float32"]),
        ("torch", "float32", ["torch float32"]),
        ("onnx", "auto", ["onnx int8", "torch float32"]),
    ],
)
def test_a_setting_narrows_the_choice(runtime: str, dtype: str, expected: list[str]) -> None:
    assert [rung.name for rung in candidates(runtime, dtype)] == expected


def test_there_is_nothing_to_look_for_where_only_torch_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "is_installed", lambda rung: rung.runtime == "torch")
    assert not is_worth_a_look("auto", "float32")
    assert not is_worth_a_look("torch", "float16")
    monkeypatch.setattr(rungs, "multiplies_bfloat16", lambda: True)
    assert is_worth_a_look("auto", "auto")


def test_a_finding_depends_on_the_model_the_setting_the_threads_and_the_processor(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("processor: 0\nflags\t\t: fpu avx2 sse\n")
    new.write_text("processor: 0\nflags\t\t: fpu avx2 avx512_bf16\n")
    assert instruction_sets(new) == ["avx2", "avx512_bf16"]
    keys = {
        finding_key(asked, threads, cpu)
        for asked in (("r1", "text-classification", "auto", "auto"), ("r2", "text-classification", "auto", "auto"))
        for threads in (1, 2)
        for cpu in (old, new)
    }
    assert len(keys) == 8
    assert finding_key(("r1", "t"), 1, old) == finding_key(("r1", "t"), 1, old)
    assert instruction_sets(tmp_path / "none")


def test_a_rung_that_is_no_more_stands_for_plain_torch() -> None:
    assert named("openvino float32").runtime == "openvino"
    assert named("abacus int2") is PLAIN
