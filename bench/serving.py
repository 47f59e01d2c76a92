"""Serves one checkpoint with Podium and with Gradio and loads both: `python -m bench.serving [text|image|audio ...]`.

Prints answers a second, p50 and p95 at 1, 8, 32 and 64 clients for each, in one run, taking turns; beside them the
ceiling, the best rate of the bare model with no server. Every request differs; each answer is checked for its form.
The known-answer cache is off. A chart of each kind goes to `docs/`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow

from bench.chart import bars
from bench.checkpoints import CHECKPOINTS
from bench.load import Ask, Connection, Figures, json_request, measure, table
from bench.rival import gradio_answer, gradio_served, gradio_upload
from bench.site import ROOT, Site, served

CLIENTS: Final = (1, 8, 32, 64)
GRADIO_BATCH: Final = 32
WORDS: Final = (6, 40)
"""Shortest and longest text, in words."""

PICTURE_SIDE: Final = 224
SOUND_S: Final = 2.0
RATE: Final = 16_000
PROSE: Final = (
    "the a film story quiet village old clock stopped when she left for sea and nobody knew why it rained all night "
    "good bad bright slow music voice scene actor ending never always almost perhaps but then again here there"
)
VOCABULARY: Final = PROSE.split()
"""Ordinary words: a token or two each."""


def text_of(number: int) -> str:
    """Return the text of a request: 6 to 40 words, different for every number."""
    rng = np.random.default_rng(number)
    words = rng.choice(VOCABULARY, int(rng.integers(WORDS[0], WORDS[1] + 1)))
    return f"{' '.join(words)} {number}."


def picture_of(number: int) -> bytes:
    """Return a PNG of smooth colours, different for every number."""
    rng = np.random.default_rng(number)
    small = Pillow.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8))
    file = io.BytesIO()
    small.resize((PICTURE_SIDE, PICTURE_SIDE), Pillow.Resampling.BICUBIC).save(file, "PNG", compress_level=1)
    return file.getvalue()


def sound_of(number: int) -> bytes:
    """Return a WAV of two seconds of noise, different for every number."""
    samples = np.random.default_rng(number).normal(0, 3000, int(SOUND_S * RATE)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def podium_asks(task_id: str, make: Callable[[int], Any], media_type: str) -> Ask:
    """Return what asks Podium over its API."""
    path = f"/api/tasks/{task_id}"

    async def ask(connection: Connection, number: int) -> bool:
        given = make(number)
        request = json_request(path, {"inputs": given}) if isinstance(given, str) else _raw(path, given, media_type)
        status, body = await connection.send(request)
        return status == 200 and "score" in json.loads(body)[0]

    return ask


def gradio_asks(make: Callable[[int], Any], name: str) -> Ask:
    """Return what asks Gradio by its own protocol."""

    async def ask(connection: Connection, number: int) -> bool:
        given = make(number)
        if isinstance(given, bytes):
            given = await gradio_upload(connection, name, given)
        return bool((await gradio_answer(connection, given)).get("confidences"))

    return ask


def ceiling(task_id: str, folder: Path, make: Callable[[int], Any], seconds: float) -> float:
    """Return the best rate of the bare model: its pipeline on batches of like lengths, with no server."""
    import torch
    from transformers import pipeline

    pipe = pipeline(task_id, model=str(folder), device="cpu", dtype=torch.bfloat16)
    best = 0.0
    for size in (1, 4, 8, 16, 32):
        inputs = sorted((make(number) for number in range(8 * size)), key=len)
        ready = [_opened(task_id, given) for given in inputs]
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            at = done % len(ready)
            pipe(ready[at : at + size], batch_size=size, top_k=3)
            done += size
        best = max(best, done / (time.perf_counter() - started))
    return best


def _opened(task_id: str, given: Any) -> Any:
    if task_id == "image-classification":
        return Pillow.open(io.BytesIO(given)).convert("RGB")
    if task_id == "audio-classification":
        samples = np.frombuffer(given[44:], "<i2").astype(np.float32) / 32768
        return {"raw": samples, "sampling_rate": RATE}
    return given


def _raw(path: str, data: bytes, media_type: str) -> tuple[str, dict[str, str], bytes]:
    return path, {"Content-Type": media_type}, data


LOADS: Final = {
    "text": ("text-classification", text_of, "application/json", ""),
    "image": ("image-classification", picture_of, "image/png", "picture.png"),
    "audio": ("audio-classification", sound_of, "audio/wav", "sound.wav"),
}


def compare(kind: str, folder: Path, seconds: float) -> list[tuple[str, Figures]]:
    """Load all servers of one kind, taking turns at each number of clients; return their figures."""
    task_id, make, media_type, name = LOADS[kind]
    checkpoint = CHECKPOINTS[kind](folder / "checkpoint")
    catalog = folder / "catalog.toml"
    catalog.write_text(f'[[model]]\npath = "checkpoint"\ntask = "{task_id}"\n')
    ask_podium, ask_gradio = podium_asks(task_id, make, media_type), gradio_asks(make, name)
    found: list[tuple[str, Figures]] = []
    environment = {"PODIUM_CATALOG": str(catalog), "PODIUM_ANSWER_CACHE_MB": "0", "PODIUM_API": "open"}
    with (
        served(folder / "data", environment) as site,
        gradio_served(kind, checkpoint, batch=0) as plain,
        gradio_served(kind, checkpoint, batch=GRADIO_BATCH) as batched,
    ):
        servers = (("Podium", _port(site), ask_podium), ("Gradio", plain, ask_gradio))
        servers += (("Gradio, batch=True", batched, ask_gradio),)
        for clients in CLIENTS:
            for server, port, ask in servers:
                figures = measure(port, ask, clients=clients, seconds=seconds)
                print(figures.row(f"{kind}: {server}"), flush=True)
                found.append((server, figures))
    best = ceiling(task_id, checkpoint, make, 3.0)
    print(f"\nceiling, the bare model in batches, bfloat16: {best:.0f} a second\n")
    _draw(kind, found, best)
    return found


def _draw(kind: str, found: Sequence[tuple[str, Figures]], best: float) -> None:
    groups = {
        f"{clients} client{'s' if clients > 1 else ''}": [
            (server, figures.per_second) for server, figures in found if figures.clients == clients
        ]
        for clients in CLIENTS
    }
    groups["no server"] = [("the bare model", best)]
    chart = bars(f"Answers a second: {LOADS[kind][0]}, one checkpoint, two cores", "", groups)
    (ROOT / "docs" / f"serving-{kind}.svg").write_text(chart)


def _port(site: Site) -> int:
    return int(site.url.rpartition(":")[2])


def ratios(found: Sequence[tuple[str, Figures]]) -> str:
    """Return how many times the other servers' rate Podium answers, and its share of their p95."""
    by_server = {(server, figures.clients): figures for server, figures in found}
    lines = []
    for (server, clients), theirs in by_server.items():
        if server != "Podium" and theirs.per_second:
            ours = by_server["Podium", clients]
            lines.append(
                f"{clients:3} clients: {ours.per_second / theirs.per_second:5.1f} times {server}'s rate, "
                f"{ours.p50_ms / theirs.p50_ms:.2f} of its p50, {ours.p95_ms / theirs.p95_ms:.2f} of its p95"
            )
    return "\n".join(lines)


def main() -> None:
    """Compare, and print tables and ratios."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for the bare model, too: idle threads that spin take the other's core
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["text"], help="text, image, audio")
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of each load")
    arguments = parser.parse_args()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(table([]))
    for kind in arguments.kinds:
        with tempfile.TemporaryDirectory() as folder:
            print(ratios(compare(kind, Path(folder), arguments.seconds)))


if __name__ == "__main__":
    main()
