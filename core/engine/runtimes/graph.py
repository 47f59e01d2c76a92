"""What an exported OpenVINO graph needs before it is kept: whole numbers where it counts, weights of 8 bits, its ports.

Owns these changes of a graph. Who exports it, and with what it is opened, is `core.engine.runtimes.exported`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

MOST: Final = 127
"""The largest number that a weight of 8 bits has; -128 is left out, so that zero stays zero."""

GROUPS: Final = range(32, 257, 32)
"""How many numbers that come in may be rounded to 8 bits by one scale. They have to divide a row, or it is left out.

Source: of a BERT 384 wide groups of 192 took 0.88 to 0.90 of the time of groups of 64, of one 768 wide 0.87 to 0.93, of
a ViT 192 wide 0.92, groups of 128 there 1.35. Those of 768 gained 0.05 more; but the coarser they are, the more one
large number costs those beside it.
"""

_ASKED_FOR: Final = ("runtime_options", "DYNAMIC_QUANTIZATION_GROUP_SIZE")
"""Where a graph says what it wants to be compiled with, for whoever compiles it with nothing else."""

_SMALLEST: Final = np.float32(1e-12)
"""Stands for the largest weight of a row in which all are zero."""


def count_in_whole_numbers(graph: Any) -> int:
    """Let a graph divide sizes as integers; return how many divisions there were.

    The exporter writes the floor of a division of integers as one of float32. Where the graph computes in bfloat16 that
    is rounded to eight bits: of a wav2vec 2.0, 53 frames became 52, and one length of a sound in four failed.
    """
    from openvino import opset13 as made  # type: ignore[import-untyped]  # it has no types

    changed = 0
    for node in graph.get_ordered_ops():
        found = _floored_division(node)
        if found is not None:
            dividend, divisor = found
            quotient = made.divide(dividend, made.constant(divisor, dividend.get_element_type()))  # rounds down
            _replace(node, quotient)
            changed += 1
    return changed


def quantize_weights(graph: Any) -> int:
    """Keep the weights of a graph's matrix products in 8 bits and a scale for each output; return how many there were.

    A processor that multiplies 8 bits then rounds what comes in as it comes, in groups, so that nothing has to be known
    of it before; the graph says how large these are. Convolutions and tables of embeddings stay as they are.
    """
    from openvino import opset13 as made

    changed, taken_in = 0, Counter[int]()
    for node in graph.get_ordered_ops():
        weights = _weights(node)
        if weights is not None:
            over_inputs = 1 if node.get_attributes()["transpose_b"] else 0
            scale = np.maximum(np.abs(weights).max(over_inputs, keepdims=True), _SMALLEST) / MOST
            rounded = made.constant(np.rint(weights / scale).astype(np.int8))
            product = made.multiply(made.convert(rounded, "f32"), made.constant(scale.astype(np.float32)))
            node.input(1).replace_source_output(product.output(0))
            changed += 1
            taken_in[weights.shape[over_inputs]] += weights.size
    if changed:
        graph.set_rt_info(str(_group(taken_in)), list(_ASKED_FOR))
    return changed


def _group(taken_in: Mapping[int, int]) -> int:
    """Return the largest group that fits nearly all weights, of which there are so many in rows of each length.

    Where none does, the one that fits most.
    """
    nearly_all = 0.9 * sum(taken_in.values())

    def fits(group: int) -> float:
        return min(nearly_all, sum(count for length, count in taken_in.items() if length % group == 0))

    return max(GROUPS, key=lambda group: (fits(group), group))


def _floored_division(node: Any) -> tuple[Any, int] | None:
    """Return what is divided and by what, if a node ends the way integer, float, times or by, floor, integer."""
    if node.get_type_name() != "Convert" or not node.output(0).get_element_type().is_integral():
        return None
    floor = _source(node, 0)
    if floor.get_type_name() != "Floor":
        return None
    division = _source(floor, 0)
    kind = division.get_type_name()
    if kind not in ("Multiply", "Divide"):
        return None
    dividend, by = _source(division, 0), _source(division, 1)
    if dividend.get_type_name() != "Convert" or by.get_type_name() != "Constant" or by.get_data().size != 1:
        return None
    whole = dividend.input(0).get_source_output()
    factor = float(by.get_data().item())
    divisor = round(1 / factor if kind == "Multiply" and factor else factor)
    exact = divisor * factor if kind == "Multiply" else factor / divisor if divisor else 0.0
    if not whole.get_element_type().is_integral() or divisor < 1 or abs(exact - 1) > 1e-6:
        return None
    return whole, divisor


def _weights(node: Any) -> Any:
    """Return the matrix of a product with a constant one, in float32; None for any other node."""
    if node.get_type_name() != "MatMul" or _source(node, 1).get_type_name() != "Constant":
        return None
    weights = _source(node, 1).get_data()
    return weights if weights.ndim == 2 and weights.dtype == np.float32 else None


def _source(node: Any, place: int) -> Any:
    return node.input(place).get_source_output().get_node()


def _replace(node: Any, other: Any) -> None:
    for reader in node.output(0).get_target_inputs():
        reader.replace_source_output(other.output(0))


def cut_outputs(graph: Any, named: str) -> None:
    """Leave a graph only the outputs that have this in their names, and what these are made of."""
    for port in graph.outputs:
        if named not in port.get_any_name():
            graph.remove_result(port.get_node())
    _cut_unused_inputs(graph)


def take_from_outside(graph: Any, named: str) -> None:
    """Have a graph be given what it would keep from one question to the next, where that has this in its name.

    Its rows are then those of the question, whichever went on, and as long as they come.
    """
    from openvino import PartialShape
    from openvino import opset13 as made

    keepers = {sink.get_variable_id(): sink for sink in graph.get_sinks()}
    variables = {variable.info.variable_id: variable for variable in graph.get_variables()}
    given = []
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "ReadValue" or named not in node.get_variable_id():
            continue
        kept_as = node.get_variable_id()
        _, heads, _, width = node.output(0).get_partial_shape()
        parameter = made.parameter(PartialShape([-1, heads, -1, width]), node.output(0).get_element_type())
        parameter.output(0).get_tensor().set_names({kept_as.rpartition("output.")[2]})
        (rows,) = (target.get_node() for target in node.output(0).get_target_inputs())
        graph.remove_sink(keepers[kept_as])
        graph.remove_variable(variables[kept_as])
        rows.output(0).replace(parameter.output(0))
        given.append(parameter)
    graph.add_parameters(given)
    _cut_unused_inputs(graph)
    graph.validate_nodes_and_infer_types()


def with_narrow_ports(graph: Any, named: str) -> Any:
    """Return a copy of a graph that is given, and gives, in bfloat16 what has this in its name."""
    from openvino import Type
    from openvino.preprocess import PrePostProcessor  # type: ignore[import-untyped]

    narrow = PrePostProcessor(graph.clone())
    for ports, at in ((graph.inputs, narrow.input), (graph.outputs, narrow.output)):
        for name in (port.get_any_name() for port in ports):
            if named in name:
                at(name).tensor().set_element_type(Type.bf16)
    return narrow.build()


def _cut_unused_inputs(graph: Any) -> None:
    for parameter in graph.get_parameters():
        if not parameter.output(0).get_target_inputs():
            graph.remove_parameter(parameter)
