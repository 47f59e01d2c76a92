"""What safetensors files say about themselves, written here by safetensors itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.engine.weights import DamagedWeights, fingerprint, memory_bytes, memory_of_parameters, read_header


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    numbers = np.random.default_rng(0).standard_normal((100, 50), np.float32)
    save_file({"layer": numbers, "half": numbers.astype(np.float16), "steps": np.arange(7)}, path)
    return path


@pytest.mark.parametrize(("dtype", "width"), [("float32", 4), ("bfloat16", 2), ("float16", 2), ("float64", 8)])
def test_memory_is_counted_in_what_it_will_be_loaded_as(weights: Path, dtype: str, width: int) -> None:
    assert memory_bytes([weights], dtype) == 2 * 5000 * width + 7 * 8
    assert memory_bytes([weights, weights], dtype) == 2 * memory_bytes([weights], dtype)


def test_the_hub_s_counts_give_the_same(weights: Path) -> None:
    counts = {"F32": 5000, "F16": 5000, "I64": 7}
    assert memory_of_parameters(counts, "bfloat16") == memory_bytes([weights], "bfloat16")
    assert memory_of_parameters({}, "float32") == 0


@pytest.mark.parametrize("length", [0, 7, 8, 40, 1000, -1])
def test_a_file_that_is_cut_short_is_noticed(weights: Path, length: int) -> None:
    weights.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(DamagedWeights):
        read_header(weights)


@pytest.mark.parametrize(
    "content",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
        b"<html>" * 100,
        (4).to_bytes(8, "little") + b"[[]]",
        (2**62).to_bytes(8, "little") + b"{}",
        (19).to_bytes(8, "little") + b'{"layer": {"a": 3}}',
        (16).to_bytes(8, "little") + b'{"layer": "text"}'[:16],
    ],
)
def test_what_is_no_safetensors_file_is_noticed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(DamagedWeights):
        read_header(path)


def test_a_fingerprint_follows_the_content(tmp_path: Path, weights: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_type": "bert"}))
    first = fingerprint(config, [weights])
    assert len(first) == 40
    assert int(first, 16)
    assert fingerprint(config, [weights]) == first

    retrained = np.random.default_rng(1).standard_normal((100, 50), np.float32)
    save_file({"layer": retrained, "half": retrained.astype(np.float16), "steps": np.arange(7)}, weights)
    second = fingerprint(config, [weights])  # same header, same size, other numbers
    config.write_text(json.dumps({"model_type": "roberta"}))
    assert len({first, second, fingerprint(config, [weights])}) == 3
