"""Teaches RT-DETR's encoder to find objects at every cell, before its decoder learns to choose among them.

Owns a first training stage only: the shipped model is the plain architecture. RT-DETR alone matches one query to one
object, a signal so thin that a detector starting from random weights needs hours on a CPU; here each object first
teaches the few cells around its middle, as in one-stage detectors, which takes minutes.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional
from transformers import RTDetrForObjectDetection
from transformers.loss.loss_for_object_detection import generalized_box_iou

CELLS_PER_OBJECT = 5
LEVEL_LIMITS = (0.2, 0.45)
"""Longest side (part of the picture) up to which objects belong to the finest and the middle feature map."""


class DenseStage(nn.Module):
    """Wrap a detector so that its forward returns the dense loss of its encoder's two heads."""

    def __init__(self, detector: RTDetrForObjectDetection) -> None:
        """Keep the detector, whose weights are trained in place."""
        super().__init__()
        self.detector = detector

    def forward(self, pixel_values: torch.Tensor, labels: list[dict[str, torch.Tensor]]) -> SimpleNamespace:
        """Return an object with the attribute `loss`.

        Shapes: `pixel_values` (batch, 3, side, side); `labels` as transformers' detectors take them.
        """
        model = self.detector.model
        features = model.backbone(pixel_values, torch.ones(pixel_values[:, 0].shape))
        features = [model.encoder_input_proj[level](source) for level, (source, _) in enumerate(features)]
        maps = [
            model.decoder_input_proj[level](source)
            for level, source in enumerate(model.encoder(features).last_hidden_state)
        ]
        shapes = tuple(tuple(source.shape[-2:]) for source in maps)
        cells = torch.cat([source.flatten(2).transpose(1, 2) for source in maps], 1)  # (batch, cells, d_model)
        anchors, valid = model.generate_anchors(shapes, device=cells.device, dtype=torch.float32)
        memory = model.enc_output(valid.to(cells.dtype) * cells)
        logits = model.enc_score_head(memory).float()
        boxes = (model.enc_bbox_head(memory).float() + anchors).sigmoid()
        centres = torch.cat([cell_centres(*shape) for shape in shapes])
        levels = torch.cat([torch.full((shape[0] * shape[1],), level) for level, shape in enumerate(shapes)])
        return SimpleNamespace(loss=dense_loss(logits, boxes, labels, centres, levels))


def cell_centres(height: int, width: int) -> torch.Tensor:
    """Return the middle of each cell of a feature map, as x and y in [0, 1].

    Shapes: (height * width, 2).
    """
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2)


def assign(boxes: torch.Tensor, centres: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Return which object each cell is to find, or -1.

    Shapes: `boxes` (n, 4) centre and size; `centres` (cells, 2); `levels` (cells,); returns (cells,).
    """
    owners = torch.full((len(centres),), -1)
    nearest = torch.full((len(centres),), torch.inf)
    limits = torch.tensor(LEVEL_LIMITS)
    for index, box in enumerate(boxes):
        level = int((box[2:].max() > limits).sum())
        offset = (centres - box[:2]).abs()
        distance = offset.norm(dim=1) + torch.where((levels == level) & (offset < box[2:] / 2).all(1), 0.0, torch.inf)
        near = distance.topk(CELLS_PER_OBJECT, largest=False).indices
        near = near[distance[near] < nearest[near]]
        owners[near], nearest[near] = index, distance[near]
    return owners


def dense_loss(
    logits: torch.Tensor,
    boxes: torch.Tensor,
    labels: list[dict[str, torch.Tensor]],
    centres: torch.Tensor,
    levels: torch.Tensor,
) -> torch.Tensor:
    """Return focal loss for the classes plus L1 and generalised IoU loss for the boxes, per responsible cell.

    Shapes: `logits` (batch, cells, classes); `boxes` (batch, cells, 4) centre and size in [0, 1].
    Source: T.-Y. Lin et al., "Focal loss for dense object detection", 2017 (alpha 0.25, gamma 2).
    """
    owners = torch.stack([assign(label["boxes"], centres, levels) for label in labels])
    picture, cell = torch.nonzero(owners >= 0, as_tuple=True)
    pairs = list(zip(picture.tolist(), owners[picture, cell].tolist(), strict=True))
    true_boxes = torch.stack([labels[row]["boxes"][index] for row, index in pairs])
    true_classes = torch.stack([labels[row]["class_labels"][index] for row, index in pairs])
    targets = torch.zeros_like(logits)
    targets[picture, cell, true_classes] = 1
    chance = logits.sigmoid()
    missed = torch.where(targets > 0, 1 - chance, chance)
    weight = torch.where(targets > 0, 0.25, 0.75) * missed**2
    focal = (weight * functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")).sum()
    found = boxes[picture, cell]
    distance = (found - true_boxes).abs().sum()
    overlap = torch.diagonal(generalized_box_iou(to_corners(found), to_corners(true_boxes)))
    return (4 * focal + 5 * distance + 2 * (1 - overlap).sum()) / len(pairs)


def to_corners(boxes: torch.Tensor) -> torch.Tensor:
    """Return boxes given by centre and size as xmin, ymin, xmax, ymax."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], 1)
