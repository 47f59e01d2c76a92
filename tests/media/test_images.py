"""core.media.images: every kind of picture, upright, in 8-bit RGB."""

import io
import struct

import numpy as np
import PIL.Image
import pytest

from core.errors import BadInput, ShowcaseError, TooLarge, UnsupportedMedia
from core.media import Limits, encode_wav, read_image
from core.settings import Settings
from core.values import Audio
from tests.media.samples import LIMITS, picture, png, saved

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def near(pixel, colour, tolerance=12):
    return bool(np.abs(np.asarray(pixel, int) - colour).max() <= tolerance)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}), ("JPEG", {"progressive": True, "quality": 95, "subsampling": 0}),
        ("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 95}), ("GIF", {}), ("BMP", {}), ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"big_tiff": True}), ("AVIF", {"quality": 95}),
    ],
)  # fmt: skip
def test_every_kind_is_read(kind, options):
    image = read_image(saved(picture(), kind, **options), LIMITS, name="x")
    pixels = image.array()
    assert (image.width, image.height) == (48, 32)
    assert near(pixels[24, 6], RED, 40)
    assert near(pixels[24, 42], BLUE, 40)
    assert near(pixels[2, 2], WHITE, 40)


def test_heic_is_read_where_the_package_is_there():
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(picture(64, 48)).save(file, quality=95)
    image = read_image(file.getvalue(), LIMITS)
    assert (image.width, image.height) == (64, 48)
    assert near(image.array()[36, 8], RED, 40)
    with pytest.raises(TooLarge, match=r"64 x 48 pixels \(0\.1 megapixels\)"):
        read_image(file.getvalue(), Limits.of(Settings(max_image_pixels=3_000)))
    with pytest.raises(BadInput, match="This HEIC photo is damaged or cut off"):
        read_image(file.getvalue()[:-200], LIMITS)


def test_heic_is_refused_with_a_way_out_where_the_package_is_missing(tmp_path, monkeypatch):
    (tmp_path / "pillow_heif.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnsupportedMedia, match=r"This is a HEIC photo, which cannot be read here.*JPEG"):
        read_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", LIMITS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_are_turned_upright(kind, orientation):
    upright = picture()
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the turn that a camera held that way has made
    stored = upright if orientation == 1 else upright.transpose(PIL.Image.Transpose(undo[orientation]))
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    image = read_image(saved(stored, kind, exif=exif, **options), LIMITS)
    assert (image.width, image.height) == upright.size
    assert np.abs(image.array().astype(int) - np.asarray(upright)).mean() < 4


@pytest.mark.parametrize("exif", [b"Exif\0\0junk", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x02x\0\0\0"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_notes_do_not_spoil_a_picture(exif):
    assert read_image(saved(picture(), "JPEG", exif=exif), LIMITS).width == 48


def test_cmyk_is_read_as_the_colours_it_shows():
    pixels = read_image(saved(picture(mode="CMYK"), "JPEG", quality=95), LIMITS).array()
    assert near(pixels[2, 2], WHITE, 30)
    assert near(pixels[24, 6], RED, 30)
    assert near(pixels[24, 42], BLUE, 30)
    assert near(read_image(saved(picture(mode="CMYK"), "TIFF"), LIMITS).array()[24, 6], RED, 2)


def test_sixteen_bit_grey_is_scaled_and_not_clipped():
    grey = np.linspace(0, 65_535, 256).astype(np.uint16)[None].repeat(8, 0)
    for kind in ("PNG", "TIFF"):
        pixels = read_image(saved(PIL.Image.fromarray(grey), kind), LIMITS).array()
        assert np.array_equal(pixels[0, :, 0], np.arange(256))
        assert np.array_equal(pixels[..., 0], pixels[..., 2])


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_colour_and_alpha_are_scaled(colour, channels):
    samples = [0x8000] * channels
    if colour in (4, 6):
        samples[-1] = 0xFFFF
    row = b"\0" + struct.pack(f">{channels}H", *samples) * 8
    assert np.unique(read_image(png(8, 8, bits=16, colour=colour, rows=row * 8), LIMITS).array()).tolist() == [128]


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.0, 255.0), (0.0, 65_535.0), (-5.0, 5.0), (0.0, 1e9), (-1e30, 1e30)]
)
def test_floats_are_spread_over_the_range_they_use(low, high):
    values = np.linspace(low, high, 256, dtype=np.float32)[None].repeat(8, 0)
    pixels = read_image(saved(PIL.Image.fromarray(values), "TIFF"), LIMITS).array()
    assert pixels[0, 0, 0] == 0
    assert pixels[0, -1, 0] == 255
    assert np.all(np.diff(pixels[0, :, 0].astype(int)) >= 0)


def test_float_pictures_with_no_range_or_no_numbers_are_read():
    flat = PIL.Image.fromarray(np.full((8, 8), -3.0, np.float32))
    odd = PIL.Image.fromarray(np.array([[np.nan, np.inf], [-np.inf, 1.0]], np.float32))
    assert read_image(saved(flat, "TIFF"), LIMITS).array().max() == 0
    assert read_image(saved(odd, "TIFF"), LIMITS).array().max() == 255


def test_what_is_transparent_is_white():
    clear = picture(mode="RGBA")
    clear.putalpha(PIL.Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 24, 1).repeat(32, 0)))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        pixels = read_image(saved(clear, kind, **options), LIMITS).array()
        assert tuple(pixels[20, 4]) == WHITE
        assert tuple(pixels[20, 40]) == BLUE


def test_half_transparent_is_half_white():
    image = PIL.Image.new("LA", (4, 4), (0, 128))
    assert np.unique(read_image(saved(image, "PNG"), LIMITS).array()).tolist() == [127]


def test_a_palette_keeps_its_colours_and_its_hole():
    image = picture().quantize(8)
    hole = image.getpixel((10, 20))
    assert tuple(read_image(saved(image, "PNG"), LIMITS).array()[20, 10]) == RED
    assert tuple(read_image(saved(image, "PNG", transparency=hole), LIMITS).array()[20, 10]) == WHITE
    assert tuple(read_image(saved(image, "GIF", transparency=hole), LIMITS).array()[20, 40]) == BLUE


@pytest.mark.parametrize("mode", ["1", "L"])
def test_one_bit_and_grey_become_rgb(mode):
    pixels = read_image(saved(picture(mode="L").convert(mode, dither=0), "PNG"), LIMITS).array()
    assert tuple(pixels[2, 2]) == WHITE
    assert pixels.shape == (32, 48, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_frame_of_many_is_read(kind):
    frames = [PIL.Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "white")]
    pixels = read_image(saved(frames[0], kind, save_all=True, append_images=frames[1:]), LIMITS).array()
    assert near(pixels[8, 8], RED, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_that_is_cut_off_is_refused_and_says_so(kind):
    noise = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = saved(noise, kind)
    with pytest.raises(BadInput, match="is cut off: the file ends before the picture does"):
        read_image(data[: len(data) // 2], LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_header_with_nothing_behind_it_is_refused(kind):
    with pytest.raises(ShowcaseError):
        read_image(saved(picture(), kind)[:26], LIMITS)


def test_the_limit_names_both_sizes():
    with pytest.raises(TooLarge) as caught:
        read_image(png(30_000, 1_000), LIMITS)
    assert caught.value.message == "This picture is 30000 x 1000 pixels (30 megapixels); the limit is 25 megapixels."
    assert caught.value.hint == "Scale it down and try again."
    assert read_image(png(500, 500), Limits.of(Settings(max_image_pixels=250_000))).width == 500


@pytest.mark.parametrize(("width", "height"), [(1, 51), (5_100, 100)])
def test_a_line_is_not_a_picture(width, height):
    with pytest.raises(BadInput, match="one side may be 50 times the other at most"):
        read_image(png(width, height), LIMITS)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (5_000, 100)])
def test_small_and_long_pictures_are_pictures(width, height):
    assert read_image(png(width, height), LIMITS).array().max() == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (encode_wav(Audio.from_array(np.zeros(800, np.float32), 8_000)), r"This is a WAV sound, not a picture\."),
        (b"not a picture", r"This is plain text, not a picture\."),
        (b"http://127.0.0.1:9/cat.png", r"This is plain text, not a picture\."),
        (b"/etc/hostname", r"This is plain text, not a picture\."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is an SVG drawing, which cannot be read here"),
        (b"#EXTM3U\nhttp://127.0.0.1/", "This is a playlist, not a picture"),
        (b"%PDF-1.7", "This is a PDF document, not a picture"),
        (b"\x12\x34\x56", "This is a file of an unknown kind, not a picture"),
    ],
)
def test_what_is_not_a_picture_is_called_what_it_is(data, sentence):
    with pytest.raises(UnsupportedMedia, match=sentence):
        read_image(data, LIMITS, name="cat.png")


def test_an_empty_file_is_refused():
    with pytest.raises(BadInput, match="This file is empty"):
        read_image(b"", LIMITS)
