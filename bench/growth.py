"""Shows how a Podium grows: `python -m bench.growth` doubles its clients from 1 to 256 and its models from 1 to 16.

Prints answers a second, p50, p95, errors and the server's memory at each step, in one run, and draws
`docs/growth.svg`. Clients ask one model over the API; models, alike but each with weights of its own, are asked in
turn by 16 clients, so that no two requests in a row can share a batch. Every text differs, the known-answer cache is
off, and the load generator has the same processors as the server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.chart import bars
from bench.inputs import text_of
from bench.load import Ask, Connection, Figures, json_request, measure
from bench.reruns import catalog_of
from bench.serving import settled
from bench.site import ROOT, served
from bench.startup import memory_mb

CLIENTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MODELS: Final = (1, 2, 4, 8, 16)
CLIENTS_OF_MODELS: Final = 16

TASK: Final = "text-classification"


def asks(models: int) -> Ask:
    """Return what asks so many models in turn."""

    async def ask(connection: Connection, number: int) -> bool:
        path = f"/api/tasks/{TASK}?model=model-{number % models}"
        status, body = await connection.send(json_request(path, {"inputs": text_of(number)}))
        return status == 200 and "score" in json.loads(body)[0]

    return ask


def grow(seconds: float) -> tuple[list[tuple[Figures, float]], list[tuple[Figures, float]]]:
    """Serve, load, and return the figures with the memory in MB: by clients, then by models."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            "PODIUM_CATALOG": str(catalog_of(folder, max(MODELS))),
            "PODIUM_ANSWER_CACHE_MB": "0",
            "PODIUM_API": "open",
            "PODIUM_QUEUE_LIMIT": "512",
        }
        with served(folder / "data", environment) as site:
            port = int(site.url.rpartition(":")[2])

            def step(clients: int, models: int) -> tuple[Figures, float]:
                # Until then all are loaded that were not, and as many requests wait as will wait all the time.
                warm_up_s = 2.0 + 0.3 * models + clients / 30
                figures = measure(port, asks(models), clients=clients, seconds=seconds, warm_up_s=warm_up_s)
                memory = memory_mb(site.process.pid)
                print(f"| {models} | {_row(figures, memory)}", flush=True)
                return figures, memory

            first = f"/api/tasks/{TASK}?model=model-0"
            print(settled(site, TASK, lambda number: json_request(first, {"inputs": text_of(number)})), flush=True)
            by_clients = [step(clients, 1) for clients in CLIENTS]
            by_models = [step(CLIENTS_OF_MODELS, models) for models in MODELS]
    return by_clients, by_models


def _row(figures: Figures, memory: float) -> str:
    return (
        f"{figures.clients} | {figures.per_second:.1f} | {figures.p50_ms:.0f} | {figures.p95_ms:.0f} "
        f"| {figures.errors} | {memory:.0f} |"
    )


def draw(by_clients: Sequence[tuple[Figures, float]], by_models: Sequence[tuple[Figures, float]]) -> str:
    """Return both curves as one chart."""
    groups = {"clients": [(_many(of.clients, "client"), of.per_second) for of, _ in by_clients]}
    groups["models"] = [(_many(n, "model"), of.per_second) for n, (of, _) in zip(MODELS, by_models, strict=True)]
    return bars(f"Answers a second: {TASK}, two cores; models are asked by {CLIENTS_OF_MODELS} clients", "", groups)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"


def main() -> None:
    """Measure, print the table, draw the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="seconds of each load")
    arguments = parser.parse_args()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| models | clients | answers/s | p50 ms | p95 ms | errors | memory, MB |\n" + "| --- " * 7 + "|")
    by_clients, by_models = grow(arguments.seconds)
    (ROOT / "docs" / "growth.svg").write_text(draw(by_clients, by_models))


if __name__ == "__main__":
    main()
