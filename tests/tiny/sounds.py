"""Tiny checkpoints that hear and speak."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tiny.base import ENCODER, LABEL_MAPS, SAMPLING_RATE, Tiny, save

_WAV2VEC2: Mapping[str, Any] = {
    **ENCODER,
    "conv_dim": (8, 8),
    "conv_stride": (10, 8),
    "conv_kernel": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
}


def _feature_extractor(folder: Path, **differing: Any) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    extractor = Wav2Vec2FeatureExtractor(sampling_rate=SAMPLING_RATE, return_attention_mask=False, **differing)
    extractor.save_pretrained(folder)


def audio_classification(folder: Path) -> Path:
    """Write a wav2vec 2.0 that sorts sounds."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

    _feature_extractor(folder)
    return save(Wav2Vec2ForSequenceClassification(Wav2Vec2Config(vocab_size=8, **_WAV2VEC2, **LABEL_MAPS)), folder)


def automatic_speech_recognition(folder: Path, *, do_normalize: bool = True, **differing: Any) -> Path:
    """Write a wav2vec 2.0 that spells with CTC; `differing` changes its configuration."""
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2ForCTC

    _feature_extractor(folder, do_normalize=do_normalize)
    letters = ("<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz")
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)
    return save(Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(letters), **{**_WAV2VEC2, **differing})), folder)


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
    return save(model, folder)


def moonshine(folder: Path) -> Path:
    """Write a Moonshine, which reads samples and writes letters, and knows no times."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import MoonshineConfig, MoonshineForConditionalGeneration, PreTrainedTokenizerFast

    _feature_extractor(folder)
    letters = ("<unk>", "<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    ).save_pretrained(folder)
    config = MoonshineConfig(
        vocab_size=len(letters),
        hidden_size=32,
        intermediate_size=32,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        max_position_embeddings=16,
        pad_token_id=2,
    )
    return save(MoonshineForConditionalGeneration(config), folder)


def zero_shot_audio_classification(folder: Path) -> Path:
    """Write a CLAP that hears a second at a time, at 16 kHz, and reads letters."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, PreTrainedTokenizerFast

    ClapFeatureExtractor(
        feature_size=32,
        sampling_rate=SAMPLING_RATE,
        hop_length=160,
        max_length_s=1,
        frequency_max=8_000,
        truncation="rand_trunc",
    ).save_pretrained(folder)
    marks = ("<s>", "<pad>", "</s>", "<unk>")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate((*marks, *letters))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", model_max_length=62
    ).save_pretrained(folder)
    audio = {
        "spec_size": 64,
        "num_mel_bins": 32,
        "window_size": 4,
        "patch_size": 4,
        "patch_stride": [4, 4],
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1],
        "num_attention_heads": [1, 2],
        "hidden_size": 16,
        "num_hidden_layers": 2,
    }
    text = {**ENCODER, "vocab_size": len(vocabulary), "max_position_embeddings": 64, "pad_token_id": 1}
    return save(ClapModel(ClapConfig(audio_config=audio, text_config=text, projection_dim=8)), folder)


def text_to_speech(folder: Path, **differing: Any) -> Path:
    """Write a VITS that speaks lower-case letters; `differing` changes its configuration."""
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    letters = ("_", *"abcdefghijklmnopqrstuvwxyz' -")
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    VitsTokenizer(str(vocabulary), pad_token="_", phonemize=False).save_pretrained(folder)
    small = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "ffn_dim": 16,
        "flow_size": 16,
        "spectrogram_bins": 9,
        "upsample_initial_channel": 16,
        "upsample_rates": (8, 8),
        "upsample_kernel_sizes": (16, 16),
        "resblock_kernel_sizes": (3,),
        "resblock_dilation_sizes": ((1, 3, 5),),
        "duration_predictor_filter_channels": 16,
        "prior_encoder_num_flows": 2,
        "prior_encoder_num_wavenet_layers": 1,
        "posterior_encoder_num_wavenet_layers": 1,
        "sampling_rate": SAMPLING_RATE,
    }
    return save(VitsModel(VitsConfig(vocab_size=len(letters), **{**small, **differing})), folder)


ROWS: Mapping[str, Tiny] = {
    "audio-classification": Tiny(audio_classification),
    "zero-shot-audio-classification": Tiny(zero_shot_audio_classification),
    "automatic-speech-recognition": Tiny(automatic_speech_recognition),
    "text-to-speech": Tiny(text_to_speech),
}
