"""What a file is, told from its first bytes and never from its name or its declared type.

Owns the table of kinds and the refusal that names what was sent instead. Decodes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from core.errors import UnsupportedMedia

Decoder = Literal["pillow", "heif", "wav", "soundfile", "ffmpeg", "film"]


@dataclass(frozen=True)
class Kind:
    """Name one kind of file.

    Args:
        name: what a person calls it, such as "PNG picture".
        modality: what it holds; None where it is neither picture, sound nor film.
        decoder: who reads it here; None for a kind that is known only to be refused by its name, "film" for one
            whose sound is not read.
        format: what its decoder calls it.
        article: what stands before the name in a sentence.
    """

    name: str
    modality: Literal["image", "audio", "video"] | None = None
    decoder: Decoder | None = None
    format: str = ""
    article: str = "a"

    @property
    def phrase(self) -> str:
        """Return the name with its article."""
        return f"{self.article} {self.name}".strip()

    @property
    def is_decoded_here(self) -> bool:
        """Return whether this process decodes it; others wait for a process of their own."""
        return self.decoder in ("pillow", "wav", "soundfile")


EMPTY = Kind("empty file", article="an")
UNKNOWN = Kind("file of an unknown kind")
PLAIN_TEXT = Kind("plain text", article="")
PLAYLIST = Kind("playlist")
_SVG = Kind("SVG drawing", "image", article="an")
_WEB_PAGE = Kind("web page")
_HEIC = Kind("HEIC photo", "image", "heif")
_AVIF = Kind("AVIF picture", "image", "pillow", "AVIF", "an")
_BMP = Kind("BMP picture", "image", "pillow", "BMP")
_FLAC = Kind("FLAC sound", "audio", "soundfile", "FLAC")
_MP3 = Kind("MP3 sound", "audio", "soundfile", "MP3", "an")
_AAC = Kind("AAC sound", "audio", "ffmpeg", "aac", "an")
_OGG = Kind("Ogg sound", "audio", "soundfile", "OGG", "an")
_OGG_FILM = Kind("Ogg film", "video", article="an")
_M4A = Kind("M4A sound", "audio", "ffmpeg", "mov", "an")
_MP4 = Kind("MP4 film", "video", "ffmpeg", "mov", "an")
_WEBM_SOUND = Kind("WebM sound", "audio", "ffmpeg", "matroska")
_WEBM = Kind("WebM film", "video", "ffmpeg", "matroska")
_MATROSKA = Kind("Matroska film", "video", "ffmpeg", "matroska")

_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind("JPEG picture", "image", "pillow", "JPEG")),
    (b"\x89PNG\r\n\x1a\n", Kind("PNG picture", "image", "pillow", "PNG")),
    (b"GIF87a", Kind("GIF picture", "image", "pillow", "GIF")),
    (b"GIF89a", Kind("GIF picture", "image", "pillow", "GIF")),
    (b"II*\0", Kind("TIFF picture", "image", "pillow", "TIFF")),
    (b"MM\0*", Kind("TIFF picture", "image", "pillow", "TIFF")),
    (b"II+\0", Kind("TIFF picture", "image", "pillow", "TIFF")),
    (b"MM\0+", Kind("TIFF picture", "image", "pillow", "TIFF")),
    (b"fLaC", _FLAC),
    (b"#!AMR\n", Kind("AMR sound", "audio", "ffmpeg", "amr", "an")),
    (b"#!AMR-WB\n", Kind("AMR sound", "audio", "ffmpeg", "amr", "an")),
    # From here on: kinds that are not read, so that the refusal can call them by their name.
    (b"8BPS", Kind("Photoshop picture", "image")),
    (b"\0\0\1\0", Kind("Windows icon", "image")),
    (b"\xff\x0a", Kind("JPEG XL picture", "image")),
    (b"\0\0\0\x0cJXL ", Kind("JPEG XL picture", "image")),
    (b"\0\0\0\x0cjP  ", Kind("JPEG 2000 picture", "image")),
    (b"SIMPLE  =", Kind("FITS picture", "image")),
    (b"\x76\x2f\x31\x01", Kind("OpenEXR picture", "image", article="an")),
    (b"RF64", Kind("RF64 sound", "audio", article="an")),
    (b"RIFX", Kind("RIFX sound", "audio")),
    (b"riff\x2e\x91\xcf\x11", Kind("Wave64 sound", "audio")),
    (b"FORM", Kind("AIFF sound", "audio", article="an")),
    (b"caff", Kind("CAF sound", "audio")),
    (b".snd", Kind("AU sound", "audio", article="an")),
    (b"MThd", Kind("MIDI score")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("Windows Media file", "video")),
    (b"FLV\x01", Kind("Flash film", "video")),
    (b"\0\0\1\xba", Kind("MPEG film", "video", article="an")),
    (b"%PDF-", Kind("PDF document")),
    (b"PK\x03\x04", Kind("ZIP archive or Office document")),
    (b"\x1f\x8b", Kind("gzip archive")),
)
_RIFF: dict[bytes, Kind] = {
    b"WEBP": Kind("WebP picture", "image", "pillow", "WEBP"),
    b"WAVE": Kind("WAV sound", "audio", "wav"),
    b"AVI ": Kind("AVI film", "video", "film", "avi", "an"),
}
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_BMP_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))
_PLAYLISTS = re.compile(
    rb"#EXTM3U|ffconcat|\[playlist\]|v=0\s+o=|(<\?xml.*?)?<(MPD|SmoothStreamingMedia|playlist|asx)\b", re.I | re.S
)
_MARKUP = re.compile(rb"<(svg|!doctype html|html)\b", re.I)
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_PADDING = re.compile(rb"\0*")
_HEAD = 4096
_MAX_TAGS = 8


def sniff(data: bytes) -> Kind:
    """Say what these bytes are. Reads the first few thousand, and looks for the tracks of a film."""
    if not data:
        return EMPTY
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], UNKNOWN)
    if data.startswith(b"OggS"):
        return _OGG_FILM if b"theora" in data[:_HEAD] else _OGG
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        if b"V_" not in data[:_HEAD]:
            return _WEBM_SOUND
        return _WEBM if b"webm" in data[:64] else _MATROSKA
    if data[4:8] == b"ftyp":
        return _boxed(data)
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return _BMP
    if data.startswith(b"ID3"):
        return _tagged(data)
    return _mpeg_frame(data) or _text(data[:_HEAD])


def skip_id3(data: bytes) -> bytes:
    """Return what follows any ID3 tags, so that no decoder looks behind them for something else."""
    at = 0
    for _ in range(_MAX_TAGS):
        if data[at : at + 3] != b"ID3" or at + 10 > len(data):
            break
        # Each byte of the size holds seven bits. Source: ID3v2.4, section 3.1.
        size = sum((byte & 0x7F) << shift for byte, shift in zip(data[at + 6 : at + 10], (21, 14, 7, 0), strict=True))
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    padding = _PADDING.match(data, at)
    return data[padding.end() if padding else at :]


def refusal(kind: Kind, wanted: str, accepted: str, *, name: str = "") -> UnsupportedMedia:
    """Build the refusal of a kind that is not what was wanted, or is not read.

    Args:
        wanted: "a picture", "a sound" or "a film".
        accepted: the kinds that are read, as a list in words.
        name: what the file was called; it is mentioned, not believed.
    """
    is_wanted = (kind.modality, wanted) in (("image", "a picture"), ("audio", "a sound"), ("video", "a film"))
    hint = f"Send {wanted} as {accepted}."
    if kind is PLAYLIST:
        hint = f"A playlist only points elsewhere and is never followed. {hint}"
    elif name and not is_wanted:
        hint = f"'{PurePath(name).name[-60:]}' is only its name. {hint}"
    if is_wanted:
        return UnsupportedMedia(f"This is {kind.phrase}, which cannot be read here.", hint=hint)
    return UnsupportedMedia(f"This is {kind.phrase}, not {wanted}.", hint=hint)


def _boxed(data: bytes) -> Kind:
    """Tell apart what is built of ISO boxes: AVIF, HEIC, M4A, MP4."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in (8, *range(16, size, 4))}
    if brands & _AVIF_BRANDS:
        return _AVIF
    if brands & _HEIC_BRANDS:
        return _HEIC
    return _MP4 if b"vide" in data else _M4A  # the handler of a picture track; its index may be at the end


def _tagged(data: bytes) -> Kind:
    rest = skip_id3(data)
    return _FLAC if rest.startswith(b"fLaC") else _mpeg_frame(rest) or UNKNOWN


def _mpeg_frame(data: bytes) -> Kind | None:
    """Recognise the header of an MPEG audio frame: layer III, or AAC in ADTS.

    Source: ISO 11172-3, 2.4.1.3: twelve set bits; no reserved version, bit rate or sampling rate.
    """
    if len(data) < 4 or data[0] != 0xFF:
        return None
    if data[1] & 0xF6 == 0xF0:
        return _AAC
    is_layer_3 = data[1] & 0xE6 == 0xE2 and data[1] & 0x18 != 0x08
    return _MP3 if is_layer_3 and data[2] & 0xF0 != 0xF0 and data[2] & 0x0C != 0x0C else None


def _text(head: bytes) -> Kind:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _PLAYLISTS.match(plain):
        return PLAYLIST
    markup = _MARKUP.search(plain) if plain.startswith(b"<") else None
    if markup:
        return _SVG if markup[1].lower() == b"svg" else _WEB_PAGE
    if _CONTROLS.search(head):
        return UNKNOWN
    try:
        # A character may have been cut in two at the end of the head.
        head[: _HEAD - 4].decode()
    except UnicodeDecodeError:
        return UNKNOWN
    return PLAIN_TEXT
