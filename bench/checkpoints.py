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
    """Write a Llama of 26 million weights that writes as long as it is let."""
    return _llama(folder, ends=None)


def answering(folder: Path) -> Path:
    """Write the same that ends a text with one token in 64: where it draws by chance, as answers end."""
    return _llama(folder, ends=list(range(64, 80)))


def conversing(folder: Path) -> Path:
    """Write a Llama of the shape of SmolLM2 135M but for the tokens, of 107 million weights, that writes on and on."""
    shape = {
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "max_position_embeddings": 2048,
    }
    return _llama(folder, ends=None, **shape)


def _llama(folder: Path, ends: list[int] | None, **shape: int) -> Path:
    """Write a decoder with the 1,024 tokens of the starter that writes like Shakespeare."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models" / "starters" / "shakespeare", local_files_only=True)
    tokenizer.pad_token, tokenizer.padding_side = tokenizer.convert_ids_to_tokens(0), "left"  # for Gradio's batches
    tokenizer.save_pretrained(folder)
    small = {
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "max_position_embeddings": 1024,
    }
    config = LlamaConfig(vocab_size=len(tokenizer), eos_token_id=ends, pad_token_id=0, **(small | shape))
    return _saved(LlamaForCausalLM(config), folder)


def translating(folder: Path) -> Path:
    """Write a T5 of the shape of T5 small but for the tokens, which are those of the starter that writes."""
    import torch
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models" / "starters" / "shakespeare", local_files_only=True)
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=512,
        d_kv=64,
        d_ff=2048,
        num_layers=6,
        num_heads=8,
        pad_token_id=0,
        eos_token_id=None,  # so that all answers are of one length
        decoder_start_token_id=0,
    )
    return _saved(T5ForConditionalGeneration(config), folder)


def hearing(folder: Path) -> Path:
    """Write a Whisper of the shape of its tiny, 38 million weights, that writes 40 tokens of whatever it hears."""
    import torch
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )

    torch.manual_seed(0)
    WhisperFeatureExtractor().save_pretrained(folder)
    words = {f"w{number}": number for number in range(50_257)}
    end = "<|endoftext|>"
    tokenizer = WhisperTokenizerFast(vocab={**words, end: 50_257}, merges=[], pad_token=end)  # for Gradio's batches
    tokenizer.add_special_tokens(
        {"additional_special_tokens": ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]}
    )
    tokenizer.save_pretrained(folder)
    start, english, transcribe, untimed = range(50_258, 50_262)
    config = WhisperConfig(
        d_model=384,
        encoder_layers=4,
        decoder_layers=4,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_ffn_dim=1536,
        vocab_size=51_865,
        decoder_start_token_id=start,
        eos_token_id=50_257,
        pad_token_id=50_257,
        bos_token_id=50_257,
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=50_257,
        pad_token_id=50_257,
        max_new_tokens=40,
        is_multilingual=True,
        lang_to_id={"<|en|>": english},
        task_to_id={"transcribe": transcribe},
        no_timestamps_token_id=untimed,
        return_timestamps=False,
    )
    return _saved(model, folder)


def _saved(model: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    return folder


CHECKPOINTS: Final[Mapping[str, Callable[[Path], Path]]] = {
    "text": text,
    "image": image,
    "audio": audio,
    "writing": writing,
    "answering": answering,
    "conversing": conversing,
    "translating": translating,
    "hearing": hearing,
}
"""What is served in each comparison."""
