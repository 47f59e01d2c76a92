"""Says whether a crowd gets right answers: `python -m bench.crowd [clients] [seconds]`, 200 and 30 unless told.

So many clients ask the shipped sentiment model over the API, each its next text when the last is answered, and every
answer is compared with what transformers' own pipeline says of that text alone in float32. Prints how many were asked,
how many were wrong and how many got no answer, and fails if any was or did. How fast it is under such a load is
`bench.serving`'s and `bench.growth`'s business.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.inputs import text_of
from bench.load import Connection, json_request, measure, table
from bench.serving import settled
from bench.site import ROOT, served
from core.engine.runtimes.rungs import LADDER

MODEL: Final = "starters/sentiment"
TASK: Final = "text-classification"

TEXTS: Final = 1000
"""Different texts that are asked in turn; the known-answer cache is off."""

WITHIN: Final = max(rung.tolerance for rung in LADDER)
"""How far a score may be from the pipeline's: as far as the survey lets a faster way of computing it be."""


def expected() -> list[dict[str, float]]:
    """Return the score of each label, for each text alone."""
    import torch
    from transformers import pipeline

    pipe = pipeline(TASK, str(ROOT / "models" / MODEL), device="cpu", dtype=torch.float32)
    return [{row["label"]: row["score"] for row in pipe(text_of(number), top_k=None)} for number in range(TEXTS)]


def is_right(body: bytes, scores: dict[str, float]) -> bool:
    """Return whether an answer has all labels with their scores."""
    answered: list[dict[str, Any]] = json.loads(body)
    return {row["label"] for row in answered} == set(scores) and all(
        abs(row["score"] - scores[row["label"]]) <= WITHIN for row in answered
    )


def main() -> None:
    """Ask, compare, print; end with an error if an answer was wrong or missing."""
    given = [int(argument) for argument in sys.argv[1:]]
    clients, seconds = given + [200, 30][len(given) :]
    right = expected()
    asked = answered = wrong = 0

    async def ask(connection: Connection, number: int) -> bool:
        nonlocal asked, answered, wrong
        asked += 1
        text = number % TEXTS
        status, body = await connection.send(json_request(f"/api/models/{MODEL}", {"inputs": text_of(text)}))
        answered += 1
        fits = status == 200 and is_right(body, right[text])
        wrong += not fits
        return fits

    load = os.getloadavg()[0]
    print(f"machine: {os.cpu_count()} cores, load {load:.1f}, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name, served(Path(name), {"PODIUM_ANSWER_CACHE_MB": "0"}) as site:
        first = f"/api/models/{MODEL}"
        print(settled(site, TASK, lambda number: json_request(first, {"inputs": text_of(number)})), flush=True)
        figures = measure(int(site.url.rpartition(":")[2]), ask, clients=clients, seconds=seconds)
    print("\n" + table([figures.row("Podium")]))
    print(f"\nasked {asked}, wrong {wrong}, without an answer {asked - answered}")
    if wrong or asked > answered:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
