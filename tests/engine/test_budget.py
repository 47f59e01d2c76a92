"""The default budget: from the machine or its control group, whichever leaves less."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.budget import LEAST_BYTES, memory_budget_bytes, resident_bytes


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


MEMINFO = "MemTotal: 20000000 kB\nMemAvailable: 10000000 kB\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/meminfo": MEMINFO}, 6_144_000_000),
        ({"proc/meminfo": MEMINFO, "sys/fs/cgroup/memory.max": "max\n"}, 6_144_000_000),
        (
            {
                "proc/meminfo": MEMINFO,
                "sys/fs/cgroup/memory.max": "3000000000\n",
                "sys/fs/cgroup/memory.current": "1000000000\n",
            },
            1_200_000_000,
        ),
        (
            {"proc/meminfo": MEMINFO, "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n"},
            1_200_000_000,
        ),
        ({"proc/meminfo": MEMINFO, "sys/fs/cgroup/memory.max": "1000\n"}, LEAST_BYTES),
        ({}, 2_400_000_000),
    ],
)
def test_most_of_what_is_left(files: dict[str, str], expected: int, tmp_path: Path) -> None:
    assert memory_budget_bytes("cpu", root=machine(tmp_path, files)) == expected


def test_what_this_process_has_in_memory_grows_with_it(tmp_path: Path) -> None:
    assert resident_bytes(tmp_path) == 0  # a system that does not say
    before = resident_bytes()
    block = b"x" * 50_000_000
    assert 40_000_000 < resident_bytes() - before < 60_000_000
    assert len(block) == 50_000_000
