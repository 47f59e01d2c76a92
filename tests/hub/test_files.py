"""Which files a checkpoint needs, and whether a folder has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.hub import RepoFile, is_complete, weight_files
from core.hub.files import choose_files, has_chat_template

INDEX = "model.safetensors.index.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def chosen(*names: str) -> list[str]:
    return [file.name for file in choose_files("studio/mood", [RepoFile(name, 1) for name in names])]


@pytest.mark.parametrize(
    "wanted",
    [
        ("config.json", "vocab.txt", "model.safetensors"),
        ("config.json", "merges.txt", "vocab.json", "model.safetensors"),
        ("config.json", "source.spm", "target.spm", "vocab.json", "model.safetensors"),
        ("config.json", "spiece.model", "tokenizer_config.json", "model.safetensors"),
        ("config.json", "generation_config.json", "normalizer.json", "preprocessor_config.json", "model.safetensors"),
        ("chat_template.jinja", "config.json", "tokenizer.json", "model.safetensors"),
        ("1_Pooling/config.json", "config.json", "modules.json", "vocab.txt", "model.safetensors"),
        ("config.json", INDEX, *SHARDS),
    ],
)
def test_everything_that_is_needed_is_chosen_weights_last(wanted: tuple[str, ...]) -> None:
    assert chosen(*reversed(wanted)) == list(wanted)


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "tf_model.h5",
        "flax_model.msgpack",
        "rust_model.ot",
        "model.onnx",
        "onnx/config.json",
        "modeling_mood.py",
        "training_args.bin",
        "optimizer.pt",
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "model.fp16.safetensors",
        "consolidated.safetensors",
        *SHARDS,
        INDEX,
    ],
)
def test_nothing_else_is_chosen(name: str) -> None:
    assert chosen("config.json", name, "model.safetensors") == ["config.json", "model.safetensors"]


def write(folder: Path, *names: str, index: object = None) -> Path:
    for name in names:
        (folder / name).write_text("{}")
    if index is not None:
        (folder / INDEX).write_text(json.dumps(index))
    return folder


def test_a_folder_is_complete_with_configuration_weights_and_a_processor(tmp_path: Path) -> None:
    names = ["config.json", "model.safetensors", "preprocessor_config.json"]
    write(tmp_path, *names)
    assert is_complete(tmp_path)
    for name in names:
        (tmp_path / name).rename(tmp_path / "away")
        assert not is_complete(tmp_path)
        (tmp_path / "away").rename(tmp_path / name)


def test_every_shard_counts(tmp_path: Path) -> None:
    write(tmp_path, *SHARDS, index={"weight_map": {"a": SHARDS[0], "b": SHARDS[1], "c": SHARDS[0]}})
    assert [path.name for path in weight_files(tmp_path)] == list(SHARDS)
    (tmp_path / SHARDS[1]).unlink()
    assert weight_files(tmp_path) == ()


@pytest.mark.parametrize(
    "index",
    [[], {}, {"weight_map": []}, {"weight_map": {"a": "../model-1-of-1.safetensors"}}, {"weight_map": {"a": 1}}],
)
def test_an_index_cannot_point_elsewhere(tmp_path: Path, index: object) -> None:
    assert weight_files(write(tmp_path, index=index)) == ()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("chat_template.jinja", "{{ messages }}", True),
        ("tokenizer_config.json", '{"chat_template": "{{ messages }}"}', True),
        ("tokenizer_config.json", '{"chat_template": null}', False),
        ("tokenizer_config.json", "[", False),
        ("vocab.txt", "a", False),
    ],
)
def test_a_chat_template_is_found_in_either_place(name: str, content: str, told: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert has_chat_template(tmp_path) == told
