"""Surfaces and their GLB file: header, JSON chunk and buffers are what glTF 2.0 says."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.media import Surface, encode_glb
from core.media.surfaces import RELIEF

HEIGHTS = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
SURFACE = Surface(HEIGHTS, width=40, height=20)


def picture(side: int) -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(file, "PNG")
    return file.getvalue()


def parsed(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Take a GLB apart, checking its header and its chunks."""
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    assert length % 4 == 0
    described = json.loads(data[20 : 20 + length])
    binary_length, binary_kind = struct.unpack_from("<I4s", data, 20 + length)
    assert binary_kind == b"BIN\0"
    assert binary_length % 4 == 0
    binary = data[28 + length :]
    assert len(binary) == binary_length
    return described, binary


def part(described: dict[str, Any], binary: bytes, number: int) -> bytes:
    """Return what a buffer view holds."""
    view = described["bufferViews"][number]
    assert view["byteOffset"] % 4 == 0
    return binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_a_glb_is_what_gltf_says(side: int) -> None:
    described, binary = parsed(encode_glb(SURFACE, picture(side), "image/png"))
    assert described["asset"]["version"] == "2.0"
    assert described["buffers"] == [{"byteLength": len(binary)}]
    points, places, triangles = (
        np.frombuffer(part(described, binary, number), kind) for number, kind in enumerate(("<f4", "<f4", "<u4"))
    )
    for accessor, count in zip(described["accessors"], (12, 12, 2 * 3 * 2 * 3), strict=True):
        assert accessor["count"] == count
    assert np.array_equal(points.reshape(-1, 3), SURFACE.points())
    assert np.array_equal(places.reshape(-1, 2), SURFACE.places())
    assert triangles.max() == 11
    assert described["accessors"][0]["min"] == points.reshape(-1, 3).min(axis=0).tolist()
    assert described["accessors"][0]["max"] == points.reshape(-1, 3).max(axis=0).tolist()
    assert part(described, binary, 3) == picture(side)
    assert described["images"] == [{"bufferView": 3, "mimeType": "image/png"}]
    assert described["materials"][0]["extensions"] == {"KHR_materials_unlit": {}}
    assert described["extensionsUsed"] == ["KHR_materials_unlit"]


def test_the_surface_stands_upright_and_near_is_towards_the_viewer() -> None:
    points = SURFACE.points().reshape(3, 4, 3)
    assert points[0, 0, :2].tolist() == [-1.0, 0.5]
    assert points[-1, -1, :2].tolist() == [1.0, -0.5]
    assert points[0, 0, 2] == pytest.approx(-RELIEF / 2)
    assert points[-1, -1, 2] == pytest.approx(RELIEF / 2)
    assert SURFACE.places().reshape(3, 4, 2)[0, -1].tolist() == [1.0, 0.0]


def test_every_triangle_faces_the_viewer() -> None:
    flat = Surface(np.zeros((3, 4), np.float32), width=40, height=20)
    a, b, c = (flat.points()[flat.triangles()[:, corner]] for corner in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
