"""Checkpoints of a usual size with random weights: how fast a model is does not depend on what it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.site import ROOT

LABELS: Final = {"id2label": {0: "a", 1: "b", 2: "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}


def text(folder: Path) -> Path:
    """Write a BERT of 22.7 million weights, the shape of MiniLM-L6."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models" / "starters" / "sentiment", local_files_only=True)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        **LABELS,
    )
    return _saved(BertForSequenceClassification(config), folder)


def large(folder: Path, seed: int) -> Path:
    """Write a BERT of 26.7 million weights, 107 MB in float32, that two tasks can load; others for each seed."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models" / "starters" / "sentiment", local_files_only=True)
    tokenizer.save_pretrained(folder)
    names = {0: "contradiction", 1: "neutral", 2: "entailment"}
    labels = {"id2label": names, "label2id": {name: number for number, name in names.items()}}
    config = BertConfig(
        vocab_size=20_480,
        hidden_size=512,
        num_hidden_layers=5,
        num_attention_heads=8,
        intermediate_size=2048,
        **labels,
    )
    return _saved(BertForSequenceClassification(config), folder)


def image(folder: Path) -> Path:
    """Write a ViT of the shape of DeiT-tiny: 5.7 million weights, pictures of 224 pixels."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    torch.manual_seed(0)
    ViTImageProcessorPil(size={"height": 224, "width": 224}).save_pretrained(folder)
    config = ViTConfig(
        hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768, image_size=224, **LABELS
    )
    return _saved(ViTForImageClassification(config), folder)


def audio(folder: Path) -> Path:
    """Write a wav2vec 2.0 of a quarter of the base model's width and half its depth."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    torch.manual_seed(0)
    Wav2Vec2FeatureExtractor(sampling_rate=16_000, return_attention_mask=False).save_pretrained(folder)
    config = Wav2Vec2Config(
        hidden_size=192,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=768,
        conv_dim=(128,) * 7,
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=4,
        **LABELS,
    )
    return _saved(Wav2Vec2ForSequenceClassification(config), folder)


def writing(folder: Path) -> Path:
    """Write a Llama of 26 million weights, with the tokens of the starter that writes like Shakespeare."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models" / "starters" / "shakespeare", local_files_only=True)
    tokenizer.pad_token, tokenizer.padding_side = tokenizer.convert_ids_to_tokens(0), "left"  # for Gradio's batches
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=8,
        num_attention_heads=8,
        max_position_embeddings=1024,
        eos_token_id=None,  # so that all answers are of one length
        pad_token_id=0,
    )
    return _saved(LlamaForCausalLM(config), folder)


def _saved(model: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    return folder


CHECKPOINTS: Final[Mapping[str, Callable[[Path], Path]]] = {
    "text": text,
    "image": image,
    "audio": audio,
    "writing": writing,
}
"""What is served in each comparison."""
