"""Gradio in a venv of its own, serving the same checkpoint: for comparisons in one run.

Owns setting it up and its protocol: post the input, get an event id, read the answer from a stream.
"""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.load import Connection, events_of, json_request
from bench.site import ROOT, free_port

GRADIO = "gradio==6.31.0"
VENV = ROOT / "data" / "gradio-venv"
UP_WITHIN_S = 90.0


def gradio_python() -> Path:
    """Return the Python of a venv that has Gradio, made at the first call; torch and transformers are ours."""
    python = VENV / "bin" / "python"
    if not (VENV / "ready").exists():
        venv.create(VENV, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", GRADIO], check=True)
        # What Gradio does not bring comes from the environment that runs the benchmark: the same torch for both.
        packages = next((VENV / "lib").glob("python*/site-packages"))
        (packages / "ours.pth").write_text("\n".join(site.getsitepackages()))
        (VENV / "ready").touch()
    return python


@contextmanager
def gradio_served(kind: str, folder: Path, *, batch: int) -> Iterator[int]:
    """Serve a checkpoint with Gradio until the block ends; give the port."""
    port = free_port()
    process = subprocess.Popen(
        [gradio_python(), ROOT / "bench" / "gradio_app.py", kind, folder, str(port), str(batch)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if "-v" in sys.argv else subprocess.DEVNULL,
    )
    try:
        give_up = time.monotonic() + UP_WITHIN_S
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/gradio_api/info", timeout=5):
                    break
            except OSError:
                if time.monotonic() > give_up or process.poll() is not None:
                    raise RuntimeError("Gradio did not come up") from None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


async def gradio_answer(connection: Connection, given: object) -> Any:
    """Ask Gradio as its own documentation says; return the output's JSON: a label's is an object, a text's a string.

    Raises: ValueError if it answers with an error.
    """
    status, body = await connection.send(json_request("/gradio_api/call/predict", {"data": [given]}))
    if status != 200:
        raise ValueError(body[:200])
    event_id = json.loads(body)["event_id"]
    _, stream = await connection.send((f"/gradio_api/call/predict/{event_id}", {}, b""))
    for name, data in events_of(stream):
        if name == "complete":
            return json.loads(data)[0]
    raise ValueError(stream[:200])


async def gradio_upload(connection: Connection, name: str, data: bytes) -> dict[str, object]:
    """Upload a file, as Gradio's own client does before it calls; return what stands for it in the call."""
    edge = "podium-benchmark"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    status, answer = await connection.send(("/gradio_api/upload", headers, body))
    if status != 200:
        raise ValueError(answer[:200])
    return {"path": json.loads(answer)[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
