"""What a call costs beyond the bare pipeline: `python -m bench.overhead [calls]`.

One client calls a server in a process of its own, and a second process runs the bare pipeline of transformers on the
same inputs, the two taking turns; both read the file, both compute in float32 with as many threads. Prints the time
of a call as its client sees it, p50 and p99, and the processor time it takes, which changes less on a busy machine.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection as Channel
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow

from bench.inputs import sound_of, text_of
from bench.load import Connection, Request, json_request
from bench.site import Site, served, wait_until_warm
from core.engine.torch_setup import allowed_cpus

ROOT: Final = Path(__file__).resolve().parent.parent

TURNS: Final = 10
"""How often server and bare pipeline take turns."""

WARM_UP: Final = 10
"""Calls of each before anything is counted."""

ALIKE: Final = {"PODIUM_ANSWER_CACHE_MB": "0", "PODIUM_RUNTIME": "torch"}
"""The server computes what the bare pipeline does, each time, and with the same library."""

SIZE: Final = (1280, 960)
SOUND_S: Final = 10.0


def picture_of(number: int) -> bytes:
    """Return a photograph's worth of JPEG, about 1 MB, different for every number."""
    pixels = np.random.default_rng(number).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "JPEG", quality=82)
    return file.getvalue()


def _opened_picture(data: bytes) -> Any:
    return Pillow.open(io.BytesIO(data)).convert("RGB")


def _opened_sound(data: bytes) -> Any:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return {"raw": samples, "sampling_rate": rate}


@dataclass(frozen=True)
class Kind:
    """Say what is sent to which model, and how it is opened for the bare pipeline."""

    title: str
    task_id: str
    model_id: str
    make: Callable[[int], Any]
    media_type: str
    opened: Callable[[Any], Any]

    def request(self, number: int) -> Request:
        """Return the call of that number."""
        path, given = f"/api/models/{self.model_id}", self.make(number)
        if isinstance(given, str):
            return json_request(path, {"inputs": given})
        return path, {"Content-Type": self.media_type}, given


KINDS: Final = (
    Kind("text, JSON", "text-classification", "starters/sentiment", text_of, "application/json", str),
    Kind(
        "picture, 1 MB",
        "image-classification",
        "starters/handwritten-digits",
        picture_of,
        "image/jpeg",
        _opened_picture,
    ),
    Kind(
        "sound, 10 s",
        "audio-classification",
        "starters/spoken-digits",
        partial(sound_of, seconds=SOUND_S),
        "audio/wav",
        _opened_sound,
    ),
)


@dataclass
class Times:
    """Gather the times of calls, in ms: as the caller sees them, and of the processor in all."""

    calls_ms: list[float] = field(default_factory=list)
    processor_ms: float = 0.0

    def figures(self) -> tuple[float, float, float]:
        """Return p50, p99 and the processor time of a call."""
        quantile = statistics.quantiles(self.calls_ms, n=100)
        return quantile[49], quantile[98], self.processor_ms / len(self.calls_ms)


def bare(channel: Channel, at: int) -> None:
    """Run the bare pipeline on the inputs whose numbers come over the channel, until None does."""
    import torch
    from transformers import pipeline

    torch.set_num_threads(allowed_cpus())
    kind = KINDS[at]
    pipe = pipeline(kind.task_id, str(ROOT / "models" / kind.model_id), device="cpu", dtype=torch.float32)
    while (numbers := channel.recv()) is not None:
        given = [kind.make(number) for number in numbers]
        times, before_s = Times(), time.process_time()
        for one in given:
            started = time.perf_counter()
            pipe(kind.opened(one))
            times.calls_ms.append(1000 * (time.perf_counter() - started))
        times.processor_ms = 1000 * (time.process_time() - before_s)
        channel.send(times)


async def called(site: Site, kind: Kind, numbers: Sequence[int]) -> Times:
    """Call the server with the inputs of these numbers, one after the other.

    Raises: RuntimeError if an answer is not one.
    """
    times, requests = Times(), [kind.request(number) for number in numbers]
    connection = Connection(int(site.url.rpartition(":")[2]))
    before_ms = processor_ms(site.process.pid)
    for request in requests:
        started = time.perf_counter()
        status, body = await connection.send(request)
        times.calls_ms.append(1000 * (time.perf_counter() - started))
        if status != 200:
            raise RuntimeError(f"{request[0]}: {status} {body[:300]!r}")
    times.processor_ms = processor_ms(site.process.pid) - before_ms
    connection.close()
    return times


def processor_ms(pid: int) -> float:
    """Return the processor time that a process has taken. Source: proc_pid_stat(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(site: Site, at: int, calls: int) -> tuple[Times, Times]:
    """Return the times of a call and of the bare pipeline."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=bare, args=(there, at), daemon=True)
    process.start()
    found = Times(), Times()
    numbers = iter(range(10**6))
    for turn in range(TURNS + 1):
        some = [next(numbers) for _ in range(calls // TURNS if turn else WARM_UP)]
        here.send(some)
        for gathered, times in zip(found, (here.recv(), asyncio.run(called(site, KINDS[at], some))), strict=True):
            if turn:
                gathered.calls_ms += times.calls_ms
                gathered.processor_ms += times.processor_ms
    here.send(None)
    process.join()
    return found[1], found[0]


def main() -> None:
    """Measure, and print the table."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    load = os.getloadavg()[0]
    print(
        f"machine: {os.cpu_count()} cores, load {load:.1f}, {platform.machine()}, Python {platform.python_version()};"
        f" {calls} calls each\n"
    )
    columns = (
        "call p50 | call p99 | call CPU | bare p50 | bare p99 | bare CPU | beyond, p50 | beyond, p99 | beyond, CPU"
    )
    print(f"| ms | {columns} |\n" + "| --- " * 10 + "|")
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as Home.py has it: threads that wait take no processor time
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), ALIKE) as site:
        wait_until_warm(site)
        for at, kind in enumerate(KINDS):
            call, pipe = (times.figures() for times in compare(site, at, calls))
            beyond = [one - other for one, other in zip(call, pipe, strict=True)]
            row = " | ".join(f"{number:.2f}" for number in (*call, *pipe, *beyond))
            print(f"| {kind.title} | {row} |", flush=True)


if __name__ == "__main__":
    main()
