"""Whatever the description of the API allows, and what it does not, gets an answer that it describes.

Schemathesis makes the requests, from the description that the real server serves. It is used as a library:
its plugin for pytest stays off for all tests.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.request import urlopen

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bench.site import Site

EXAMPLES = 10
"""Requests to each operation: half of them as described, half not."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(site: Site) -> dict[str, Any]:
    give_up_s = time.monotonic() + 60
    while requests.get(f"{site.url}/api/ready", timeout=30).status_code != 200 and time.monotonic() < give_up_s:
        time.sleep(0.2)
    with urlopen(f"{site.url}/api/openapi.json", timeout=30) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def test_no_request_gets_an_answer_that_is_not_described(site: Site, described: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(described)
    session = requests.Session()
    asked = 0
    problems: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @hypothesis.seed(1)
            @hypothesis.settings(
                max_examples=EXAMPLES // 2,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                asked += 1
                answer = case.call(base_url=site.url, session=session, timeout=60)
                assert answer.status_code != 500, answer.text  # 503 is an answer: a model that is not there
                case.validate_response(answer, checks=CHECKS)

            try:
                ask()
            except hypothesis.errors.Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # whatever is sent is as described
            except (Exception, FailureGroup) as err:
                problems.append(f"{operation.label} ({mode}): {type(err).__name__} {err}")
    session.close()
    assert not problems, "\n\n".join(problems)
    assert asked > EXAMPLES / 2 * len(described["paths"])
