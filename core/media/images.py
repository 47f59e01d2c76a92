"""Pictures: bytes to `Image`.

Owns what is refused before a pixel is decoded (kind, size, shape) and how each way to store a picture
becomes 8-bit RGB. Colour profiles are not applied: the models were trained on pixels read without them.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import PIL.Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.errors import BadInput, TooLarge
from core.media.isolated import damaged, decoding
from core.media.kinds import Kind, refusal, sniff
from core.media.limits import Limits, millions
from core.values import Image

ACCEPTED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
MAX_ASPECT = 50
"""Sides times one another: a model that scales the short side to 224 makes gigapixels of a 100,000 x 1 picture."""
MAX_SCANS = 100
"""Passes over a JPEG: an encoder makes about ten, and each costs a walk over all pixels.

Source: Two issues with the JPEG standard, libjpeg-turbo project, LJT-01-005.
"""

_READERS: Mapping[str, Callable[[io.BytesIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "AVIF": AvifImageFile,
}
_BOMBS = (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning)
# What Pillow's decoders raise on bytes that are not what they seem, found by fuzzing them.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError,
    RuntimeError, MemoryError, AssertionError, Warning, struct.error,
)  # fmt: skip
_ORIENTATION = 0x0112
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
"""How to undo each EXIF orientation. Source: CIPA DC-008 (Exif 2.32), 4.6.4."""

warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)


def read_image(data: bytes, limits: Limits, *, name: str = "") -> Image:
    """Read a picture: upright, its first frame, flattened on white where it is transparent.

    Args:
        name: what the file was called; only mentioned in a refusal, never believed.

    Raises: UnsupportedMedia for what is not a picture or of a kind that is not read; TooLarge over
        the limits, before anything is decoded; BadInput for what is empty, damaged or cut off.
    """
    limits.check_upload(data)
    kind = sniff(data)
    if kind.decoder == "pillow":
        picture = _decoded(data, kind, limits)
    elif kind.decoder == "heif":
        picture = _decoded_apart(data, kind, limits)
    else:
        raise refusal(kind, "a picture", ACCEPTED, name=name)
    picture = _flat(_eight_bit(picture))
    return Image(width=picture.width, height=picture.height, pixels=picture.tobytes())


def check_size(width: int, height: int, limits: Limits) -> None:
    """Refuse what has too many pixels, or is a line rather than a picture.

    Raises: TooLarge naming both sizes; BadInput.
    """
    if width * height > limits.max_image_pixels:
        raise TooLarge(
            f"This picture is {width} x {height} pixels ({millions(width * height)} megapixels); "
            f"the limit is {millions(limits.max_image_pixels)} megapixels.",
            hint="Scale it down and try again.",
        )
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise BadInput(
            f"This picture is {width} x {height} pixels; one side may be {MAX_ASPECT} times the other at most.",
            hint="Crop it and try again.",
        )


def _decoded(data: bytes, kind: Kind, limits: Limits) -> PIL.Image.Image:
    try:
        picture = _READERS[kind.format](io.BytesIO(data))
    except _BOMBS as err:
        raise TooLarge(
            f"This picture has more than {millions(limits.max_image_pixels)} megapixels, which is the limit.",
            hint="Scale it down and try again.",
        ) from err
    except _DECODER_ERRORS as err:
        raise _unreadable(data, kind, err) from err
    check_size(*picture.size, limits)
    _check_cost(picture, data, kind, limits)
    try:
        picture.load()
    except _DECODER_ERRORS as err:
        raise _unreadable(data, kind, err) from err
    return _upright(picture)


def _decoded_apart(data: bytes, kind: Kind, limits: Limits) -> PIL.Image.Image:
    with decoding(kind, data, "picture") as child:
        width, height, mode = (child.header[key] for key in ("width", "height", "mode"))
        check_size(width, height, limits)
        if mode not in ("RGB", "RGBA", "L", "LA"):
            raise damaged(kind)
        pixels = child.output.read(width * height * len(mode))
        child.check_finished()
    if len(pixels) != width * height * len(mode):
        raise damaged(kind)
    return PIL.Image.frombytes(mode, (width, height), pixels)


def _check_cost(picture: ImageFile, data: bytes, kind: Kind, limits: Limits) -> None:
    """Refuse a picture of lawful size that costs far more than its pixels to decode."""
    # An 0xFF of the coded data is always followed by a zero, so these are true markers.
    if kind.format == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise BadInput(f"This JPEG picture is stored in more than {MAX_SCANS} passes.", hint="Save it again as JPEG.")
    if isinstance(picture, TiffImageFile):
        tile_width, tile_height = (picture.tag_v2.get(tag, 1) for tag in (322, 323))
        if not isinstance(tile_width, int) or not isinstance(tile_height, int):
            raise damaged(kind)
        if tile_width * tile_height > max(limits.max_image_pixels, 1 << 20):
            raise damaged(kind)


def _unreadable(data: bytes, kind: Kind, err: BaseException) -> BadInput:
    is_short = kind.format == "WEBP" and len(data) < int.from_bytes(data[4:8], "little") + 8
    if is_short or isinstance(err, EOFError) or "truncated" in str(err).lower():
        return BadInput(
            f"This {kind.name} is cut off: the file ends before the picture does.",
            hint="Send it again, or download it again first.",
        )
    return damaged(kind)


def _upright(picture: ImageFile) -> PIL.Image.Image:
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except _DECODER_ERRORS:
        return picture  # a picture whose notes are damaged is still a picture
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _eight_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Scale what has more than 8 bits a channel, which Pillow would clip.

    16-bit counts are spread over their whole range. 32-bit integers and floats have no agreed range:
    they are taken as 8 or 16 bits, or as [0, 1], where they fit, and else from their least to their most.
    """
    if not picture.mode.startswith(("I", "F")):
        return picture
    if picture.mode.startswith("I;16"):
        return PIL.Image.fromarray(((np.asarray(picture).astype(np.uint32) + 128) // 257).astype(np.uint8))
    values = np.asarray(picture).astype(np.float64)
    np.nan_to_num(values, copy=False, posinf=0.0, neginf=0.0)
    low, high = _range(float(values.min()), float(values.max()), picture.mode)
    values -= low
    values *= 255.0 / ((high - low) or 1.0)
    return PIL.Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def _range(low: float, high: float, mode: str) -> tuple[float, float]:
    for usual in (1.0, 255.0, 65_535.0) if mode == "F" else (255.0, 65_535.0):
        if low >= 0.0 and high <= usual:
            return 0.0, usual
    return low, high


def _flat(picture: PIL.Image.Image) -> PIL.Image.Image:
    try:
        if not picture.has_transparency_data:
            return picture if picture.mode == "RGB" else picture.convert("RGB")  # which would copy it
        seen = picture.convert("RGBA")
    except ValueError as err:
        raise BadInput(
            f"This picture keeps its colours in a way that is not read here ({picture.mode}).",
            hint="Save it as PNG or JPEG and send that.",
        ) from err
    white = PIL.Image.new("RGB", seen.size, "white")
    white.paste(seen, mask=seen.getchannel("A"))
    return white
