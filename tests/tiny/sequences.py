"""Tiny checkpoints that read one text and write another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tiny.base import Tiny, save
from tests.tiny.texts import byte_tokenizer

SIZES: Mapping[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
}
LETTERS = {
    piece: at for at, piece in enumerate(("<s>", "<pad>", "</s>", "<unk>", "\u2581", *"abcdefghijklmnopqrstuvwxyz.,"))
}


def bart(folder: Path) -> Path:
    """Write a BART that reads 64 letters at once."""
    from transformers import BartConfig, BartForConditionalGeneration

    tokenizer = byte_tokenizer(folder, model_max_length=64)
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    config = BartConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        decoder_start_token_id=ids["eos_token_id"],
        forced_eos_token_id=None,
        **ids,
        **SIZES,
    )
    return save(BartForConditionalGeneration(config), folder)


def marian(folder: Path) -> Path:
    """Write a Marian from English into French; its tokenizer is one that needs no sentencepiece."""
    from transformers import MarianConfig, MarianMTModel

    tokenizer = byte_tokenizer(folder, model_max_length=64, source_lang="en", target_lang="fr")
    config = MarianConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        forced_eos_token_id=None,
        **SIZES,
    )
    return save(MarianMTModel(config), folder)


def nllb(folder: Path) -> Path:
    """Write an M2M100 with NLLB's tokenizer, which knows 200 languages and a few letters."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    tokenizer = NllbTokenizer(vocab=LETTERS, merges=[], model_max_length=64)
    tokenizer.save_pretrained(folder)
    return save(_talkative(M2M100ForConditionalGeneration(_of_many_languages(M2M100Config, tokenizer))), folder)


def mbart(folder: Path) -> Path:
    """Write an mBART-50."""
    from transformers import MBart50Tokenizer, MBartConfig, MBartForConditionalGeneration

    pieces = [(piece, -1.0) for piece in LETTERS]
    tokenizer = MBart50Tokenizer(vocab=pieces, src_lang="en_XX", tgt_lang="de_DE", model_max_length=64)
    tokenizer.save_pretrained(folder)
    return save(_talkative(MBartForConditionalGeneration(_of_many_languages(MBartConfig, tokenizer))), folder)


def t5(folder: Path, **config: Any) -> Path:
    """Write a T5 whose tokenizer says 64 tokens."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = byte_tokenizer(folder, model_max_length=64)
    made = T5Config(
        vocab_size=len(tokenizer),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        **config,
    )
    return save(T5ForConditionalGeneration(made), folder)


def _of_many_languages(config_class: Any, tokenizer: Any) -> Any:
    return config_class(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
        **SIZES,
    )


def _talkative(model: Any) -> Any:
    """Make the special tokens unlikely: by chance most of a small vocabulary's would be languages."""
    import torch

    with torch.no_grad():
        model.get_input_embeddings().weight[: len(LETTERS)] *= 10
        model.get_input_embeddings().weight[:5] /= 10
    return model


ROWS: Mapping[str, Tiny] = {
    "summarization": Tiny(bart, {"max_new_tokens": 8, "min_new_tokens": 4, "num_beams": 2}),
    "translation": Tiny(nllb, {"max_new_tokens": 8, "num_beams": 2}),
}
