"""The starter `shapes-segmentation`: says of every pixel which kind of coloured shape it belongs to, if any.

It starts from the backbone of `shapes-detection`, so train that first: learning from pixels alone, a net this small
takes very long to find out that shapes have kinds. Owns its architecture and figures; scenes are in `training.scenes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import (
    RTDetrForObjectDetection,
    SegformerImageProcessor,
    UperNetConfig,
    UperNetForSemanticSegmentation,
    pipeline,
)

from training.fitting import Batch, fit, save_half
from training.scene_pool import ScenePool
from training.scenes import SHAPES, TEST_SEEDS, draw_scene
from training.starter import STARTERS_FOLDER, Metrics, Starter, main, seed_everything

CLASSES = ("background", *SHAPES)
SIDE = 160
POOL = 6000
BATCH = 16
ROUNDS = (1400, 1600)  # steps between two restarts of the learning rate
LEARNING_RATE = 1e-3
DETECTOR = STARTERS_FOLDER / "shapes-detection"


def build(detector: RTDetrForObjectDetection) -> UperNetForSemanticSegmentation:
    """Return an UPerNet on the backbone of a detector, with a random head."""
    backbone = detector.config.backbone_config
    backbone.out_features = ["stage1", "stage2", "stage3", "stage4"]
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=48,
        pool_scales=[1, 2, 3],
        use_auxiliary_head=False,
        initializer_range=0.06,  # the usual 0.02 suits wide heads
        id2label=dict(enumerate(CLASSES)),
        label2id={name: index for index, name in enumerate(CLASSES)},
    )
    model = UperNetForSemanticSegmentation(config)
    model.backbone.load_state_dict(detector.model.backbone.model.state_dict())
    return model


def batches(pool: ScenePool) -> Iterator[Batch]:
    """Yield training batches for ever."""
    while True:
        sample = pool.sample(BATCH)
        yield {"pixel_values": sample.pictures, "labels": sample.masks}


def train(_data: Path, out: Path) -> None:
    """Train on scenes drawn from seeds of its own."""
    seed_everything(1)
    pool = ScenePool(POOL, SIDE, seed=2)
    detector = RTDetrForObjectDetection.from_pretrained(DETECTOR, dtype=torch.float32)
    model = build(detector)
    for steps in ROUNDS:
        model = fit(model, batches(pool), steps=steps, learning_rate=LEARNING_RATE, weight_decay=0.02)
    # As the detector's: values from 0 to 1, nothing subtracted.
    processor = SegformerImageProcessor(size={"height": SIDE, "width": SIDE}, do_normalize=False)
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
