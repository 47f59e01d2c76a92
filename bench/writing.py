"""Serves one decoder with Podium and with Gradio and has both write: `python -m bench.writing`.

Prints answers of 64 tokens a second, p50 and p95 at 1, 4 and 16 clients for each, in one run, taking turns: Podium
as its survey left the model, and computed by PyTorch alone; Gradio one by one, and in batches. Every prompt differs;
always the likeliest token is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Final

from bench.checkpoints import CHECKPOINTS
from bench.inputs import text_of
from bench.load import Ask, Connection, Request, json_request, measure, table
from bench.rival import gradio_answer, gradio_served
from bench.serving import GRADIO_BATCH, settled
from bench.site import served

CLIENTS: Final = (1, 4, 16)
TASK_ID: Final = "text-generation"
TOKENS: Final = 64


def podium_request(number: int) -> Request:
    """Return the call of a number."""
    parameters = {"max_new_tokens": TOKENS, "do_sample": False}
    return json_request(f"/api/tasks/{TASK_ID}", {"inputs": text_of(number), "parameters": parameters})


async def ask_podium(connection: Connection, number: int) -> bool:
    """Ask Podium; return whether a text came."""
    status, body = await connection.send(podium_request(number))
    return status == 200 and bool(json.loads(body)["generated_text"])


async def ask_gradio(connection: Connection, number: int) -> bool:
    """Ask Gradio; return whether a text came."""
    return bool(await gradio_answer(connection, text_of(number)))


def main() -> None:
    """Compare, and print the table."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for Gradio, too: idle threads that spin take the other's core
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of each load")
    seconds = parser.parse_args().seconds
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = CHECKPOINTS["writing"](folder / "checkpoint")
        catalog = folder / "catalog.toml"
        catalog.write_text(f'[[model]]\npath = "checkpoint"\ntask = "{TASK_ID}"\n')
        environment = {"PODIUM_CATALOG": str(catalog), "PODIUM_ANSWER_CACHE_MB": "0", "PODIUM_API": "open"}
        with (
            served(folder / "data", environment) as surveyed,
            served(folder / "torch", environment | {"PODIUM_RUNTIME": "torch", "PODIUM_DTYPE": "float32"}) as plain,
            gradio_served("writing", checkpoint, batch=0) as alone,
            gradio_served("writing", checkpoint, batch=GRADIO_BATCH) as batched,
        ):
            print(f"{settled(surveyed, TASK_ID, podium_request)}\n\n{table([])}")
            servers: list[tuple[str, int, Ask]] = [
                ("Podium", surveyed.port, ask_podium),
                ("Podium, PyTorch in float32", plain.port, ask_podium),
                ("Gradio", alone, ask_gradio),
                ("Gradio, batch=True", batched, ask_gradio),
            ]
            for clients in CLIENTS:
                for server, port, ask in servers:
                    print(measure(port, ask, clients=clients, seconds=seconds).row(server), flush=True)


if __name__ == "__main__":
    main()
