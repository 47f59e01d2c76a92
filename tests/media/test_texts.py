"""core.media.texts: what text is read, and how."""

import pytest

from core.errors import BadInput, TooLarge
from core.media import Limits, read_text
from core.settings import Settings
from tests.media.samples import LIMITS


@pytest.mark.parametrize(
    "text",
    [
        "plain", " with space around \n", "tab\tand\nnewline", "👩‍👩‍👧‍👦 family", "e\u0301 combining",
        "שלום עולם", "مرحبا\u200f",
        "你好", "ﬁ ligature", "\U0001f1e9\U0001f1ea", "a\u00adsoft", "\x85next line",
    ],
)  # fmt: skip
def test_what_people_type_is_left_alone(text):
    assert read_text(text, LIMITS).text == text
    assert read_text(text.encode(), LIMITS).text == text


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("a\r\nb\rc", "a\nb\nc"), ("nul\0byte", "nulbyte"), ("\x1b[31mred", "[31mred"), ("a\x0cb\x0bc\x7fd", "abcd"),
        ("\ufeffmarked", "marked"), (b"\xef\xbb\xbfmarked", "marked"), ("ü".encode("utf-16"), "ü"),
        ("ü".encode("utf-16-be").join((b"\xfe\xff", b"")), "ü"),
    ],
)  # fmt: skip
def test_what_no_one_types_is_dropped(given, read):
    assert read_text(given, LIMITS).text == read


@pytest.mark.parametrize("text", ["", " \n\t ", "\0\0", "\u200b\u200d", "\u3000\u00a0", b"", b"\xef\xbb\xbf"])
def test_a_blank_text_is_refused(text):
    with pytest.raises(BadInput, match=r"There is no text\."):
        read_text(text, LIMITS)


def test_the_limit_counts_characters_after_cleaning():
    limits = Limits.of(Settings(max_text_chars=20_000))
    assert len(read_text("é" * 20_000 + "\0" * 50, limits).text) == 20_000
    with pytest.raises(TooLarge, match=r"The text is 20,001 characters long; the limit is 20,000\."):
        read_text("é" * 20_001, limits)


@pytest.mark.parametrize("text", ["half \ud83d", "\udc00", "\ude00\ud83d"])
def test_half_a_character_is_refused(text):
    with pytest.raises(BadInput, match="half of a character"):
        read_text(text, LIMITS)


@pytest.mark.parametrize("data", [b"caf\xe9", b"\xff\xfea", b"\xc3", b"\xed\xa0\xbd", b"\xff\xfe\x3d\xd8"])
def test_bytes_that_are_not_text_are_refused(data):
    with pytest.raises(BadInput, match="not text in UTF-8"):
        read_text(data, LIMITS)
