"""Serves one checkpoint with Podium and with Gradio and loads both: `python -m bench.serving [text|image|audio ...]`.

Prints answers a second, p50 and p95 at 1, 8, 32 and 64 clients for each, in one run, taking turns; beside them the
ceilings, the best rates of the bare model with no server (`bench/ceilings.py`). Loads begin when the model has been
surveyed. Every request differs; each answer is checked for its form. The known-answer cache is off. A chart of each
kind goes to `docs/`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from bench.ceilings import podium_ceiling, transformers_ceiling
from bench.chart import bars
from bench.checkpoints import CHECKPOINTS
from bench.inputs import made_before, picture_of, sound_of, text_of
from bench.load import Ask, Connection, Figures, Request, json_request, measure, table
from bench.rival import gradio_answer, gradio_served, gradio_upload
from bench.site import ROOT, Site, served
from core.engine.runtimes.rungs import is_worth_a_look

CLIENTS: Final = (1, 8, 32, 64)
GRADIO_BATCH: Final = 32
SETTLED_WITHIN_S: Final = 600.0
READY: Final = {"text": 8_000, "image": 2_000, "audio": 3_000}
"""Inputs that are made before the loads begin: more than the fastest server answered in 9 s."""


def podium_asks(task_id: str, make: Callable[[int], Any], media_type: str) -> Ask:
    """Return what asks Podium over its API."""
    request = podium_request(task_id, make, media_type)

    async def ask(connection: Connection, number: int) -> bool:
        status, body = await connection.send(request(number))
        return status == 200 and "score" in json.loads(body)[0]

    return ask


def podium_request(task_id: str, make: Callable[[int], Any], media_type: str) -> Callable[[int], Request]:
    """Return what makes the call of each number."""
    path = f"/api/tasks/{task_id}"

    def request(number: int) -> Request:
        given = make(number)
        if isinstance(given, str):
            return json_request(path, {"inputs": given})
        return path, {"Content-Type": media_type}, given

    return request


def settled(site: Site, task_id: str, request: Callable[[int], Request]) -> str:
    """Wait until the model is loaded as it will stay, and say how.

    Raises: TimeoutError if its survey takes too long.
    """

    async def ask() -> None:
        status, body = await Connection(site.port).send(request(10**6))
        if status != 200:
            raise RuntimeError(body[:300])

    give_up = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < give_up:
        asyncio.run(ask())
        with urlopen(f"{site.url}/api/models", timeout=10) as answer:
            rows = [row for row in json.load(answer) if row["task"] == task_id and row["state"] == "loaded"]
        row = rows[0] if rows else {"tried": ()}  # it is loaded anew once it was surveyed
        if row["tried"] or (rows and (row["device"] != "cpu" or not is_worth_a_look("auto", "auto"))):
            tried = [f"{one['rung']} {one['verdict']} ({one['probe_ms']:.0f} ms)" for one in row["tried"]]
            how = f"{row['runtime']}, {row['dtype']}, {row['device']}"
            return f"Podium: {how}; tried: {', '.join(tried) or 'nothing else'}"
        time.sleep(1)
    raise TimeoutError("the model was not surveyed in time")


def padding(site: Site, task_id: str) -> str:
    """Say how much of what the model read was padding, by the site's own count."""
    with urlopen(f"{site.url}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    counted = {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if sample.labels == {"task": task_id}
    }
    filled = counted["podium_batch_padding_total"]
    share = filled / (filled + counted["podium_batch_content_total"])
    runs, batched = counted["podium_batch_size_count"], counted["podium_batch_size_sum"]
    return (
        f"Podium: {share:.1%} of its batches was padding; a run shared its batch with {batched / runs - 1:.1f} others"
    )


def gradio_asks(make: Callable[[int], Any], name: str) -> Ask:
    """Return what asks Gradio by its own protocol."""

    async def ask(connection: Connection, number: int) -> bool:
        given = make(number)
        if isinstance(given, bytes):
            given = await gradio_upload(connection, name, given)
        return bool((await gradio_answer(connection, given)).get("confidences"))

    return ask


LOADS: Final = {
    "text": ("text-classification", text_of, "application/json", ""),
    "image": ("image-classification", picture_of, "image/png", "picture.png"),
    "audio": ("audio-classification", sound_of, "audio/wav", "sound.wav"),
}


def compare(kind: str, folder: Path, seconds: float) -> list[tuple[str, Figures]]:
    """Load all servers of one kind, taking turns at each number of clients; return their figures."""
    task_id, make, media_type, name = LOADS[kind]
    make = made_before(make, READY[kind])
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
        print(f"\n{settled(site, task_id, podium_request(task_id, make, media_type))}\n\n{table([])}")
        servers = (("Podium", site.port, ask_podium), ("Gradio", plain, ask_gradio))
        servers += (("Gradio, batch=True", batched, ask_gradio),)
        for clients in CLIENTS:
            for server, port, ask in servers:
                figures = measure(port, ask, clients=clients, seconds=seconds)
                print(figures.row(f"{kind}: {server}"), flush=True)
                found.append((server, figures))
        told = padding(site, task_id)
    inputs = [make(number) for number in range(256)]
    ceilings = {
        "a pipeline": transformers_ceiling(task_id, checkpoint, inputs),
        "as Podium does": podium_ceiling(task_id, catalog, folder / "data", inputs),
    }
    for name, rate in ceilings.items():
        print(f"| no server: {name}, in its best batches | - | {rate:.1f} | - | - | - |")
    print(f"\n{told}\n")
    _draw(kind, found, ceilings)
    return found


def _draw(kind: str, found: Sequence[tuple[str, Figures]], ceilings: Mapping[str, float]) -> None:
    groups = {
        f"{clients} client{'s' if clients > 1 else ''}": [
            (server, figures.per_second) for server, figures in found if figures.clients == clients
        ]
        for clients in CLIENTS
    }
    groups["no server"] = list(ceilings.items())
    chart = bars(f"Answers a second: {LOADS[kind][0]}, one checkpoint, two cores", "", groups)
    (ROOT / "docs" / f"serving-{kind}.svg").write_text(chart)


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
    for kind in arguments.kinds:
        with tempfile.TemporaryDirectory() as folder:
            print(ratios(compare(kind, Path(folder), arguments.seconds)))


if __name__ == "__main__":
    main()
