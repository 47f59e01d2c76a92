"""What Prometheus reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from bench.site import Site

Podium = Callable[..., Callable[..., TestClient]]

TASK = "text-generation"


def scrape(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_everything_that_happens_is_counted(podium: Podium) -> None:
    client = podium()()
    run = client.post("/api/tasks/text-classification", json={"inputs": "a"})
    client.post("/api/tasks/text-classification", json={"inputs": ["a", "b"]})
    client.post("/api/tasks/text-classification", json={"inputs": ""})
    client.post("/api/tasks/made-up-by-a-visitor", json={"inputs": "a"})
    client.post(f"/api/runs/{run.headers['x-run-id']}/judgement", json={"rating": 1})
    found = scrape(client)
    task = (("task", "text-classification"),)
    assert found["podium_requests_total", (("protocol", "api"), ("status", "200"))] == 3
    assert found["podium_requests_total", (("protocol", "api"), ("status", "400"))] == 1
    assert found["podium_errors_total", (("code", "bad_input"), ("protocol", "api"))] == 1
    assert found["podium_errors_total", (("code", "not_found"), ("protocol", "api"))] == 1
    assert found["podium_runs_total", (("outcome", "ok"), ("source", "api"), *task)] == 3
    assert found["podium_queue_seconds_count", task] == 3
    assert found["podium_run_seconds_count", task] == 3
    assert found["podium_batch_size_count", task] == 3
    assert found["podium_batch_content_total", task] == len("a" + "a" + "b")
    assert found["podium_batch_padding_total", task] == 0
    assert found["podium_judgements_total", (("said", "right"),)] == 1
    assert found["podium_models_loaded", ()] == 1
    assert found["podium_loads_total", ()] == 1
    assert found["podium_evictions_total", ()] == 0
    assert found["podium_queue_length", ()] == 0
    assert found["podium_model_bytes", ()] == 1000
    assert 0 < found["podium_memory_used_bytes", ()] <= found["podium_memory_budget_bytes", ()]
    assert "made-up" not in client.get("/metrics").text


def test_a_run_that_failed_is_counted_by_its_code(podium: Podium) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("broken inside")

    client = podium(fail)()
    assert client.post("/api/tasks/text-classification", json={"inputs": "a"}).status_code == 500
    labels = (("outcome", "run_failed"), ("source", "api"), ("task", "text-classification"))
    assert scrape(client)["podium_runs_total", labels] == 1


def test_what_was_known_of_prompts_is_counted(site: Site) -> None:
    said = "JULIET:\nGood night, good night, parting is such sweet sorrow that I shall say good night till morrow."
    body = {"inputs": said, "parameters": {"max_new_tokens": 2, "do_sample": False}}
    with httpx2.Client(base_url=site.url, timeout=60) as client:

        def counted() -> dict[str, float]:
            families = text_string_to_metric_families(client.get("/metrics").text)
            of_task = (one for family in families for one in family.samples if one.labels.get("task") == TASK)
            return {one.name + one.labels.get("how", ""): one.value for one in of_task}

        def asked() -> dict[str, float]:
            """Ask once more; return what was counted then: a run is, once it is written down."""
            runs = counted().get("podium_batch_size_count", 0)
            client.post(f"/api/tasks/{TASK}", json=body).raise_for_status()
            give_up = time.monotonic() + 20
            while (found := counted()).get("podium_batch_size_count", 0) == runs and time.monotonic() < give_up:
                threading.Event().wait(0.05)
            return found

        first, second = asked(), asked()
    name = "podium_prompt_tokens_total"
    assert second[f"{name}read"] - first[f"{name}read"] == 1
    assert second[f"{name}cached"] - first[f"{name}cached"] > 20


def test_a_reader_who_leaves_a_stream_ends_the_run(site: Site) -> None:
    body = {"inputs": "ROMEO:", "stream": True, "parameters": {"max_new_tokens": 1000}}
    with httpx2.Client(base_url=site.url, timeout=60) as client:
        with client.stream("POST", f"/api/tasks/{TASK}", json=body) as answer:
            next(answer.iter_lines())
        counted = 'podium_runs_total{outcome="cancelled",source="api",task="text-generation"} 1.0'
        give_up = time.monotonic() + 20
        while counted not in client.get("/metrics").text and time.monotonic() < give_up:
            threading.Event().wait(0.05)
        assert counted in client.get("/metrics").text
        idle = "podium_runs_in_progress 0.0"
        while idle not in client.get("/metrics").text and time.monotonic() < give_up:
            threading.Event().wait(0.05)
        assert idle in client.get("/metrics").text
