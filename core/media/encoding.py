"""Values to bytes: PNG and WAV for browsers, files and the API; masks both ways, depths out.

Owns what is written. What comes from outside is read by `core.media.images` and `core.media.sounds`.
"""

from __future__ import annotations

import io
import wave

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from core.errors import BadInput, TooLarge
from core.media.limits import millions
from core.values import Audio, Depth, Image

_FAST = 1
"""zlib's level: on photographs a few per cent larger than the default and several times as fast."""


def to_pil(image: Image) -> PIL.Image.Image:
    """Return the picture as Pillow has it, in mode RGB. Copies the pixels once."""
    return PIL.Image.frombytes("RGB", (image.width, image.height), image.pixels)


def encode_png(image: Image) -> bytes:
    """Write a picture as PNG, losing nothing."""
    return _png(to_pil(image))


def thumbnail_png(image: Image, max_side: int) -> bytes:
    """Write a picture as PNG, scaled down so that no side is over `max_side`; never up."""
    small = to_pil(image)
    small.thumbnail((max_side, max_side), PIL.Image.Resampling.LANCZOS)
    return _png(small)


def png_of_mask(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> bytes:
    """Write a mask of shape (height, width) as an 8-bit grey PNG: 255 where it is true or above 0."""
    return _png(PIL.Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))))


def png_of_depth(depth: Depth) -> bytes:
    """Write a depth map as an 8-bit grey PNG, as transformers paints it: the least value black, the greatest white."""
    values = np.nan_to_num(depth.array().astype(np.float64))
    low, high = float(values.min()), float(values.max())
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return _png(PIL.Image.fromarray((share * 255).astype(np.uint8)))


def mask_array(png: bytes, *, max_pixels: int = 100_000_000) -> NDArray[np.bool_]:
    """Read a mask back, of shape (height, width): true where the PNG is at least half white.

    Raises: BadInput if it is no PNG or damaged; TooLarge if it has more than `max_pixels`.
    """
    try:
        picture = PngImageFile(io.BytesIO(png))
        size = picture.width * picture.height
        pixels = np.asarray(picture.convert("L")) if size <= max_pixels else None
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, MemoryError) as err:
        raise BadInput("This mask is not a PNG picture that can be read.", hint="Send an 8-bit grey PNG.") from err
    if pixels is None:
        raise TooLarge(
            f"This mask has {millions(size)} megapixels; the limit is {millions(max_pixels)}.",
            hint="Send one of the picture's size.",
        )
    return pixels >= 128


def encode_wav(audio: Audio) -> bytes:
    """Write a sound as 16-bit PCM WAV."""
    # 32,767 rather than 32,768, so that 1.0 does not wrap round.
    samples = np.rint(np.clip(audio.array(), -1.0, 1.0) * 32_767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(audio.sampling_rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def _png(picture: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=_FAST)
    return file.getvalue()
