"""Damaged files of every kind: whatever happens to the bytes, a reader answers with a value or a refusal."""

import functools

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ShowcaseError
from core.media import Limits, mask_array, png_of_mask, read_audio, read_image, read_text, sniff
from core.settings import Settings
from tests.media.samples import muxed, picture, saved, tone, written

LIMITS = Limits.of(Settings(max_image_pixels=100_000, max_audio_s=5.0))
PICTURES = {
    "JPEG": {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}, "PNG": {}, "WEBP": {},
    "GIF": {}, "BMP": {}, "TIFF": {"compression": "tiff_deflate"}, "AVIF": {},
}  # fmt: skip
SOUNDS = ("WAV", "FLAC", "OGG", "MP3")
APART = (
    ("ipod", "aac", 16_000),
    ("webm", "libopus", 48_000),
    ("amr", "libopencore_amrnb", 8_000),
    ("adts", "aac", 16_000),
)

# What a damaged file makes Pillow say on the side is no concern here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
quick = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
slow = settings(quick, max_examples=4)


@functools.cache
def whole(kind):
    if kind in PICTURES:
        return saved(picture(24, 16), kind, **PICTURES[kind])
    if kind in SOUNDS:
        return written(tone(0.2, 8_000), 8_000, kind)
    return muxed(*kind, 0.2)


@st.composite
def damage(draw):
    """Draw a way to damage bytes: some are overwritten, some go missing, and the end may be cut off."""
    where = st.floats(0, 1, exclude_max=True)
    changes = draw(st.lists(st.tuples(where, st.binary(min_size=1, max_size=4)), max_size=6))
    cut = draw(st.one_of(st.none(), where))
    gone = draw(st.one_of(st.none(), st.tuples(where, st.integers(1, 64))))

    def apply(data):
        broken = bytearray(data)
        for at, new in changes:
            # Headers are where the lies are told: half of the changes go to the first hundred bytes.
            start = int(at * 2 * min(100, len(data))) if at < 0.5 else int(at * len(data))
            broken[start : start + len(new)] = new
        if gone:
            start = int(gone[0] * len(broken))
            del broken[start : start + gone[1]]
        return bytes(broken[: int(cut * len(broken))] if cut is not None else broken)

    return apply


def answer(read, *given, **options):
    """Return the value, or None for a refusal in two sentences."""
    try:
        return read(*given, **options)
    except ShowcaseError as refused:
        sentences = (refused.message, refused.hint)
    assert all(sentences)
    return None


def check(read, data):
    value = answer(read, data, LIMITS)
    if value is None:
        return
    if read is read_image:
        assert value.width * value.height <= LIMITS.max_image_pixels
    else:
        assert np.abs(value.array()).max() <= 1.0
        assert value.duration_s <= LIMITS.max_audio_s + 0.5


@pytest.mark.parametrize("kind", PICTURES)
@quick
@given(apply=damage())
def test_damaged_pictures(kind, apply):
    check(read_image, apply(whole(kind)))


@pytest.mark.parametrize("kind", SOUNDS)
@quick
@given(apply=damage())
def test_damaged_sounds(kind, apply):
    check(read_audio, apply(whole(kind)))


@pytest.mark.parametrize("kind", APART, ids=lambda kind: kind[0])
@slow
@given(apply=damage())
def test_damaged_sounds_that_are_decoded_apart(kind, apply):
    check(read_audio, apply(whole(kind)))


@quick
@given(data=st.binary(max_size=200))
def test_any_bytes_have_a_kind_and_no_reader_trips_over_them(data):
    assert sniff(data).phrase
    check(read_image, data)
    check(read_audio, data)


@quick
@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_read_or_refused(text):
    value = answer(read_text, text, LIMITS)
    assert value is None or value.text.encode()


@quick
@given(apply=damage())
def test_damaged_masks(apply):
    mask = png_of_mask(np.asarray(PIL.Image.linear_gradient("L")) > 100)
    value = answer(mask_array, apply(mask), max_pixels=100_000)
    assert value is None or value.dtype == bool
