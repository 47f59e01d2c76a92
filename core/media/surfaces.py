"""A surface over a picture, and the GLB file that other programs open.

Owns the writing of glTF 2.0 in its binary form, as https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html has
it: one mesh, one picture on it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RELIEF: Final = 0.6
"""How far the nearest point stands out, where the longer side of the picture is 2."""

_FLOAT, _UINT32 = 5126, 5125
_VERTICES, _TRIANGLES = 34962, 34963


@dataclass(frozen=True, eq=False)
class Surface:
    """Hold a surface over a picture of `width` by `height` pixels.

    Shapes: `heights` are (rows, columns), at least 2 of each, in [0, 1], rows from the top.
    """

    heights: NDArray[np.float32]
    width: int
    height: int

    def points(self) -> NDArray[np.float32]:
        """Return the points of shape (rows * columns, 3): x to the right, y up, z towards the viewer."""
        rows, columns = self.heights.shape
        half = np.array([self.width, self.height]) / max(self.width, self.height)
        x, y = np.meshgrid(np.linspace(-half[0], half[0], columns), np.linspace(half[1], -half[1], rows))
        return np.stack([x, y, (self.heights - 0.5) * RELIEF], axis=-1).reshape(-1, 3).astype(np.float32)

    def places(self) -> NDArray[np.float32]:
        """Return where each point is in the picture, of shape (rows * columns, 2), from the top left, in [0, 1]."""
        rows, columns = self.heights.shape
        u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
        return np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)

    def triangles(self) -> NDArray[np.uint32]:
        """Return the numbers of each triangle's points, of shape (count, 3), counterclockwise from the front."""
        rows, columns = self.heights.shape
        at = np.arange(rows * columns, dtype=np.uint32).reshape(rows, columns)
        a, b, c, d = at[:-1, :-1], at[1:, :-1], at[:-1, 1:], at[1:, 1:]
        return np.stack([a, b, c, c, b, d], axis=-1).reshape(-1, 3)


def encode_glb(surface: Surface, picture: bytes, media_type: str) -> bytes:
    """Write a surface with a picture on it as GLB, to be shown as it is, without lights.

    Args:
        picture: a PNG or JPEG file.
        media_type: what it is.
    """
    points, places, triangles = surface.points(), surface.places(), surface.triangles()
    parts = [points.astype("<f4").tobytes(), places.astype("<f4").tobytes(), triangles.astype("<u4").tobytes(), picture]
    views: list[dict[str, Any]] = []
    binary = b""
    for part, target in zip(parts, (_VERTICES, _VERTICES, _TRIANGLES, None), strict=True):
        view = {"buffer": 0, "byteOffset": len(binary), "byteLength": len(part)}
        views.append(view if target is None else {**view, "target": target})
        binary += part + bytes(-len(part) % 4)
    ends = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
    scene = {
        "asset": {"version": "2.0", "generator": "Podium"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Depth"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
        "materials": [
            {
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0},
                "doubleSided": True,
                "extensions": {"KHR_materials_unlit": {}},
            }
        ],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{"wrapS": 33071, "wrapT": 33071}],
        "images": [{"bufferView": 3, "mimeType": media_type}],
        "accessors": [
            {"bufferView": 0, "componentType": _FLOAT, "count": len(points), "type": "VEC3", **ends},
            {"bufferView": 1, "componentType": _FLOAT, "count": len(places), "type": "VEC2"},
            {"bufferView": 2, "componentType": _UINT32, "count": triangles.size, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    described = json.dumps(scene, separators=(",", ":")).encode()
    described += b" " * (-len(described) % 4)
    total = 12 + 8 + len(described) + 8 + len(binary)
    return b"".join(
        (
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(described), b"JSON"),
            described,
            struct.pack("<I4s", len(binary), b"BIN\0"),
            binary,
        )
    )
