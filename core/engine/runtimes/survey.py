"""Tries every rung on one model and writes down what it found: `python -m core.engine.runtimes.survey`.

Owns the order of a survey: plain float32 first, which all others have to agree with, then each rung converted,
compared and timed. A process of its own, so that neither a conversion's seconds of Python nor its memory, nor a
library that crashes, are the server's.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from core.engine.allocator import trim_memory
from core.engine.budget import resident_bytes
from core.engine.lanes import keep_apart, lanes_of, share_processors
from core.engine.precision import Dtype
from core.engine.runtimes import exported
from core.engine.runtimes.findings import PROGRAM, Tried, write
from core.engine.runtimes.lengths import lengthen
from core.engine.runtimes.openvino_setup import prepare_openvino
from core.engine.runtimes.probe import Call, asked, difference, largest_question, numbers, sizes_not_seen
from core.engine.runtimes.rungs import PLAIN, Rung, candidates, is_installed
from core.engine.runtimes.writers import writes
from core.engine.runtimes.writing import tried_writing
from core.engine.torch_setup import prepare_torch
from core.tasks import get_task
from core.tasks.spec import Checkpoint, Task

ROUNDS: Final = 3
"""How often the probe is timed; the fastest round counts, as others may share the machine."""

WORTH: Final = 0.9
"""A rung has to take less than this of plain float32's time: what is not faster brings only risk."""

Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Surveyed:
    """Hold a model under survey: its task, the loaded pipe in plain float32, and what it is asked for the probe.

    Args:
        unseen: questions of sizes that none of the calls has, of those that the model takes.
    """

    task: Task
    pipe: Any
    calls: Sequence[Call]
    unseen: Sequence[Mapping[str, Any]]


def survey(task: Task, checkpoint: Path, rungs: Sequence[Rung], threads: int, folder: Path) -> list[Tried]:
    """Try each rung on a checkpoint; leave the program of the one that won in `folder`."""
    import torch

    def make(dtype: str) -> Any:
        return task.load(Checkpoint(checkpoint, cast(Dtype, dtype), "cpu"))  # int8 is no rung of torch's

    pipe = make(PLAIN.dtype)
    pipe.model.eval()
    if writes(pipe.model):
        del pipe  # one at a time
        return _chosen(tried_writing(task, make, rungs, threads, folder), folder)
    with torch.inference_mode():
        calls = asked(task, pipe)
        unseen = [question for question in sizes_not_seen(calls) if _takes(pipe.model, question)] if calls else []
    if not calls:
        note = "its task asks the model in more ways than a program answers"
        return [Tried(rung.name, "skipped", note) for rung in rungs if rung is not PLAIN]
    model = Surveyed(task, pipe, calls, unseen)
    # Lower precision in torch comes last: it changes the weights that the others are made of.
    order = sorted(rungs, key=lambda rung: (rung.runtime == "torch", rung is not PLAIN))
    tried = [_try(model, rung, threads, folder / rung.name.replace(" ", "-")) for rung in order]
    return _chosen(tried, folder)


def _try(model: Surveyed, rung: Rung, threads: int, folder: Path) -> Tried:
    """Convert, compare and time a rung."""
    if not is_installed(rung):
        return Tried.missing(rung)
    try:
        if rung.runtime != "torch":
            exported.export(model.pipe.model, rung, largest_question(model.calls), folder)
        if rung.runtime == "openvino":
            prepare_openvino()  # what all of its programs share is not to be taken for one's own memory
        trim_memory()  # what a conversion leaves behind would be taken again unseen
        before = resident_bytes()
        ask = _asks_torch(model, rung) if rung.runtime == "torch" else _asks_program(rung, threads, folder)
        largest, problem = difference(model.calls, ask)
        if problem or (rung is not PLAIN and largest > rung.tolerance):
            return Tried(rung.name, "disagrees", problem or f"a score differs by {largest:.3f}", 0.0, largest)
        took_ms = _probe_ms(model.calls, ask, lanes_of(model.task), model.unseen)
        grown_bytes = 0 if rung.runtime == "torch" else max(0, resident_bytes() - before)
        return Tried(rung.name, "slower", "", took_ms, largest, grown_bytes)
    except Exception as err:  # exporters raise whatever the libraries below them do
        return Tried.failed(rung, model.task.id, err)


def _asks_torch(model: Surveyed, rung: Rung) -> Ask:
    """Return how torch is asked."""
    import torch

    dtype = getattr(torch, rung.dtype)
    torch_model = model.pipe.model.to(dtype)
    keep_apart(torch_model)  # only now: an exporter follows no lock
    if rung.dtype == "bfloat16":
        lengthen(torch_model)

    def ask(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        cast = {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}
        with torch.inference_mode():
            found: Mapping[str, Any] = torch_model(**cast)
        return found

    return ask


def _asks_program(rung: Rung, threads: int, folder: Path) -> Ask:
    """Return how a program is asked."""
    program = exported.open_program(folder, rung, threads)

    def ask_program(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = program(**inputs)
        return found

    return ask_program


def _takes(model: Any, question: Mapping[str, Any]) -> bool:
    """Return whether a model answers a question of a size that its task may never ask it."""
    try:
        model(**question)
    except Exception:  # whatever a model does with what it was not made for
        return False
    return True


def _probe_ms(calls: Sequence[Call], ask: Ask, lanes: int, unseen: Sequence[Mapping[str, Any]]) -> float:
    """Return the milliseconds that all calls take together at their best, and as much again of sizes not seen yet.

    A visitor's text has a length of its own, and some libraries prepare themselves for each: OpenVINO was as fast as
    ONNX Runtime for a BERT on sizes that it had seen, and took four times as long with others.

    Args:
        lanes: how many runs a server has side by side. A lone visitor's run has the machine for itself, those of many
            have not, so that half of what counts is the time of a run alone and half its share of runs side by side:
            alone, OpenVINO took 0.87 of ONNX Runtime's time for a BERT, and answered 250 texts a second where that
            answered 300.
        unseen: questions of those sizes.
    """
    questions = [call.inputs for call in calls]
    _seconds(questions, ask)  # whatever is prepared once is prepared now
    best = _seconds(questions, ask)
    new = _seconds(unseen, ask) * _share(questions, unseen) if unseen else 0.0
    best = min(best, *(_seconds(questions, ask) for _ in range(ROUNDS - 1)))
    if lanes > 1:
        best = (best + _seconds_beside(questions, ask, lanes)) / 2
    return 1000 * (best + new)


def _share(questions: Sequence[Mapping[str, Any]], unseen: Sequence[Mapping[str, Any]]) -> float:
    """Return what part of the unseen is as much as the questions: of texts it is four times as much, all in batches."""
    held = sum(map(numbers, questions))
    return held / max(held, sum(map(numbers, unseen)))


def _seconds_beside(questions: Sequence[Mapping[str, Any]], ask: Ask, lanes: int) -> float:
    """Return what the questions take at their best when so many threads ask them all at once, as one thread's share."""
    with ThreadPoolExecutor(lanes, initializer=share_processors, initargs=(lanes,)) as threads:
        together = threading.Barrier(lanes)

        def ask_all(_: int) -> None:
            together.wait()
            _seconds(questions, ask)

        def once() -> float:
            started = time.perf_counter()
            list(threads.map(ask_all, range(lanes)))
            return (time.perf_counter() - started) / lanes

        once()  # each thread prepares what is its own
        return min(once() for _ in range(ROUNDS))


def _seconds(questions: Sequence[Mapping[str, Any]], ask: Ask) -> float:
    started = time.perf_counter()
    for inputs in questions:
        ask(inputs)
    return time.perf_counter() - started


def _chosen(tried: Sequence[Tried], folder: Path) -> list[Tried]:
    """Return what was tried, the fastest marked as chosen; remove the programs of the others."""
    ran = [one for one in tried if one.verdict == "slower"]
    plain = next((one for one in ran if one.rung == PLAIN.name), None)
    faster = [one for one in ran if plain is None or one is plain or one.probe_ms < WORTH * plain.probe_ms]
    best = min(faster, key=lambda one: one.probe_ms, default=None)
    for one in tried:
        program = folder / one.rung.replace(" ", "-")
        if one is best and program.is_dir():
            program.rename(folder / PROGRAM)
        else:
            exported.remove(program)
    return [replace(one, verdict="chosen") if one is best else one for one in tried]


def _stand_back(server: int) -> None:
    """Leave the processors to everybody else, and end with the server, however that ends.

    Source: prctl(2), PR_SET_PDEATHSIG; other systems than Linux have nothing like it.
    """
    os.nice(19)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != server:  # it has ended already
            sys.exit(1)


def main() -> None:
    """Survey the model that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", help="the id of the task")
    parser.add_argument("checkpoint", type=Path, help="the folder of the checkpoint")
    parser.add_argument("folder", type=Path, help="where the finding is written")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--server", type=int, default=os.getppid(), help="the process whose end is this one's, too")
    given = parser.parse_args()
    _stand_back(given.server)
    prepare_torch()
    rungs = candidates(given.runtime, given.dtype)
    write(given.folder, survey(get_task(given.task), given.checkpoint, rungs, given.threads, given.folder))


if __name__ == "__main__":
    main()
