"""What the catalog may say of an endpoint, and how its keys are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import Availabilities, Catalog, CatalogError, Endpoint
from core.hub import Hub
from core.remote import PlacedEngine, read_endpoint_keys
from core.remote.keys import key_for
from core.runtime import build
from core.settings import Settings

ROW = '[[model]]\nid = "Qwen/Qwen3-0.6B"\ntask = "{task}"\nendpoint = "{endpoint}"\n'


def read(
    tmp_path: Path, endpoint: str = "https://far.example/m", task: str = "text-generation", more: str = ""
) -> Catalog:
    path = tmp_path / "catalog.toml"
    path.write_text(ROW.format(task=task, endpoint=endpoint) + more)
    return Catalog.read(path)


def test_a_row_says_where_its_model_runs(tmp_path: Path) -> None:
    (card,) = read(tmp_path, "https://Far.example:8443/api/models/m?task=text-generation").cards
    assert card.endpoint == Endpoint("https://Far.example:8443/api/models/m?task=text-generation", "inference")
    assert card.endpoint.host == "far.example:8443"
    (card,) = read(tmp_path, "http://gpu1:8000/v1", more='protocol = "openai"\n').cards
    assert card.endpoint == Endpoint("http://gpu1:8000/v1", "openai")


@pytest.mark.parametrize(
    ("endpoint", "task", "more", "says"),
    [
        ("far.example", "text-generation", "", "write it as https://host/path"),
        ("ftp://far.example", "text-generation", "", "write it as https"),
        ("https://", "text-generation", "", "write it as https"),
        ("https://far.example:port/", "text-generation", "", "write it as https"),
        ("https://far.example/a b", "text-generation", "", "write it as https"),
        ("https://far.example/#part", "text-generation", "", "write it as https"),
        ("https://me:secret@far.example/", "text-generation", "", "PODIUM_ENDPOINT_KEYS"),
        ("https://far.example/", "text-generation", 'protocol = "grpc"', "it may be inference, openai"),
        ("https://far.example/", "image-classification", 'protocol = "openai"', "cannot carry image-classification"),
        ("https://far.example/", "text-generation", 'revision = "main"', "has no revision"),
        ("https://far.example/", "text-generation", 'dtype = "float32"', "has no dtype"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_the_fix(
    endpoint: str, task: str, more: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogError, match=says) as refused:
        read(tmp_path, endpoint, task, more)
    assert "row 1 (Qwen/Qwen3-0.6B)" in str(refused.value)


def test_a_protocol_without_an_endpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text('[[model]]\nid = "a/b"\ntask = "text-generation"\nprotocol = "openai"\n')
    with pytest.raises(CatalogError, match="needs an endpoint"):
        Catalog.read(path)


def test_a_model_of_openais_protocol_is_talked_to_in_messages(tmp_path: Path) -> None:
    availabilities = Availabilities(hub=Hub(offline=True), budget_bytes=0)
    (openai,) = read(tmp_path, more='protocol = "openai"\n').cards
    (inference,) = read(tmp_path).cards
    assert availabilities.converses(openai)
    assert not availabilities.converses(inference)
    assert availabilities.first_runnable([openai], lambda _: False) is openai


def test_keys_are_found_by_host_and_by_host_and_port() -> None:
    keys = read_endpoint_keys(" far.example = a=b ; Far.example:8443=c\ngpu1=d;")
    assert keys == {"far.example": "a=b", "far.example:8443": "c", "gpu1": "d"}
    assert key_for("https://FAR.example:8443/m", keys) == "c"
    assert key_for("https://far.example/m", keys) == "a=b"
    assert key_for("http://gpu1:8000/v1", keys) == "d"
    assert key_for("https://far.example.evil.example/", keys) == ""


@pytest.mark.parametrize("given", ["secret-alone", "=secret", "far.example=", "far.example=a secret", "a=b;a=secret"])
def test_keys_that_are_none_are_refused_and_not_shown(given: str) -> None:
    with pytest.raises(ValueError, match="PODIUM_ENDPOINT_KEYS, entry") as refused:
        read_endpoint_keys(given)
    assert "secret" not in str(refused.value)


def test_a_catalog_with_an_endpoint_makes_an_engine_that_knows_it(tmp_path: Path) -> None:
    read(tmp_path)
    runtime = build(Settings(catalog_path=tmp_path / "catalog.toml", data_folder=tmp_path, demos_folder=tmp_path))
    try:
        (card,) = runtime.showcase.catalog.cards
        assert isinstance(runtime.showcase.engine, PlacedEngine)
        assert runtime.showcase.availability(card).state == "elsewhere"
        runtime.showcase.warm()  # asks nobody
        assert runtime.showcase.engine.models() == []
    finally:
        runtime.showcase.close()
