"""Tiny real checkpoints, one per task, made from a configuration: random weights, right shapes.

Owns the folders that tests load instead of downloaded models: config, safetensors, tokenizer or
processor, as `save_pretrained` writes them. A few hundred kilobytes and a fraction of a second each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LABELS = ("calm", "glad", "sad")
_LABEL_MAPS = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
_ENCODER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "the", "anna", "left", ".", "##s")
SAMPLING_RATE = 16_000


def _save(model: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    return folder


def _seed() -> None:
    import torch

    torch.manual_seed(0)


def text_tokenizer(folder: Path) -> None:
    """Write a WordPiece tokenizer of a few words."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(_WORDS))
    BertTokenizerFast(vocab={word: i for i, word in enumerate(_WORDS)}, model_max_length=32).save_pretrained(folder)


def _bert(folder: Path, class_name: str) -> Path:
    import transformers

    config = transformers.BertConfig(vocab_size=len(_WORDS), max_position_embeddings=32, **_ENCODER, **_LABEL_MAPS)
    text_tokenizer(folder)
    return _save(getattr(transformers, class_name)(config), folder)


def text_classification(folder: Path) -> Path:
    """Write a BERT that sorts texts."""
    return _bert(folder, "BertForSequenceClassification")


def token_classification(folder: Path) -> Path:
    """Write a BERT that marks words."""
    return _bert(folder, "BertForTokenClassification")


def question_answering(folder: Path) -> Path:
    """Write a BERT with a head that none of the showcase's tasks uses."""
    return _bert(folder, "BertForQuestionAnswering")


def text_generation(folder: Path) -> Path:
    """Write a Llama that writes letters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE(vocab={letter: i for i, letter in enumerate([*alphabet, "<s>", "</s>"])}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(fast),
        max_position_embeddings=64,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        tie_word_embeddings=True,
        **_ENCODER,
    )
    return _save(LlamaForCausalLM(config), folder)


def image_classification(folder: Path) -> Path:
    """Write a ViT for pictures of 32 by 32 pixels."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return _save(ViTForImageClassification(ViTConfig(image_size=32, patch_size=8, **_ENCODER, **_LABEL_MAPS)), folder)


def object_detection(folder: Path) -> Path:
    """Write a YOLOS for pictures of 32 by 32 pixels."""
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    YolosImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    config = YolosConfig(
        image_size=[32, 32],
        patch_size=8,
        num_detection_tokens=4,
        use_mid_position_embeddings=False,
        **_ENCODER,
        **_LABEL_MAPS,
    )
    return _save(YolosForObjectDetection(config), folder)


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
        **_LABEL_MAPS,
    )
    return _save(SegformerForSemanticSegmentation(config), folder)


_WAV2VEC2: Mapping[str, Any] = {
    **_ENCODER,
    "conv_dim": (8, 8),
    "conv_stride": (10, 8),
    "conv_kernel": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
}


def _feature_extractor(folder: Path) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    Wav2Vec2FeatureExtractor(sampling_rate=SAMPLING_RATE, return_attention_mask=False).save_pretrained(folder)


def audio_classification(folder: Path) -> Path:
    """Write a wav2vec 2.0 that sorts sounds."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

    _feature_extractor(folder)
    return _save(Wav2Vec2ForSequenceClassification(Wav2Vec2Config(vocab_size=8, **_WAV2VEC2, **_LABEL_MAPS)), folder)


def automatic_speech_recognition(folder: Path) -> Path:
    """Write a wav2vec 2.0 that spells with CTC."""
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2ForCTC

    _feature_extractor(folder)
    letters = ("<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz")
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)
    return _save(Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(letters), **_WAV2VEC2)), folder)


def whisper(folder: Path) -> Path:
    """Write a Whisper that hears one second at a time."""
    from tokenizers import AddedToken
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )

    WhisperFeatureExtractor(feature_size=8, chunk_length=1, n_fft=200).save_pretrained(folder)
    letters = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    tokenizer = WhisperTokenizerFast(vocab={**letters, "<|endoftext|>": 26}, merges=[])
    specials = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    tokenizer.add_tokens([AddedToken(token, special=True) for token in specials])
    tokenizer.add_tokens([AddedToken(f"<|{i * 0.02:.2f}|>", special=False) for i in range(51)])
    tokenizer.save_pretrained(folder)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in ("<|endoftext|>", *specials)}
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=8,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=50,
        max_target_positions=24,
        pad_token_id=26,
        bos_token_id=26,
        eos_token_id=26,
        decoder_start_token_id=ids["<|startoftranscript|>"],
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids["<|startoftranscript|>"],
        eos_token_id=26,
        pad_token_id=26,
        max_length=20,
        is_multilingual=True,
        lang_to_id={"<|en|>": ids["<|en|>"]},
        task_to_id={"transcribe": ids["<|transcribe|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        return_timestamps=False,
    )
    return _save(model, folder)


BUILDERS: Mapping[str, Callable[[Path], Path]] = {
    "text-classification": text_classification,
    "token-classification": token_classification,
    "text-generation": text_generation,
    "image-classification": image_classification,
    "object-detection": object_detection,
    "image-segmentation": image_segmentation,
    "audio-classification": audio_classification,
    "automatic-speech-recognition": automatic_speech_recognition,
}
"""The builder of each task's checkpoint, by task id."""


def build(task_id: str, folder: Path) -> Path:
    """Write the tiny checkpoint of a task into `folder` and return it; the same weights every time."""
    _seed()
    return BUILDERS[task_id](folder)
