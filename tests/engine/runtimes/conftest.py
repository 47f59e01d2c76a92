"""A decoder for all tests of what writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny.texts import byte_tokenizer

WINDOW = 24
"""Tokens that the model looks back on."""


@pytest.fixture(scope="session")
def mistral(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Mistral that looks back as far as its window, of weights that make it sure of what it writes."""
    from transformers import MistralConfig, MistralForCausalLM

    folder = tmp_path_factory.mktemp("mistral")
    torch.manual_seed(0)
    fast = byte_tokenizer(folder)
    config = MistralConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        sliding_window=WINDOW,
        initializer_range=0.2,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    return folder
