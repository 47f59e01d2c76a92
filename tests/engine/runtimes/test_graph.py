"""What is changed of a graph before OpenVINO computes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

from core.engine.runtimes.exported import export, open_program
from core.engine.runtimes.graph import count_in_whole_numbers, quantize_weights
from core.engine.runtimes.probe import Call
from core.engine.runtimes.rungs import named
from tests.engine.runtimes.programs import write_program

openvino = pytest.importorskip("openvino")

# What the libraries that convert say of each other's newer versions.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("FutureWarning", "DeprecationWarning", "UserWarning")
]

BFLOAT16 = named("openvino bfloat16")
INT8 = named("openvino int8")


def floored(kind: str, number: float, dtype: type = np.int64) -> Any:
    """Return a graph that divides an integer in float32 and takes the floor."""
    from openvino import opset13 as made

    given = made.parameter([-1], dtype)
    divided = getattr(made, kind)(made.convert(given, "f32"), made.constant(np.float32(number)))
    return openvino.Model([made.convert(made.floor(divided), "i64")], [given])


def answers(graph: Any, given: Any, precision: str = "f32") -> Any:
    """Return what a graph makes of an array."""
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return compiled([given])[0]


@pytest.mark.parametrize(
    ("kind", "number", "divisor"), [("multiply", 0.5, 2), ("multiply", 1 / 80, 80), ("divide", 5, 5)]
)
def test_sizes_are_divided_as_whole_numbers(kind: str, number: float, divisor: int) -> None:
    graph = floored(kind, number)
    assert count_in_whole_numbers(graph) == 1
    assert not {node.get_type_name() for node in graph.get_ops()} & {"Floor", "Multiply"}
    sizes = np.array([0, 1, divisor - 1, divisor, 319, 320, 15_772, 32_001, 9_600_000])
    assert answers(graph, sizes).tolist() == (sizes // divisor).tolist()


@pytest.mark.parametrize(
    "graph",
    [lambda: floored("multiply", 0.3), lambda: floored("divide", 2.5), lambda: floored("multiply", 0.5, np.float32)],
    ids=["no whole number", "nor this", "of a number with a fraction"],
)
def test_any_other_floor_is_left_alone(graph: Callable[[], Any]) -> None:
    given = graph()
    assert count_in_whole_numbers(given) == 0


def test_a_sound_of_any_length_is_heard_in_bfloat16(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = Wav2Vec2Config(  # whose frames are counted as those of the real ones: seven strides, 320 samples together
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    model = Wav2Vec2ForSequenceClassification(config).eval()
    export(model, BFLOAT16, Call({"input_values": torch.zeros(2, 26_286)}, {}), tmp_path)
    program = open_program(tmp_path, BFLOAT16, 1)
    for length in range(10_000, 20_000, 655):
        sound = torch.linspace(-50, 50, length).sin().repeat(2, 1)
        with torch.inference_mode():
            plain = model(input_values=sound)["logits"]
        assert torch.allclose(program(input_values=sound)["logits"].float(), plain, atol=0.05)


def test_weights_are_kept_in_8_bits_with_a_scale_for_each_output() -> None:
    from openvino import opset13 as made

    rng = np.random.default_rng(0)
    weights = rng.normal(size=(16, 64)).astype(np.float32) * np.logspace(-3, 3, 16, dtype=np.float32)[:, None]
    weights[3] = 0.0
    given = made.parameter([-1, 64], np.float32)
    beside = made.matmul(given, made.parameter([-1, 64], np.float32), False, True)
    product = made.matmul(given, made.constant(weights), False, True)
    other_way = made.matmul(product, made.constant(np.eye(16, dtype=np.float32)), False, False)
    graph = openvino.Model([other_way], [given])
    assert quantize_weights(graph) == 2
    assert quantize_weights(graph) == 0
    assert quantize_weights(openvino.Model([beside], [given, beside.input(1).get_source_output().get_node()])) == 0
    asked_for = rng.normal(size=(5, 64)).astype(np.float32)
    found, plain = answers(graph, asked_for), asked_for @ weights.T
    scale = np.abs(plain).max(0) + 1e-9
    assert (np.abs(found - plain) / scale).max() < 0.05  # of each output, be it a thousandth or a thousand
    assert (found[:, 3] == 0).all()


@pytest.mark.parametrize(
    ("rows", "group"),
    [
        ([64, 64], 64),
        ([192, 768], 192),
        ([768, 3072], 256),
        ([128] * 16 + [160], 128),  # of which a group of 32 would fit all, and cost all
        ([320], 160),
        ([96, 100], 96),
    ],
)
def test_a_graph_says_how_many_numbers_are_rounded_together(rows: list[int], group: int) -> None:
    from openvino import opset13 as made

    given = [made.parameter([-1, length], np.float32) for length in rows]
    products = [
        made.matmul(one, made.constant(np.ones((8, length), np.float32)), False, True)
        for one, length in zip(given, rows, strict=True)
    ]
    graph = openvino.Model(products, given)
    assert quantize_weights(graph) == len(rows)
    compiled = openvino.Core().compile_model(graph, "CPU", {})
    assert compiled.get_property("DYNAMIC_QUANTIZATION_GROUP_SIZE") == group


def test_a_text_is_answered_alike_by_weights_of_8_bits(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    calls = write_program("text-classification", INT8, tiny_folder, tmp_path)
    program = open_program(tmp_path, INT8, 1)
    assert '"i8"' in (tmp_path / "openvino_model.xml").read_text()
    for call in calls:
        found = program(**call.inputs)["logits"].float().softmax(-1)
        assert torch.allclose(found, call.outputs["logits"].softmax(-1), atol=INT8.tolerance)
