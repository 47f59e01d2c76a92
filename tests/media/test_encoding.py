"""core.media.encoding: what is written can be read back."""

import io
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from core.errors import BadInput, TooLarge
from core.media import (
    encode_png,
    encode_wav,
    mask_array,
    png_of_mask,
    read_audio,
    read_image,
    thumbnail_png,
    to_pil,
)
from core.values import Audio, Image
from tests.media.samples import LIMITS, picture, png, saved, tone

NOISE = Image.from_array(np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8))


def test_png_loses_nothing():
    assert read_image(encode_png(NOISE), LIMITS) == NOISE


def test_to_pil_shows_the_same_pixels():
    shown = to_pil(NOISE)
    assert (shown.mode, shown.size) == ("RGB", (53, 37))
    assert np.array_equal(np.asarray(shown), NOISE.array())


@pytest.mark.parametrize(("max_side", "size"), [(20, (20, 14)), (53, (53, 37)), (500, (53, 37)), (1, (1, 1))])
def test_a_thumbnail_is_never_larger(max_side, size):
    small = PIL.Image.open(io.BytesIO(thumbnail_png(NOISE, max_side)))
    assert (small.format, small.size) == ("PNG", size)


def test_wav_keeps_sixteen_bits():
    audio = Audio.from_array(tone(0.3, 22_050)[:, 0], 22_050)
    back = read_audio(encode_wav(audio), LIMITS)
    assert back.sampling_rate == 22_050
    np.testing.assert_allclose(back.array(), audio.array(), atol=1 / 16_384)


def test_full_scale_does_not_wrap_round():
    loud = Audio.from_array(np.array([1.0, -1.0, 1.5, -1.5] * 200, np.float32), 8_000)
    np.testing.assert_allclose(read_audio(encode_wav(loud), LIMITS).array(), np.sign(loud.array()), atol=1e-4)


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_masks_go_there_and_back(dtype):
    mask = np.random.default_rng(1).integers(0, 2, (31, 17)).astype(dtype)
    data = png_of_mask(mask)
    written = PIL.Image.open(io.BytesIO(data))
    assert (written.mode, written.size, sorted(set(written.tobytes()))) == ("L", (17, 31), [0, 255])
    assert np.array_equal(mask_array(data), mask.astype(bool))


def test_any_value_above_zero_is_part_of_a_mask():
    assert mask_array(png_of_mask(np.array([[0, 1, 255]], np.uint8))).tolist() == [[False, True, True]]


@pytest.mark.parametrize("data", [b"", b"not a png", saved(picture(), "JPEG"), saved(picture(), "PNG")[:60]])
def test_what_is_no_mask_is_refused(data):
    with pytest.raises(BadInput, match="This mask is not a PNG"):
        mask_array(data)


def test_a_mask_over_the_limit_is_refused_before_it_is_decoded():
    with pytest.raises(TooLarge, match="This mask has 400 megapixels; the limit is 100"):
        mask_array(png(20_000, 20_000))


def test_importing_the_package_loads_no_decoder_of_sound():
    code = "import sys, core.media; print({'av', 'soundfile', 'scipy', 'torch', 'pillow_heif'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
