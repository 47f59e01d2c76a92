"""A Ray of the tests' own, on this machine, where Ray is installed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from core.settings import ROOT


@pytest.fixture(scope="session")
def ray() -> Iterator[Any]:
    """Start Ray for two processors, with little memory and no dashboard."""
    started = pytest.importorskip("ray", reason="PODIUM_ENGINE=ray needs requirements-ray.txt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own code, while it is imported
        pytest.importorskip("ray.serve")
        started.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=200_000_000,
            log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
        )
    yield started
    started.shutdown()
