"""A model as a program of ONNX Runtime or OpenVINO: exported once, kept in a folder, put in its module's place.

Owns the way there and back; transformers' own exporters do the work. Knows no task.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any, Final

from core.engine.lanes import MOST, runs_side_by_side
from core.engine.precision import multiplies_bfloat16
from core.engine.room import is_out_of_memory
from core.engine.runtimes.graph import count_in_whole_numbers, quantize_weights
from core.engine.runtimes.lengths import Lengthening, shortened
from core.engine.runtimes.openvino_setup import prepare_openvino
from core.engine.runtimes.probe import Call, tensors_of
from core.engine.runtimes.rungs import Rung

log = logging.getLogger(__name__)

SIZES: Final = 512
"""Operations prepared for one size of input that OpenVINO keeps, each time that a program is opened.

Source: two threads asking a BERT for 1,800 batches of 1 to 16 texts of 8 to 50 tokens, none lengthened: with its own
5,000 the process stood at 770 MB at the end and grew; with 512 at 480, and answered 6 to 9 % less. Texts lengthened as
`core.engine.runtimes.lengths` does have so few sizes that either is enough; this bounds those of sounds.
"""

Program = Callable[..., Any]
"""Given by name what the model it was made of is given, returns what that would."""


def export(model: Any, rung: Rung, sample: Call, folder: Path) -> None:
    """Write a model's program into a folder, for inputs of any size.

    Args:
        sample: the largest question that is known; its sizes stand for all.

    Raises: whatever the exporter does: not every architecture can be exported.
    """
    from transformers.exporters import (
        OnnxConfig,
        OnnxExporter,
        OnnxRuntimeDynamicConfig,
        OnnxRuntimeQuantizer,
        OpenVINOConfig,
        OpenVINOExporter,
    )

    if rung.runtime == "onnx":
        quantizer = OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig(per_channel=True))
        made = OnnxExporter().export(
            model, dict(sample.inputs), OnnxConfig(dynamic=True, ort_fusions="cpu", quantizer=quantizer)
        )
    else:
        made = OpenVINOExporter().export(model, dict(sample.inputs), OpenVINOConfig(dynamic=True))
        finish_graph(made.program, rung)
    made.save_pretrained(folder)


def finish_graph(graph: Any, rung: Rung) -> None:
    """Make of an exported graph of OpenVINO what its rung computes."""
    count_in_whole_numbers(graph)
    if rung.dtype == "int8":
        quantize_weights(graph)


def open_program(folder: Path, rung: Rung, threads: int) -> Program:
    """Return a program ready to be called with tensors by name, by several threads at a time.

    A run alone has all of the threads. Runs side by side have a part of them each: of one with all, threads wait for
    each other after every operation, and for whoever else has a processor. The program is opened anew for that, when it
    first happens: batches of four were then answered 10 to 17 % faster by OpenVINO (a BERT, a ViT), single ones up to
    37 %; batches of eight 22 % faster by ONNX Runtime.
    """
    opened = partial(_open_onnx if rung.runtime == "onnx" else _open_openvino, folder, rung, threads)
    ways = {1: opened(1)}
    opening, own = threading.Lock(), threading.local()

    def way_for(runs: int) -> Callable[[], Program]:
        with opening:
            if runs not in ways:
                try:
                    ways[runs] = opened(runs)
                except Exception as err:  # its files may be gone by now, or memory short: what is open goes on
                    log.warning("A program cannot be opened for %d runs side by side", runs, exc_info=err)
                    ways[runs] = ways[1]
            return ways[runs]

    def ask(**inputs: Any) -> Any:
        if not hasattr(own, "programs"):
            own.programs = {}
        runs = min(runs_side_by_side(), threads)
        if runs not in own.programs:
            own.programs[runs] = way_for(runs)()
        return own.programs[runs](**tensors_of(inputs))

    return ask


def _open_onnx(folder: Path, _: Rung, threads: int, runs: int) -> Callable[[], Program]:
    """Open a program of ONNX Runtime for so many runs at a time; return what gives each thread its way to ask it."""
    import onnxruntime  # type: ignore[import-untyped]  # it has no types
    from transformers.exporters import ExportedModel

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads // runs  # it would start as many as the machine has processors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the processor
    made = ExportedModel.from_pretrained(folder, device="cpu", local_files_only=True, session_options=options)
    asked = _with_arrays(next(iter(made.runners.values())))
    return lambda: asked


def _with_arrays(runner: Any) -> Program:
    """Return what asks ONNX Runtime with numpy's arrays, on tensors' own memory."""
    import torch

    session, names = runner.session, [spec.name for spec in runner.session.get_inputs()]

    def ask(**inputs: Any) -> Any:
        found = session.run(None, _arrays(runner, names, inputs))
        return runner.unflatten([torch.from_numpy(array) for array in found])

    return ask


def _arrays(runner: Any, names: Sequence[str], inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arrays that a program is asked with, by the names that it knows them by.

    The runners' own calls bring each input there by operations of torch, every one of which lets go of the interpreter:
    behind a busy server a batch waited for it a dozen times, and so only once.
    """
    from transformers.exporters.utils import onnx_inputs

    traced = {name: tensor for name, tensor in inputs.items() if name in runner.metadata.kwargs}
    return {name: leaf.numpy() for name, leaf in onnx_inputs(names, traced).items()}


def _open_openvino(folder: Path, rung: Rung, threads: int, runs: int) -> Callable[[], Program]:
    """Open a program of OpenVINO for so many runs at a time; return what gives each thread its way to ask it.

    That is a request of its own: one answers one question at a time.
    """
    from transformers import AutoConfig
    from transformers.exporters.runners.runner_openvino import openvino_output_tensor

    runner = compiled(folder, rung, threads, {"NUM_STREAMS": runs})["model"]
    places = {name: place for place, port in enumerate(runner.compiled_model.inputs) for name in port.get_names()}
    outputs = [(port, _axes_of_texts(port)) for port in runner.compiled_model.outputs]
    lengthening = Lengthening.of(AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False))

    def for_a_thread() -> Program:
        request = runner.compiled_model.create_infer_request()

        def ask(**inputs: Any) -> Any:
            arrays, length, longer = _arrays(runner, list(places), inputs), 0, 0
            if lengthening is not None:
                arrays, length, longer = lengthening.lengthened(arrays)
            found = request.infer({places[name]: array for name, array in arrays.items()}, share_inputs=True)
            answers = [(shortened(found[port], axes, length, longer), port) for port, axes in outputs]
            return runner.unflatten([openvino_output_tensor(array, port) for array, port in answers])

        return ask

    return for_a_thread


def is_narrow(rung: Rung) -> bool:
    """Return whether a program of OpenVINO computes in bfloat16 here what it does not compute in 8 bits."""
    return rung.dtype == "bfloat16" or (rung.dtype == "int8" and multiplies_bfloat16())


def compiled(folder: Path, rung: Rung, threads: int, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return transformers' runners of OpenVINO's programs in a folder, by name, compiled for a rung and with options.

    A program that is alone is called model.
    """
    from transformers.exporters import ExportedModel

    config = {
        "INFERENCE_PRECISION_HINT": "bf16" if is_narrow(rung) else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "CPU_RUNTIME_CACHE_CAPACITY": SIZES,
        **options,
    }
    prepare_openvino()
    made = ExportedModel.from_pretrained(folder, device="cpu", local_files_only=True, config=config)
    runners: Mapping[str, Any] = made.runners
    return runners


def _axes_of_texts(port: Any) -> list[int]:
    """Return the axes of an output, beyond the first, whose size depends on what is asked."""
    shape = port.get_partial_shape()
    known = range(1, shape.rank.get_length()) if shape.rank.is_static else ()
    return [axis for axis in known if shape[axis].is_dynamic]


def size_bytes(folder: Path, threads: int) -> int:
    """Return what a program takes in memory at most: about what it weighs on disk, each time that it is opened."""
    return sum(file.stat().st_size for file in folder.iterdir()) * min(MOST, threads)


def put_in_place(
    model: Any, program: Program, instead: Callable[[Exception], Any], *, encoder: Program | None = None
) -> None:
    """Have a module answer with a program, and let its own weights go.

    Args:
        instead: called when a program fails, with its error; returns the module, weights and all, that answers then
            and from then on. No program was tried with inputs of every size.
        encoder: answers in place of the part of the module that reads, which `generate` asks by itself.
    """
    import torch

    dtype, device = model.dtype, model.device
    giving_up, others = threading.Lock(), list[Any]()
    parts: dict[Callable[[Any], Any], Program] = {_itself: program}
    if encoder is not None:
        parts[_encoder_of] = encoder

    def answered_by(part: Callable[[Any], Any], program: Program) -> Program:
        @wraps(part(model).forward)  # transformers asks it what a module takes
        def forward(**inputs: Any) -> Any:
            try:
                return program(**inputs)
            except Exception as err:
                if is_out_of_memory(err):
                    raise  # a smaller batch may fit; nothing is wrong with the program
                failure = err
            with giving_up:  # two threads may find out at the same time
                if not others:
                    others.append(instead(failure))
                    for one in parts:
                        one(model).forward = one(others[0]).forward
            if _has_read(inputs):
                raise failure  # what came before is the program's; the next text is begun by what answers instead
            return part(others[0]).forward(**inputs)

        return forward

    forwards = {part: answered_by(part, its) for part, its in parts.items()}
    model.to("meta")
    # What is asked of a module is where its first parameter stands and what it computes in.
    model.register_parameter("stands_for_all", torch.nn.Parameter(torch.zeros(1, dtype=dtype, device=device), False))
    for part, forward in forwards.items():
        part(model).forward = forward


def _itself(model: Any) -> Any:
    return model


def _encoder_of(model: Any) -> Any:
    return model.get_encoder()


def _has_read(inputs: Mapping[str, Any]) -> bool:
    """Return whether a question goes on from what a program has read and kept."""
    cache = inputs.get("past_key_values")
    return cache is not None and cache.get_seq_length() > 0


def remove(folder: Path) -> None:
    """Remove a program that nobody will run."""
    shutil.rmtree(folder, ignore_errors=True)
