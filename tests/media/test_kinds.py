"""core.media.kinds: what a file is, told from its bytes."""

import pytest

from core.media import sniff
from core.media.kinds import refusal, skip_id3
from tests.media.samples import muxed, picture, saved, tone, written

ID3 = b"ID3\x04\0\0\0\0\0\x05hello"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty file"),
        (b"\x00\x00\x01\xba", "MPEG film"),
        (b"hello there", "plain text"),
        ("naïve café ☕".encode(), "plain text"),
        (b"BMW is a car", "plain text"),
        (b"http://127.0.0.1/a.wav", "plain text"),
        (b"%PDF-1.7", "PDF document"),
        (b"PK\x03\x04rest", "ZIP archive or Office document"),
        (b"<svg xmlns='x'/>", "SVG drawing"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- a --><svg/>", "SVG drawing"),
        (b"<!DOCTYPE html><html><svg/></html>", "web page"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:5", "playlist"),
        (b"ffconcat version 1.0\nfile x", "playlist"),
        (b"<?xml version='1.0'?>\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>", "playlist"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1", "playlist"),
        (b"[playlist]\nFile1=http://x", "playlist"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI film"),
        (b"RIFF\0\0\0\0XXXX", "file of an unknown kind"),
        (b"FORM\0\0\0\0AIFF", "AIFF sound"),
        (b"SIMPLE  =                    T", "FITS picture"),
        (b"OggS" + bytes(24) + b"\x80theora", "Ogg film"),
        (b"\xff\xfe\x41\x00", "file of an unknown kind"),
        (b"\xff\xff\xff\xff", "file of an unknown kind"),
        (ID3 + b"RIFF\0\0\0\0WAVE", "file of an unknown kind"),
        (ID3 + b"#EXTM3U\n", "file of an unknown kind"),
        (ID3 + b"\xff\xfb\x90\x00", "MP3 sound"),
        (ID3 * 2 + b"fLaC", "FLAC sound"),
        (ID3, "file of an unknown kind"),
        (bytes(range(256)), "file of an unknown kind"),
    ],
)
def test_headers_are_told_apart(data, name):
    assert sniff(data).name == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("JPEG", "JPEG picture"), ("PNG", "PNG picture"), ("WEBP", "WebP picture"), ("GIF", "GIF picture"),
        ("BMP", "BMP picture"), ("TIFF", "TIFF picture"), ("AVIF", "AVIF picture"), ("ICO", "Windows icon"),
        ("JPEG2000", "JPEG 2000 picture"),
    ],
)  # fmt: skip
def test_pictures_are_told_apart(kind, name):
    found = sniff(saved(picture(), kind))
    assert (found.name, found.modality) == (name, "image")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("WAV", "WAV sound"), ("WAVEX", "WAV sound"), ("FLAC", "FLAC sound"), ("OGG", "Ogg sound"),
        ("MP3", "MP3 sound"), ("AIFF", "AIFF sound"), ("W64", "Wave64 sound"), ("RF64", "RF64 sound"),
        ("CAF", "CAF sound"), ("AU", "AU sound"),
    ],
)  # fmt: skip
def test_sounds_are_told_apart(kind, name):
    found = sniff(written(tone(), 16_000, kind))
    assert (found.name, found.modality) == (name, "audio")


@pytest.mark.parametrize(
    ("container", "codec", "film", "name", "modality"),
    [
        ("ipod", "aac", False, "M4A sound", "audio"),
        ("mp4", "aac", False, "M4A sound", "audio"),
        ("mp4", "aac", True, "MP4 film", "video"),
        ("webm", "libopus", False, "WebM sound", "audio"),
        ("webm", "libopus", True, "WebM film", "video"),
        ("adts", "aac", False, "AAC sound", "audio"),
        ("amr", "libopencore_amrnb", False, "AMR sound", "audio"),
    ],
)
def test_a_film_is_known_by_its_picture_track(container, codec, film, name, modality):
    found = sniff(muxed(container, codec, 8_000, film=film))
    assert (found.name, found.modality) == (name, modality)


def test_a_refusal_names_what_it_is_and_mentions_the_name_it_had():
    refused = refusal(sniff(saved(picture(), "PNG")), "a sound", "WAV or MP3", name="C:/talks/talk.wav")
    assert refused.message == "This is a PNG picture, not a sound."
    assert refused.hint == "'talk.wav' is only its name. Send a sound as WAV or MP3."


def test_a_kind_of_the_right_sort_that_is_not_read_is_called_so():
    assert refusal(sniff(b"<svg/>"), "a picture", "PNG").message == "This is an SVG drawing, which cannot be read here."


def test_many_tags_are_not_followed_for_ever():
    assert skip_id3(ID3 * 1000 + b"x").startswith(b"ID3")
