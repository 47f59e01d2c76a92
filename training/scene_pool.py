"""Keeps drawn scenes in memory as a model's inputs and varies them, so that training never waits for drawing.

Owns the resized pool and its variations. Does not own the scenes (`training.scenes`) or any model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from training.scenes import draw_scene


@dataclass(frozen=True)
class Sample:
    """Hold a few varied scenes.

    Shapes: `pictures` (batch, 3, side, side) float in [0, 1]; `masks` (batch, side, side) int64; `boxes` one (n, 4)
    tensor a scene: centre x, centre y, width, height, as parts of the picture; `labels` one (n,) tensor a scene.
    """

    pictures: torch.Tensor
    masks: torch.Tensor
    boxes: list[torch.Tensor]
    labels: list[torch.Tensor]


class ScenePool:
    """Draw scenes once; hand them out mirrored, with colour channels swapped or inverted (24 ways each)."""

    def __init__(self, size: int, side: int, seed: int) -> None:
        """Draw `size` scenes of the seeds from 0 on, squeezed to squares of `side` pixels."""
        self.rng = np.random.default_rng(seed)
        self.size = size
        self.pictures = np.empty((size, 3, side, side), np.uint8)
        self.masks = np.empty((size, side, side), np.uint8)
        self.boxes, self.labels = [], []
        for index in range(size):
            scene = draw_scene(index)
            width, height = scene.picture.size
            picture = scene.picture.resize((side, side), Image.Resampling.BILINEAR)
            self.pictures[index] = np.asarray(picture).transpose(2, 0, 1)
            self.masks[index] = np.asarray(Image.fromarray(scene.mask).resize((side, side), Image.Resampling.NEAREST))
            corners = scene.boxes / (width, height, width, height)
            low, high = corners[:, :2], corners[:, 2:]
            self.boxes.append(torch.tensor(np.concatenate([(low + high) / 2, high - low], 1), dtype=torch.float32))
            self.labels.append(torch.from_numpy(scene.labels))

    def sample(self, number: int) -> Sample:
        """Return varied scenes, each drawn from the pool at random."""
        chosen = self.rng.integers(self.size, size=number)
        pictures = np.empty((number, *self.pictures.shape[1:]), np.uint8)
        masks = np.empty((number, *self.masks.shape[1:]), np.uint8)
        boxes = []
        for place, index in enumerate(chosen):
            mirrored, inverted = self.rng.random(2) < 0.5
            way = slice(None, None, -1 if mirrored else 1)
            for channel, source in enumerate(self.rng.permutation(3)):
                np.bitwise_xor(
                    self.pictures[index, source, :, way], np.uint8(255 * inverted), out=pictures[place, channel]
                )
            masks[place] = self.masks[index][:, way]
            box = self.boxes[index]
            box = torch.cat([1 - box[:, :1], box[:, 1:]], 1) if mirrored else box
            boxes.append(box)
        floats = torch.from_numpy(pictures).float() / 255
        return Sample(floats, torch.from_numpy(masks).long(), boxes, [self.labels[index] for index in chosen])
