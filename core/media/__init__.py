"""Media: bytes to Text, Image, Audio, Video and Table and back, with every limit and every decoder.

    limits      how large an input may be
    kinds       what a file is, told from its bytes
    texts       text, decoded and cleaned
    images      pictures, by Pillow; HEIC apart
    sounds      sounds: what holds for all of them; resampling
    recordings  how each kind of sound is opened: wav (its header), libsndfile, PyAV apart
    films       films, by PyAV apart: which frames are kept, and how a kept film is written
    isolated    decoding in another process; child is that process
    tables      CSV, workbooks and the rows of JSON
    encoding    PNG and WAV out, masks both ways
    surfaces    a surface over a picture, and its GLB file

A decoder is chosen from the bytes; nothing is ever opened by a path or an address. Every refusal is a
`ShowcaseError` with a sentence that names the limit and a hint that names the fix.
"""

from core.media.encoding import encode_png, encode_wav, mask_array, png_of_depth, png_of_mask, thumbnail_png, to_pil
from core.media.films import encode_video, evenly_spaced, read_video
from core.media.images import read_image
from core.media.kinds import Kind, sniff
from core.media.limits import Limits
from core.media.sounds import read_audio, resample
from core.media.surfaces import Surface, encode_glb
from core.media.tables import read_table, rows_of_json, table_of
from core.media.texts import read_text

__all__ = [
    "Kind",
    "Limits",
    "Surface",
    "encode_glb",
    "encode_png",
    "encode_video",
    "encode_wav",
    "evenly_spaced",
    "mask_array",
    "png_of_depth",
    "png_of_mask",
    "read_audio",
    "read_image",
    "read_table",
    "read_text",
    "read_video",
    "resample",
    "rows_of_json",
    "sniff",
    "table_of",
    "thumbnail_png",
    "to_pil",
]
