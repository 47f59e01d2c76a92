"""OpenVINO keeps nothing of programs that are gone, and torch what it kept before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.engine.runtimes.openvino_setup import CAPACITY
from core.settings import ROOT

OPENS_TWICE = """
import os
import numpy, openvino, torch
from openvino import opset13
from core.engine.runtimes.openvino_setup import CAPACITY, prepare_openvino

def ask_openvino():
    numbers = opset13.parameter([1, 8], numpy.float32)
    product = opset13.matmul(numbers, opset13.constant(numpy.ones((8, 8), "f4")), False, False)
    openvino.Core().compile_model(openvino.Model([product], [numbers]), "CPU")({0: numpy.ones((1, 8), "f4")})

def ask_torch():
    torch.zeros(3).to_mkldnn()

before = os.environ.get(CAPACITY)
prepare_openvino()
prepare_openvino()
assert os.environ.get(CAPACITY) == before
for ask in (ask_openvino, ask_torch):
    ask()
    print(ask.__name__, flush=True)
    ask()
    print("done", flush=True)
"""


def said_of_the_second(environment: dict[str, str]) -> dict[str, set[str]]:
    """Return what oneDNN says of the operations that a library asks it for a second time."""
    run = subprocess.run(
        [sys.executable, "-c", OPENS_TWICE],
        cwd=ROOT,
        env={**os.environ, "ONEDNN_VERBOSE": "profile_create", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = {}
    for part in run.stdout.split("ask_")[1:]:
        library, _, lines = part.partition("\n")
        second = lines.partition("done")[0]
        said[library] = {word for word in ("cache_hit", "cache_miss") if f"create:{word}" in second}
    return said


@pytest.fixture(autouse=True)
def not_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CAPACITY, raising=False)


def test_what_openvino_prepared_for_a_program_goes_with_it_and_torch_keeps_its_own() -> None:
    assert said_of_the_second({}) == {"openvino": {"cache_miss"}, "torch": {"cache_hit"}}


def test_a_number_that_was_set_from_outside_holds() -> None:
    assert said_of_the_second({CAPACITY: "50"}) == {"openvino": {"cache_hit"}, "torch": {"cache_hit"}}
