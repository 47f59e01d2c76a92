"""Holds a conversation with Podium and with Gradio: `python -m bench.conversation`.

At every turn all that was said is sent again, with new words behind it, and 32 tokens are written, always the
likeliest. Prints the seconds that an answer took at each turn, the median of several conversations, in one run: Podium,
Podium that keeps nothing of what it has read, and Gradio, taking turns on the same checkpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from bench.checkpoints import CHECKPOINTS
from bench.inputs import text_of
from bench.load import Connection, Request, json_request
from bench.rival import gradio_answer, gradio_served
from bench.serving import settled
from bench.site import served

TASK: Final = "text-generation"
KIND: Final = "conversing"
WRITTEN: Final = 32
"""Tokens of an answer."""

Ask = Callable[[Connection, str], Awaitable[str]]


def request(said: str) -> Request:
    """Return what Podium is asked."""
    parameters = {"max_new_tokens": WRITTEN, "do_sample": False}
    return json_request(f"/api/tasks/{TASK}", {"inputs": said, "parameters": parameters})


async def ask_podium(connection: Connection, said: str) -> str:
    """Return what Podium answers."""
    status, body = await connection.send(request(said))
    if status != 200:
        raise ValueError(body[:200])
    return str(json.loads(body)["generated_text"])


async def ask_gradio(connection: Connection, said: str) -> str:
    """Return what Gradio answers."""
    return str(await gradio_answer(connection, said))


class Conversation:
    """Hold a conversation with one server.

    Args:
        number: tells it from others; no two say the same.
    """

    def __init__(self, port: int, ask: Ask, number: int) -> None:
        self._port, self._ask, self._number = port, ask, number
        self._said, self._turn = "", 0

    async def turn_s(self) -> float:
        """Say more; return the seconds until it was answered."""
        self._said += "".join(f"\n{text_of(1000 * self._number + 10 * self._turn + line)}" for line in range(3))
        began_s = time.perf_counter()
        answer = await self._ask(Connection(self._port), self._said)
        took_s = time.perf_counter() - began_s
        self._said += answer
        self._turn += 1
        return took_s


async def hold(servers: Sequence[tuple[str, int, Ask]], numbers: Sequence[int], turns: int) -> list[list[list[float]]]:
    """Return the seconds of each server's answers, turn by turn, of several conversations."""
    found: list[list[list[float]]] = [[[] for _ in range(turns)] for _ in servers]
    for number in numbers:
        held = [Conversation(port, ask, number) for _, port, ask in servers]
        for turn in range(turns):
            for its, conversation in zip(found, held, strict=True):
                its[turn].append(await conversation.turn_s())
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, and print the table."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for Gradio, too: idle threads that spin take the other's core
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=5)
    parser.add_argument("--turns", type=int, default=8)
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = CHECKPOINTS[KIND](folder / "checkpoint")
        catalog = folder / "catalog.toml"
        catalog.write_text(f'[[model]]\npath = "checkpoint"\ntask = "{TASK}"\n')
        environment = {"PODIUM_CATALOG": str(catalog), "PODIUM_API": "open"}
        with served(folder / "data", environment) as site:
            print(settled(site, TASK, lambda number: request(text_of(number))), "\n")
        shutil.copytree(folder / "data", folder / "same")  # surveyed once, for both
        with (
            served(folder / "data", environment) as keeping,
            served(folder / "same", environment | {"PODIUM_PREFIX_CACHE_MB": "0"}) as reading,
            gradio_served(KIND, checkpoint, batch=0) as port,
        ):
            servers: list[tuple[str, int, Ask]] = [
                ("Podium", keeping.port, ask_podium),
                ("Podium, nothing kept", reading.port, ask_podium),
                ("Gradio", port, ask_gradio),
            ]
            asyncio.run(hold(servers, [0], 1))  # loads the models
            found = asyncio.run(hold(servers, range(1, 1 + chosen.conversations), chosen.turns))
    print("| s at turn | " + " | ".join(str(turn + 1) for turn in range(chosen.turns)) + " |")
    print("| --- " * (chosen.turns + 1) + "|")
    for (server, _, _), its in zip(servers, found, strict=True):
        print(f"| {server} | " + " | ".join(f"{statistics.median(one):.2f}" for one in its) + " |")


if __name__ == "__main__":
    main()
