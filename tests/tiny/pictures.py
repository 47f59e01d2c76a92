"""Tiny checkpoints that look at pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.tiny.base import ENCODER, LABEL_MAPS, Tiny, save


def image_classification(folder: Path) -> Path:
    """Write a ViT for pictures of 32 by 32 pixels."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return save(ViTForImageClassification(ViTConfig(image_size=32, patch_size=8, **ENCODER, **LABEL_MAPS)), folder)


def object_detection(folder: Path) -> Path:
    """Write a YOLOS for pictures of 32 by 32 pixels."""
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    YolosImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    config = YolosConfig(
        image_size=[32, 32],
        patch_size=8,
        num_detection_tokens=4,
        use_mid_position_embeddings=False,
        **ENCODER,
        **LABEL_MAPS,
    )
    return save(YolosForObjectDetection(config), folder)


def image_segmentation(folder: Path) -> Path:
    """Write a SegFormer for pictures of 32 by 32 pixels."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessorPil

    SegformerImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    config = SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        **LABEL_MAPS,
    )
    return save(SegformerForSemanticSegmentation(config), folder)


ROWS: Mapping[str, Tiny] = {
    "image-classification": Tiny(image_classification),
    "object-detection": Tiny(object_detection, {"threshold": 0.0}),
    "image-segmentation": Tiny(image_segmentation),
}
