"""core.media.limits: what is refused for its size, and how sizes read."""

import pytest

from core.errors import BadInput, TooLarge
from core.media.limits import Limits, length, millions
from core.settings import Settings


def test_limits_come_from_the_settings():
    given = {
        "max_text_chars": 1,
        "max_upload_bytes": 2,
        "max_image_pixels": 3,
        "max_audio_s": 4.0,
        "max_video_s": 5.0,
        "max_video_pixels": 6,
    }
    assert Limits.of(Settings(**given)) == Limits(**given)


def test_an_upload_may_be_as_large_as_the_limit_and_no_larger():
    limits = Limits.of(Settings(max_upload_bytes=1_000_000))
    limits.check_upload(bytes(1_000_000))
    with pytest.raises(TooLarge, match=r"This file is 1\.1 MB; the limit is 1 MB\."):
        limits.check_upload(bytes(1_000_001))


def test_an_empty_upload_is_refused():
    with pytest.raises(BadInput, match="This file is empty"):
        Limits.of(Settings()).check_upload(b"")


@pytest.mark.parametrize(
    ("rate", "limit_s"), [(4_000, 600), (16_000, 600), (48_000, 600), (96_000, 300), (192_000, 150)]
)
def test_above_48_khz_a_sound_may_only_be_as_many_samples_long(rate, limit_s):
    assert Limits.of(Settings()).max_audio_s_at(rate) == limit_s


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.02, "0.1 s"), (2.5, "2.5 s"), (94, "94 s"), (93.2, "94 s"), (120, "2 min"), (600, "10 min"),
        (600.4, "10 min 1 s"), (725, "12 min 5 s"), (10_800, "3 h 0 min"), (12_345, "3 h 25 min"),
    ],
)  # fmt: skip
def test_lengths_read_as_one_says_them(seconds, words):
    assert length(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(25e6, "25"), (25_000_001, "25.1"), (900e6, "900"), (21_340_000, "21.4"), (2.5e9, "2,500")]
)
def test_millions_never_round_down_to_the_limit(count, words):
    assert millions(count) == words
