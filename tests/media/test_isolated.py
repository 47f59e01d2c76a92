"""core.media.isolated and its child: what goes wrong over there stays over there."""

import subprocess
import sys
import textwrap
from contextlib import contextmanager

import pytest

from core.errors import BadInput, TooLarge, UnsupportedMedia
from core.media import Limits, isolated, read_audio, read_image
from core.media.kinds import sniff
from core.settings import Settings
from tests.media.samples import LIMITS, muxed

M4A = b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
HEADER = 'print(\'{"sampling_rate": 8000, "announced_s": null, "is_exact": true}\', flush=True)'


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Put another script in the child's place."""

    def replace(script):
        path = tmp_path / "child.py"
        path.write_text("import os, signal, sys\n" + textwrap.dedent(script))
        monkeypatch.setattr(isolated, "_CHILD", path)

    return replace


@pytest.mark.parametrize(
    "script",
    [
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "sys.exit(0)",
        "raise MemoryError",
        "print('half a line', end='')",
        "print('{\"sampling_rate\": 8000', end='')",
        "sys.stdin.buffer.read(); " + HEADER + "; os.write(1, bytes(8000)); os.kill(os.getpid(), signal.SIGSEGV)",
        "sys.stdin.buffer.read(); " + HEADER + "; os.write(1, bytes(8000)); sys.exit(3)",
        "sys.stdin.buffer.read(); " + HEADER + "; os.write(1, bytes(8001))",
    ],
)
def test_a_child_that_dies_makes_one_refusal(child, script):
    child(script)
    with pytest.raises(BadInput, match="This M4A sound is damaged or cut off"):
        read_audio(M4A + bytes(1_000_000), LIMITS)


@pytest.mark.parametrize("script", ["signal.pause()", HEADER + "; signal.pause()"])
def test_a_child_that_never_ends_is_ended(child, monkeypatch, script):
    monkeypatch.setattr(isolated, "TIMEOUT_S", 0.5)
    child(script)
    with pytest.raises(BadInput, match="This M4A sound is damaged or cut off"):
        read_audio(M4A, LIMITS)


def test_a_child_that_sends_for_ever_is_ended_at_the_limit(child):
    child(HEADER + "\nwhile True: os.write(1, bytes(65536))")
    with pytest.raises(TooLarge, match=r"longer than it says; the limit is 2 s"):
        read_audio(M4A, Limits.of(Settings(max_audio_s=2.0)))


def test_a_picture_is_refused_by_its_announced_size(child):
    child('print(\'{"width": 30000, "height": 30000, "mode": "RGB"}\', flush=True); signal.pause()')
    with pytest.raises(TooLarge, match=r"30000 x 30000 pixels \(900 megapixels\)"):
        read_image(HEIC, LIMITS)


@pytest.mark.parametrize("script", ["os.write(1, bytes(29))", "signal.raise_signal(signal.SIGKILL)"])
def test_a_picture_with_too_few_pixels_is_refused(child, script):
    child('print(\'{"width": 10, "height": 1, "mode": "RGB"}\', flush=True); ' + script)
    with pytest.raises(BadInput, match="This HEIC photo is damaged or cut off"):
        read_image(HEIC, LIMITS)


def test_leaving_early_leaves_no_process_behind(child):
    child(HEADER + "; signal.pause()")
    with isolated.decoding(sniff(M4A), M4A, "sound", "mov") as decoding:
        assert decoding.process.poll() is None
    assert decoding.process.poll() is not None


def test_no_more_than_two_decode_at_once(child):
    child(HEADER + "; signal.pause()")

    @contextmanager
    def slot():
        with isolated.decoding(sniff(M4A), M4A, "sound", "mov"):
            yield

    with slot(), slot():
        assert not isolated._SLOTS.acquire(blocking=False)
    assert isolated._SLOTS.acquire(blocking=False)
    isolated._SLOTS.release()


def test_a_child_that_lacks_its_decoder_is_reported(child):
    child('print(\'{"problem": "missing", "detail": ""}\')')
    with pytest.raises(UnsupportedMedia, match="This is a HEIC photo, which cannot be read here"):
        read_image(HEIC, LIMITS)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts mapped memory on Linux only")
def test_the_child_cannot_take_more_memory_than_its_share():
    code = "from core.media.child import _limit_resources as limit; limit(); bytes(600_000_000); bytes(1_200_000_000)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("MemoryError")


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts mapped memory on Linux only")
@pytest.mark.parametrize(("allowance", "is_read"), [(1 << 30, True), (4096, False)])
def test_sounds_are_decoded_under_that_limit(allowance, is_read):
    code = f"import core.media.child as child; child.MEMORY_BYTES = {allowance}; child.main('sound', 'mov')"
    done = subprocess.run([sys.executable, "-c", code], input=muxed("ipod", "aac", 16_000), capture_output=True)
    assert (done.returncode == 0 and len(done.stdout) > 60_000) == is_read


def test_the_child_needs_nothing_of_this_project(tmp_path):
    command = [sys.executable, "-P", str(isolated._CHILD), "sound", "mov"]
    done = subprocess.run(command, input=muxed("ipod", "aac", 16_000), capture_output=True, cwd=tmp_path, check=True)
    assert done.stdout.startswith(b'{"sampling_rate": 16000')
    assert done.stderr == b""
