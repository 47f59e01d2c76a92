"""The starter `handwritten-digits`: tells the digits 0 to 9 apart, drawn on a canvas or photographed on paper.

Owns its data, architecture and figures. Strokes, pens and paper are in `training.strokes` and `training.pencil`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from transformers import ResNetConfig, ResNetForImageClassification, ViTImageProcessor, pipeline

from training.fitting import Batch, fit, save_half
from training.pencil import Digit, draw_on_canvas, photograph
from training.starter import Metrics, Starter, main, seed_everything
from training.strokes import shape_fields, template_field

SIDE = 80
STEPS = 2900
BATCH = 64
TEST_DIGITS = 2000
SKLEARN_TEST_DIGITS = 497
TEMPLATE_DIGITS = 3000
TRAINING_SIDES = (80, 176)
TEST_SIDES = (240, 480)
TEST_SEED = 90_001


@dataclass(frozen=True)
class Scans:
    """Hold scanned digits.

    Shapes: `pictures` (n, side, side) uint8, ink bright on black; `labels` (n,) integers from 0 to 9.
    """

    pictures: np.ndarray
    labels: np.ndarray

    def part(self, chosen: slice) -> Scans:
        """Return some of the digits."""
        return Scans(self.pictures[chosen], self.labels[chosen])


def read_mnist(data: Path) -> Scans:
    """Read the 10,000 digits of MNIST's test file, in their order."""
    folder = data / "mnist10k"
    pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    pictures = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28)
    return Scans(pictures, np.frombuffer(labels, np.uint8, offset=8))


def read_sklearn_digits() -> Scans:
    """Read the 1,797 digits of 8 x 8 pixels that come with scikit-learn, in their order (writers do not mix)."""
    digits = load_digits()
    return Scans((digits.images / 16 * 255).astype(np.uint8), digits.target)


def digits_of(scans: Scans) -> list[Digit]:
    """Return the scans as fields, which can be drawn with any pen."""
    found = []
    for picture, label in zip(scans.pictures, scans.labels, strict=True):
        edge, middle = shape_fields(picture / 255)
        found.append(Digit(int(label), middle, edge))
    return found


def scan(picture: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Return a scan as it is, but a little turned, moved and scaled; sometimes dark on light."""
    side = picture.shape[0]
    angle, scale = rng.normal(0, 0.12), np.exp(rng.normal(0, 0.1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle) + rng.normal(0, 0.1), np.cos(angle)]]) * scale
    shift = np.full(2, side / 2) - turn @ (np.full(2, side / 2) + rng.normal(0, 0.04 * side, 2))
    moved = Image.fromarray(picture).transform(
        (side, side), Image.Transform.AFFINE, (*turn[0], shift[0], *turn[1], shift[1]), Image.Resampling.BICUBIC
    )
    return (moved if rng.random() < 0.75 else moved.point(lambda value: 255 - value)).convert("RGB")


def batches(
    scans: list[tuple[np.ndarray, Digit]], processor: ViTImageProcessor, rng: np.random.Generator
) -> Iterator[Batch]:
    """Yield training batches for ever: a fifth scans as they are, the rest canvases and photographs by halves."""
    templates = [Digit(index % 10, template_field(index % 10, rng)) for index in range(TEMPLATE_DIGITS)]
    while True:
        pictures, labels = [], []
        for _ in range(BATCH):
            kind = rng.random()
            if kind < 0.2:
                picture, digit = scans[rng.integers(len(scans))]
                pictures.append(scan(picture, rng))
            else:
                written = rng.random() < 0.2
                digit = templates[rng.integers(len(templates))] if written else scans[rng.integers(len(scans))][1]
                draw = draw_on_canvas if kind < 0.6 else photograph
                pictures.append(draw(digit, rng, TRAINING_SIDES))
            labels.append(digit.label)
        pixel_values = processor(pictures, return_tensors="pt")["pixel_values"]
        yield {"pixel_values": pixel_values, "labels": torch.tensor(labels)}


def train(data: Path, out: Path) -> None:
    """Train on the first 8,000 digits of the file, 1,300 of scikit-learn's and templates of our own."""
    seed_everything(1)
    names = {index: str(index) for index in range(10)}
    config = ResNetConfig(
        embedding_size=32,
        hidden_sizes=[48, 96, 160],
        depths=[1, 2, 2],
        layer_type="basic",
        id2label=names,
        label2id={name: index for index, name in names.items()},
    )
    parts = [read_mnist(data).part(slice(-TEST_DIGITS)), read_sklearn_digits().part(slice(-SKLEARN_TEST_DIGITS))]
    scans = [pair for part in parts for pair in zip(part.pictures, digits_of(part), strict=True)]
    processor = ViTImageProcessor(size={"height": SIDE, "width": SIDE})
    model = fit(
        ResNetForImageClassification(config),
        batches(scans, processor, np.random.default_rng(1)),
        steps=STEPS,
        learning_rate=3e-3,
    )
    save_half(model, processor, out)


def accuracy(classify: Callable[..., list], pictures: list[Image.Image], labels: list[int]) -> float:
    """Return the part of the pictures whose first answer is right."""
    answers = classify(pictures, batch_size=32, top_k=1)
    return float(np.mean([answer[0]["label"] == str(label) for answer, label in zip(answers, labels, strict=True)]))


def evaluate(data: Path, folder: Path) -> Metrics:
    """Measure on the last 2,000 digits of the file, as they are and redrawn, and on 497 of scikit-learn's."""
    torch.set_num_threads(1)
    classify = pipeline("image-classification", model=str(folder), dtype=torch.float32)
    metrics = {}
    for name, scans in (
        ("mnist", read_mnist(data).part(slice(-TEST_DIGITS, None))),
        ("sklearn", read_sklearn_digits().part(slice(-SKLEARN_TEST_DIGITS, None))),
    ):
        labels = scans.labels.tolist()
        as_they_are = [Image.fromarray(picture).convert("RGB") for picture in scans.pictures]
        metrics[f"{name}_accuracy"] = accuracy(classify, as_they_are, labels)
        digits = digits_of(scans)
        for look, draw in (("drawn", draw_on_canvas), ("photographed", photograph)):
            rng = np.random.default_rng(TEST_SEED)
            metrics[f"{name}_{look}_accuracy"] = accuracy(
                classify, [draw(digit, rng, TEST_SIDES) for digit in digits], labels
            )
    return metrics


STARTER = Starter(
    name="handwritten-digits",
    train=train,
    evaluate=evaluate,
    targets={"mnist_accuracy": 0.985, "mnist_drawn_accuracy": 0.96, "mnist_photographed_accuracy": 0.93},
)

if __name__ == "__main__":
    main(STARTER)
