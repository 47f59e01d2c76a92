"""What was found about a model: kept whole or not at all, and taken back when it turns out wrong."""

from __future__ import annotations

from pathlib import Path

from core.engine.runtimes.findings import FILE, PROGRAM, Finding, Findings, Tried, write
from core.engine.runtimes.rungs import named

TRIED = (
    Tried("openvino bfloat16", "chosen", probe_ms=3.0, memory_bytes=200),
    Tried("onnx int8", "disagrees", "another label comes first", difference=0.4),
    Tried("openvino float32", "slower", probe_ms=4.0),
    Tried("torch float32", "slower", probe_ms=9.0),
    Tried("torch bfloat16", "slower", probe_ms=12.0),
)


def kept(folder: Path) -> Findings:
    findings = Findings(folder / "findings")
    scratch = findings.scratch()
    (scratch / PROGRAM).mkdir()
    write(scratch, TRIED)
    findings.keep("key", scratch)
    return findings


def test_a_finding_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    findings = kept(tmp_path)
    assert findings.find("key") == Finding(TRIED)
    assert Finding(TRIED).chosen == named("openvino bfloat16")
    assert (findings.place("key") / PROGRAM).is_dir()
    assert findings.find("another") is None


def test_a_newer_finding_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    findings = kept(tmp_path)
    scratch = findings.scratch()
    write(scratch, TRIED[1:2])
    findings.keep("key", scratch)
    assert findings.find("key") == Finding(TRIED[1:2])
    assert Finding(TRIED[1:2]).chosen is None
    assert sorted(entry.name for entry in (tmp_path / "findings").iterdir()) == ["key"]


def test_a_damaged_finding_is_none(tmp_path: Path) -> None:
    findings = kept(tmp_path)
    (findings.place("key") / FILE).write_text('[{"rung": "onnx int8"')
    assert findings.find("key") is None
    (findings.place("key") / FILE).write_text('[{"rung": "onnx int8", "colour": "red"}]')
    assert findings.find("key") is None


def test_a_rung_that_fails_after_all_makes_room_for_the_fastest_of_torch(tmp_path: Path) -> None:
    findings = kept(tmp_path)
    findings.spoil("key", named("openvino bfloat16"), "failed on a visitor's input")
    finding = findings.find("key")
    assert finding is not None
    assert finding.chosen == named("torch float32")
    assert (finding.tried[0].verdict, finding.tried[0].note) == ("failed", "failed on a visitor's input")
    findings.spoil("nobody", named("onnx int8"), "")
    assert findings.find("nobody") is None


def test_a_program_that_takes_more_memory_than_there_may_be_is_left_for_the_fastest_of_torch() -> None:
    assert Finding(TRIED).memory_bytes(named("openvino bfloat16")) == 200
    assert Finding(TRIED).memory_bytes(named("onnx int8")) == 0
    assert Finding(TRIED).chosen_within(200) == named("openvino bfloat16")
    assert Finding(TRIED).chosen_within(199) == named("torch float32")
    assert Finding(TRIED[:3]).chosen_within(199) is None
    assert Finding((Tried("torch float32", "chosen", memory_bytes=10**9),)).chosen_within(1) == named("torch float32")
