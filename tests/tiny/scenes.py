"""Tiny checkpoints that compare pictures with words and with each other, measure depth, and enlarge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tiny.base import ENCODER, Tiny, save

_TEXT: Mapping[str, Any] = {**ENCODER, "vocab_size": 60, "bos_token_id": 52, "eos_token_id": 53, "pad_token_id": 53}
_VISION: Mapping[str, Any] = {**ENCODER, "image_size": 32, "patch_size": 8}


def _clip_tokenizer(folder: Path, length: int) -> None:
    """Write CLIP's tokenizer with the letters only: one token for each."""
    from transformers import CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>", ".</w>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=length).save_pretrained(folder)


def zero_shot_image_classification(folder: Path) -> Path:
    """Write a CLIP for pictures of 32 by 32 pixels and texts of 77 letters."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    side = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side).save_pretrained(folder)
    _clip_tokenizer(folder, 77)
    text = {**_TEXT, "max_position_embeddings": 77}
    return save(CLIPModel(CLIPConfig(text_config=text, vision_config={**_VISION}, projection_dim=8)), folder)


def zero_shot_object_detection(folder: Path) -> Path:
    """Write an OWL-ViT for pictures of 32 by 32 pixels and texts of 16 letters."""
    from transformers import OwlViTConfig, OwlViTForObjectDetection, OwlViTImageProcessorPil

    OwlViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    _clip_tokenizer(folder, 16)
    text = {**_TEXT, "max_position_embeddings": 16}
    config = OwlViTConfig(text_config=text, vision_config={**_VISION}, projection_dim=16)
    return save(OwlViTForObjectDetection(config), folder)


def depth_estimation(folder: Path) -> Path:
    """Write a DPT for pictures of 32 by 32 pixels, which gives nearness."""
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessorPil

    DPTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    config = DPTConfig(
        **{**_VISION, "num_hidden_layers": 4},
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
    )
    return save(DPTForDepthEstimation(config), folder)


def metric_depth(folder: Path) -> Path:
    """Write a GLPN, which gives metres."""
    from transformers import GLPNConfig, GLPNForDepthEstimation, GLPNImageProcessorPil

    GLPNImageProcessorPil().save_pretrained(folder)
    config = GLPNConfig(
        num_encoder_blocks=4,
        depths=[1, 1, 1, 1],
        sr_ratios=[8, 4, 2, 1],
        hidden_sizes=[8, 8, 8, 8],
        num_attention_heads=[1, 1, 1, 1],
        mlp_ratios=[2, 2, 2, 2],
        decoder_hidden_size=8,
    )
    return save(GLPNForDepthEstimation(config), folder)


def image_to_image(folder: Path) -> Path:
    """Write a Swin2SR that doubles width and height."""
    from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution, Swin2SRImageProcessorPil

    Swin2SRImageProcessorPil().save_pretrained(folder)
    config = Swin2SRConfig(image_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=4, upscale=2)
    return save(Swin2SRForImageSuperResolution(config), folder)


def image_feature_extraction(folder: Path) -> Path:
    """Write the body of a ViT, with a trained summary."""
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return save(ViTModel(ViTConfig(**_VISION)), folder)


def keypoint_matching(folder: Path) -> Path:
    """Write a SuperGlue over a SuperPoint for pictures of 48 by 64 pixels."""
    from transformers import SuperGlueConfig, SuperGlueForKeypointMatching, SuperGlueImageProcessorPil, SuperPointConfig

    SuperGlueImageProcessorPil(size={"height": 48, "width": 64}).save_pretrained(folder)
    detector = SuperPointConfig(
        encoder_hidden_sizes=[8, 8, 8, 8],
        decoder_hidden_size=16,
        descriptor_decoder_dim=16,
        keypoint_threshold=0.0,
        max_keypoints=16,
    )
    config = SuperGlueConfig(
        keypoint_detector_config=detector,
        hidden_size=16,
        keypoint_encoder_sizes=[8, 16],
        gnn_layers_types=["self", "cross"],
        num_attention_heads=2,
        sinkhorn_iterations=10,
    )
    return save(SuperGlueForKeypointMatching(config), folder)


def mask_generation(folder: Path) -> Path:
    """Write a SAM for pictures of 32 by 32 pixels."""
    from transformers import SamConfig, SamImageProcessorPil, SamModel

    side = {"height": 32, "width": 32}
    SamImageProcessorPil(
        size={"longest_edge": 32}, pad_size=side, mask_pad_size={"height": 8, "width": 8}
    ).save_pretrained(folder)
    config = SamConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_pos_feats": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "global_attn_indexes": [0],
            "mlp_dim": 16,
            "window_size": 2,
        },
        prompt_encoder_config={
            "hidden_size": 16,
            "image_size": 32,
            "patch_size": 8,
            "image_embedding_size": 4,
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
            "iou_head_depth": 2,
        },
    )
    return save(SamModel(config), folder)


ROWS: Mapping[str, Tiny] = {
    "zero-shot-image-classification": Tiny(zero_shot_image_classification),
    "zero-shot-object-detection": Tiny(zero_shot_object_detection, {"threshold": 0.0}),
    "depth-estimation": Tiny(depth_estimation),
    "image-to-image": Tiny(image_to_image),
    "image-feature-extraction": Tiny(image_feature_extraction),
    "mask-generation": Tiny(
        mask_generation, {"points_per_side": 4, "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
    ),
    "keypoint-matching": Tiny(keypoint_matching, {"threshold": 0.0}),
}
