"""The starter `shapes-detection`: finds coloured shapes and draws a box around each.

Owns its architecture and figures. The scenes are in `training.scenes`, the first stage in `training.dense_matching`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrImageProcessor, RTDetrResNetConfig, pipeline

from training.average_precision import Boxes, average_precision, precision_and_recall
from training.dense_matching import DenseStage
from training.fitting import Batch, fit, save_half
from training.scene_pool import ScenePool
from training.scenes import SHAPES, TEST_SEEDS, draw_scene
from training.starter import Metrics, Starter, main, seed_everything

SIDE = 160
POOL = 3000
BATCH = 16
DENSE_STEPS = 900
STEPS = 1800
CHOICE_STEPS = 1500
LAST_POOL = 6000
LAST_STEPS = 4000
THRESHOLD = 0.5


def build() -> RTDetrForObjectDetection:
    """Return an RT-DETR of under a million parameters, random but for its architecture."""
    sizes = [24, 48, 80, 128]
    width = 64
    backbone = RTDetrResNetConfig(
        embedding_size=sizes[0],
        hidden_sizes=sizes,
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        freeze_backbone_batch_norms=False,
        d_model=width,
        encoder_hidden_dim=width,
        encoder_in_channels=sizes[1:],
        encoder_ffn_dim=2 * width,
        encoder_attention_heads=4,
        hidden_expansion=0.5,
        decoder_in_channels=[width] * 3,
        decoder_ffn_dim=2 * width,
        decoder_layers=2,
        decoder_attention_heads=4,
        num_queries=30,
        num_denoising=20,
        initializer_range=0.08,  # the usual 0.01 suits pretrained backbones; here it starves the narrow encoder
        initializer_bias_prior_prob=0.01,
        id2label=dict(enumerate(SHAPES)),
        label2id={name: index for index, name in enumerate(SHAPES)},
    )
    return RTDetrForObjectDetection(config)


def batches(pool: ScenePool) -> Iterator[Batch]:
    """Yield training batches for ever."""
    while True:
        sample = pool.sample(BATCH)
        labels = [
            {"class_labels": classes, "boxes": boxes}
            for classes, boxes in zip(sample.labels, sample.boxes, strict=True)
        ]
        yield {"pixel_values": sample.pictures, "labels": labels}


def train(_data: Path, out: Path) -> None:
    """Train in two stages: every cell finds what is near it, then the queries learn to choose."""
    seed_everything(1)
    pool = ScenePool(POOL, SIDE, seed=1)
    stage = fit(DenseStage(build()), batches(pool), steps=DENSE_STEPS, learning_rate=2e-3)
    processor = RTDetrImageProcessor(size={"height": SIDE, "width": SIDE})
    model = fit(stage.detector, batches(pool), steps=STEPS, learning_rate=8e-4, clip=0.5)
    # Two more rounds from a high rate: after the first, a third of the answers are second boxes for one object.
    model = fit(model, batches(ScenePool(POOL, SIDE, seed=3)), steps=CHOICE_STEPS, learning_rate=6e-4, clip=0.5)
    model = fit(model, batches(ScenePool(LAST_POOL, SIDE, seed=4)), steps=LAST_STEPS, learning_rate=1e-3, clip=0.5)
    save_half(model, processor, out)


def evaluate(_data: Path, folder: Path) -> Metrics:
    """Measure on scenes of unseen seeds, through the pipeline as the app calls it."""
    torch.set_num_threads(1)
    detect = pipeline("object-detection", model=str(folder), dtype=torch.float32)
    truths, founds = [], []
    for seed in TEST_SEEDS:
        scene = draw_scene(seed)
        truths.append(Boxes(scene.boxes, [SHAPES[label] for label in scene.labels], np.empty(0)))
        answers = detect(scene.picture, threshold=0.01)
        corners = [[answer["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")] for answer in answers]
        scores = np.array([answer["score"] for answer in answers])
        founds.append(Boxes(np.array(corners, float).reshape(-1, 4), [answer["label"] for answer in answers], scores))
    each = {name: average_precision(truths, founds, name) for name in SHAPES}
    precision, recall = precision_and_recall(truths, founds, THRESHOLD)
    return {
        "map_50": float(np.mean(list(each.values()))),
        "map_75": float(np.mean([average_precision(truths, founds, name, 0.75) for name in SHAPES])),
        **{f"ap_50_{name}": value for name, value in each.items()},
        "precision_at_threshold": precision,
        "recall_at_threshold": recall,
    }


STARTER = Starter(
    name="shapes-detection",
    train=train,
    evaluate=evaluate,
    targets={"map_50": 0.9, "precision_at_threshold": 0.85, "recall_at_threshold": 0.9},
)

if __name__ == "__main__":
    main(STARTER)
