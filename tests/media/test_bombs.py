"""Bombs: each is refused by name, before it has cost memory or time. Each batch is read in a process of its own."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
CHEAP_BYTES = 100_000_000


def reported(which):
    command = [sys.executable, "-m", "tests.media.bombs", which]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


def check_cheap(row):
    assert row["error"]
    assert row["size"] < 20_000_000  # a visitor could send it
    assert row["grown_bytes"] < CHEAP_BYTES
    assert row["child_bytes"] < 2 * CHEAP_BYTES
    assert row["cpu_s"] < 5


def test_pictures_that_would_be_huge_are_refused_for_nothing():
    rows = reported("image")
    assert len(rows) == 13
    for row in rows.values():
        check_cheap(row)
    assert "30000 x 30000 pixels (900 megapixels); the limit is 25 megapixels" in rows["PNG 30000"]["sentence"]
    assert all(rows[f"PNG {side}"]["error"] == "TooLarge" for side in (13_300, 19_000, 30_000))
    assert "more than 100 passes" in rows["JPEG passes"]["sentence"]
    assert "one side may be 50 times the other" in rows["line"]["sentence"]
    assert "FITS" in rows["FITS"]["sentence"]


def test_sounds_that_would_be_hours_long_are_refused_for_little():
    rows = reported("audio")
    assert len(rows) == 7
    for row in rows.values():
        check_cheap(row)
    assert rows["FLAC"]["sentence"] == "This sound is 3 h 0 min long; the limit is 10 min. Trim it and try again."
    for name in ("FLAC of unknown length", "AMR"):
        assert rows[name]["sentence"].startswith("This sound is longer than it says; the limit is 10 min.")
