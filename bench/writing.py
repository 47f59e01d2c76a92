"""Serves one checkpoint that writes with Podium and with Gradio: `python -m bench.writing [KIND ...]`.

Kinds: writing, a decoder of 64 tokens after a text; answering, the same that draws and ends after 64 tokens on average,
256 at most; translating, a T5 of 40 tokens with four beams; hearing, a Whisper of 40 tokens with the five beams of
transformers' pipeline. Prints answers a second, p50 and p95 at 1, 4 and 16 clients for each, in one run, taking turns:
Podium as its survey left the model, and computed by PyTorch alone; Gradio one by one, and in batches. Every input
differs; but for answering nothing is drawn.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.checkpoints import CHECKPOINTS
from bench.inputs import sound_of, text_of
from bench.load import Ask, Connection, Request, json_request, measure, table
from bench.rival import gradio_answer, gradio_served, gradio_upload
from bench.serving import GRADIO_BATCH, settled
from bench.site import served

CLIENTS: Final = (1, 4, 16)


@dataclass(frozen=True)
class Kind:
    """Say what is asked of a checkpoint.

    Args:
        make: makes the input of a number: a text, or a sound's bytes.
        parameters: what Podium is told so that it does what Gradio's function does.
        answer: where its answer has the text.
    """

    task_id: str
    make: Callable[[int], str | bytes]
    parameters: Mapping[str, Any]
    answer: str

    def podium_request(self, number: int) -> Request:
        """Return the call of a number."""
        given = self.make(number)
        inputs = given if isinstance(given, str) else base64.b64encode(given).decode()
        return json_request(f"/api/tasks/{self.task_id}", {"inputs": inputs, "parameters": dict(self.parameters)})

    async def ask_podium(self, connection: Connection, number: int) -> bool:
        """Ask Podium; return whether a text came."""
        status, body = await connection.send(self.podium_request(number))
        return status == 200 and bool(json.loads(body)[self.answer])

    async def ask_gradio(self, connection: Connection, number: int) -> bool:
        """Ask Gradio; return whether a text came."""
        given = self.make(number)
        sent = given if isinstance(given, str) else await gradio_upload(connection, "sound.wav", given)
        return bool(await gradio_answer(connection, sent))


_DRAWN: Final = {"max_new_tokens": 256, "do_sample": True, "temperature": 1.0, "top_p": 1.0, "top_k": 500}

KINDS: Final[Mapping[str, Kind]] = {
    "writing": Kind("text-generation", text_of, {"max_new_tokens": 64, "do_sample": False}, "generated_text"),
    "answering": Kind("text-generation", text_of, _DRAWN, "generated_text"),
    "translating": Kind("translation", text_of, {"max_new_tokens": 40, "num_beams": 4}, "translation_text"),
    "hearing": Kind("automatic-speech-recognition", sound_of, {"return_timestamps": False}, "text"),
}


def compare(name: str, folder: Path, seconds: float) -> None:
    """Load all servers of one kind, taking turns at each number of clients; print their figures."""
    kind = KINDS[name]
    checkpoint = CHECKPOINTS[name](folder / "checkpoint")
    catalog = folder / "catalog.toml"
    catalog.write_text(f'[[model]]\npath = "checkpoint"\ntask = "{kind.task_id}"\n')
    environment = {"PODIUM_CATALOG": str(catalog), "PODIUM_ANSWER_CACHE_MB": "0", "PODIUM_API": "open"}
    with (
        served(folder / "data", environment) as surveyed,
        served(folder / "torch", environment | {"PODIUM_RUNTIME": "torch", "PODIUM_DTYPE": "float32"}) as plain,
        gradio_served(name, checkpoint, batch=0) as alone,
        gradio_served(name, checkpoint, batch=GRADIO_BATCH) as batched,
    ):
        print(f"{settled(surveyed, kind.task_id, kind.podium_request)}\n\n{table([])}")
        servers: list[tuple[str, int, Ask]] = [
            ("Podium", surveyed.port, kind.ask_podium),
            ("Podium, PyTorch in float32", plain.port, kind.ask_podium),
            ("Gradio", alone, kind.ask_gradio),
            ("Gradio, batch=True", batched, kind.ask_gradio),
        ]
        for clients in CLIENTS:
            for server, port, ask in servers:
                figures = measure(port, ask, clients=clients, seconds=seconds)
                print(figures.row(f"{name}: {server}"), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, and print the tables."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for Gradio, too: idle threads that spin take the other's core
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help=", ".join(KINDS))
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of each load")
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    for name in chosen.kinds:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, Path(folder), chosen.seconds)


if __name__ == "__main__":
    main()
