"""The rungs of the ladder: what may compute a model here, and what a finding about that depends on.

Owns their names and which of them this machine can try. Loads none of them.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from core.engine.precision import multiplies_bfloat16

_CPU_INFO = Path("/proc/cpuinfo")
_MATTERS = re.compile(r"avx|amx|vnni|bf16|neon|sve|asimd")
"""Instruction sets that decide how fast a rung is."""


@dataclass(frozen=True)
class Rung:
    """Name a way to compute a model.

    Args:
        runtime: which library does it.
        dtype: what it computes in, as it stands in the record of a run.
        packages: what has to be installed for it, beyond what the showcase needs anyway.
        tolerance: the largest difference of a score from plain float32 that is let pass.
    """

    runtime: Literal["torch", "onnx", "openvino"]
    dtype: Literal["float32", "bfloat16", "int8"]
    packages: tuple[str, ...] = ()
    tolerance: float = 0.0

    @property
    def name(self) -> str:
        """Return what it is called in files and on pages."""
        return f"{self.runtime} {self.dtype}"


PLAIN: Final = Rung("torch", "float32")
"""What every other rung has to agree with."""

LADDER: Final = (
    Rung("onnx", "int8", ("onnx", "onnxscript", "onnxruntime"), tolerance=0.05),
    Rung("openvino", "int8", ("openvino",), tolerance=0.05),
    Rung("openvino", "bfloat16", ("openvino",), tolerance=0.02),
    Rung("openvino", "float32", ("openvino",), tolerance=0.001),
    Rung("torch", "bfloat16", tolerance=0.02),
    PLAIN,
)
"""Every rung. Tolerances are of scores in [0, 1]: 8 bits of mantissa leave 0.002 to 0.01 at the end of a model of a
dozen layers, weights of 8 bits up to 0.03 (FACTS.md, F.2 and G.1.4, and this project's own checkpoints); twice that."""


def named(name: str) -> Rung:
    """Return the rung of that name; plain float32 if it is none any more."""
    return next((rung for rung in LADDER if rung.name == name), PLAIN)


def candidates(runtime: str, dtype: str) -> tuple[Rung, ...]:
    """Return the rungs that may be tried where these are asked for, installed or not; plain float32 always is one."""
    return tuple(
        rung
        for rung in LADDER
        if rung is PLAIN or (runtime in ("auto", rung.runtime) and dtype in ("auto", rung.dtype) and _suits(rung))
    )


def is_worth_a_look(runtime: str, dtype: str, *, writes: bool = False) -> bool:
    """Return whether there is a choice: more than one rung that can run here.

    Args:
        writes: whether the model writes token by token, as no program of ONNX Runtime does here.
    """
    able = [rung for rung in candidates(runtime, dtype) if rung.runtime != "onnx" or not writes]
    return dtype in ("auto", "float32") and sum(map(is_installed, able)) > 1


def _suits(rung: Rung) -> bool:
    """Return False for what is always slower here: bfloat16 in torch where the processor does not multiply it."""
    return rung.name != "torch bfloat16" or multiplies_bfloat16()


def is_installed(rung: Rung) -> bool:
    """Return whether the packages of a rung are there."""
    return all(importlib.util.find_spec(package) for package in rung.packages)


MADE_AS: Final = 6
"""Raised when programs are made otherwise, so that those of before are not opened: 2 takes several sounds at once, 3
has OpenVINO count in whole numbers, 5 has it round in larger groups. Or when they are asked otherwise, so that another
may be the fastest: 4 rounds the lengths of texts up, 6 has programs of what writes of what it has read."""


def finding_key(asked: tuple[str, ...], threads: int, cpu_info: Path = _CPU_INFO) -> str:
    """Return a digest of all that a finding depends on: the model and what is asked of it, versions, processor."""
    packages = sorted({"torch", "transformers", *(package for rung in LADDER for package in rung.packages)})
    depends_on = [MADE_AS, asked, threads, instruction_sets(cpu_info), [_version(package) for package in packages]]
    return hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()[:32]


def instruction_sets(cpu_info: Path = _CPU_INFO) -> list[str]:
    """Return what the processor can do that matters here."""
    try:
        flags = re.search(r"^(?:flags|Features)\s*:(.*)$", cpu_info.read_text(), re.MULTILINE)
    except OSError:
        flags = None
    return sorted({flag for flag in flags[1].split() if _MATTERS.search(flag)}) if flags else [platform.machine()]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
