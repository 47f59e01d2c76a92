"""The starter `shapes-segmentation`: says of every pixel which kind of coloured shape it belongs to, if any.

Owns its architecture and figures. The scenes are in `training.scenes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import ResNetConfig, SegformerImageProcessor, UperNetConfig, UperNetForSemanticSegmentation, pipeline

from training.fitting import Batch, fit, save_half
from training.scene_pool import ScenePool
from training.scenes import SHAPES, TEST_SEEDS, draw_scene
from training.starter import Metrics, Starter, main, seed_everything

CLASSES = ("background", *SHAPES)
SIDE = 192
POOL = 3000
BATCH = 16
STEPS = 1100
MIDDLE = 0.5
"""Pixel values are moved and scaled from [0, 1] to [-1, 1]."""


def build() -> UperNetForSemanticSegmentation:
    """Return an UPerNet on a small ResNet, random but for its architecture.

    Convolutions throughout: on a CPU a SegFormer of half its size takes as long a step and learns far less in it.
    """
    backbone = ResNetConfig(
        embedding_size=24,
        hidden_sizes=[32, 48, 80, 128],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=48,
        pool_scales=[1, 2, 3],
        use_auxiliary_head=False,
        initializer_range=0.06,  # the usual 0.02 suits wide heads
        id2label=dict(enumerate(CLASSES)),
        label2id={name: index for index, name in enumerate(CLASSES)},
    )
    return UperNetForSemanticSegmentation(config)


def batches(pool: ScenePool) -> Iterator[Batch]:
    """Yield training batches for ever."""
    while True:
        sample = pool.sample(BATCH)
        yield {"pixel_values": (sample.pictures - MIDDLE) / MIDDLE, "labels": sample.masks}


def train(_data: Path, out: Path) -> None:
    """Train on scenes drawn from seeds of its own."""
    seed_everything(1)
    pool = ScenePool(POOL, SIDE, seed=2)
    model = fit(build(), batches(pool), steps=STEPS, learning_rate=2e-3, weight_decay=0.02)
    processor = SegformerImageProcessor(
        size={"height": SIDE, "width": SIDE}, image_mean=[MIDDLE] * 3, image_std=[MIDDLE] * 3
    )
    save_half(model, processor, out)


def confusion(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Count pixels by true and found class.

    Shapes: both maps (height, width); returns (classes, classes), true classes in rows.
    """
    pairs = truth.astype(np.int64).ravel() * len(CLASSES) + found.ravel()
    return np.bincount(pairs, minlength=len(CLASSES) ** 2).reshape(len(CLASSES), len(CLASSES))


def evaluate(_data: Path, folder: Path) -> Metrics:
    """Measure on scenes of unseen seeds, at their own resolution, through the pipeline as the app calls it."""
    torch.set_num_threads(1)
    segment = pipeline("image-segmentation", model=str(folder), dtype=torch.float32)
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    for seed in TEST_SEEDS:
        scene = draw_scene(seed)
        found = np.zeros(scene.mask.shape, np.int64)
        for segment_found in segment(scene.picture):
            found[np.asarray(segment_found["mask"]) > 0] = CLASSES.index(segment_found["label"])
        counts += confusion(scene.mask, found)
    right = np.diag(counts)
    each = right / (counts.sum(0) + counts.sum(1) - right)
    return {
        "mean_iou": float(each.mean()),
        "pixel_accuracy": float(right.sum() / counts.sum()),
        **{f"iou_{name}": float(value) for name, value in zip(CLASSES, each, strict=True)},
    }


STARTER = Starter(name="shapes-segmentation", train=train, evaluate=evaluate, targets={"mean_iou": 0.85})

if __name__ == "__main__":
    main(STARTER)
