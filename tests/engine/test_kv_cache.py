"""How many tokens fit: by the shape of a model, and what memory there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BartConfig, DynamicCache, GPT2Config, LlamaConfig, LlamaForCausalLM

from core.engine.key import Loaded
from core.engine.kv_cache import SHARE, token_bytes, tokens_that_fit

WIDE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "vocab_size": 16}
GROUPED = LlamaConfig(**WIDE, num_key_value_heads=2)


class Model:
    """Be a model of a shape."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.model = self


def test_what_is_kept_of_a_token_is_what_a_model_keeps_of_it() -> None:
    model, kept = LlamaForCausalLM(GROUPED).eval(), DynamicCache()
    with torch.inference_mode():
        model(input_ids=torch.ones((2, 5), dtype=torch.long), past_key_values=kept)
    numbers = sum(layer.keys.numel() + layer.values.numel() for layer in kept.layers) / (2 * 5)
    assert token_bytes(model, 4) - token_bytes(model, 2) == 2 * 2 * numbers


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GROUPED, 2 * (2 * 3 * 2 * 8) * 4 + 4 * (6 * 32 + 3 * 48)),
        (LlamaConfig(**WIDE, head_dim=16), 2 * (2 * 3 * 4 * 16) * 4 + 4 * (6 * 32 + 3 * 48)),
        (GPT2Config(n_embd=32, n_layer=3, n_head=4), 2 * (2 * 3 * 4 * 8) * 4 + 4 * (6 * 32 + 3 * 4 * 32)),
        (BartConfig(), None),
        (None, None),
    ],
    ids=["fewer keys than heads", "wide heads", "GPT-2", "reads first", "no model"],
)
def test_each_token_takes_keys_values_and_what_reading_it_does(config: Any, expected: int | None) -> None:
    assert token_bytes(Model(config), 4) == expected


def loaded(config: Any, dtype: str = "float32", device: str = "cpu") -> Loaded:
    return Loaded(Model(config), 1, "abc", (), None, dtype, device)


def test_half_of_what_is_free_is_for_texts(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 1000 kB\n")
    for dtype, number_bytes in (("float32", 4), ("bfloat16", 2), ("int8", 2)):
        each = token_bytes(Model(GROUPED), number_bytes)
        assert each is not None
        assert tokens_that_fit(loaded(GROUPED, dtype), tmp_path) == SHARE * 1_024_000 / each
    assert tokens_that_fit(loaded(GROUPED, device="cuda:0"), tmp_path) is None  # it says so itself
    assert tokens_that_fit(loaded(BartConfig()), tmp_path) is None
    assert tokens_that_fit(Loaded(object(), 1, "abc", (), None, "float32", "cpu"), tmp_path) is None


@pytest.mark.parametrize(
    ("root", "limit", "used", "line"),
    [
        ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_a_container_full_of_files_that_were_read_has_room_all_the_same(
    root: str, limit: str, used: str, line: str, tmp_path: Path
) -> None:
    """A control group counts what the system keeps of files, and lets go of these when somebody wants the memory."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 9000000 kB\n")
    (tmp_path / root).mkdir(parents=True)
    for name, content in ((limit, "1000000"), (used, "990000"), ("memory.stat", f"anon 7\n{line} 500000\n")):
        (tmp_path / root / name).write_text(content)
    each = token_bytes(Model(GROUPED), 4)
    assert each is not None
    assert tokens_that_fit(loaded(GROUPED), tmp_path) == SHARE * 510_000 / each
