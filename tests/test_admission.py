"""Who may have any checkpoint opened, and what counts as this machine."""

from __future__ import annotations

import pytest

from core.admission import is_loopback, is_on_this_machine, is_own_request, may_open_any


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (None, True),
        ("127.0.0.1", True),
        ("127.0.1.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.7", False),
        ("::ffff:192.0.2.7", False),
        ("2001:db8::1", False),
        ("testclient", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_others(address: str | None, own: bool) -> None:
    assert is_loopback(address) is own


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_behind_a_proxy_nobody_is_on_this_machine(header: str) -> None:
    assert is_on_this_machine("127.0.0.1", {})
    assert not is_on_this_machine("127.0.0.1", {header: "192.0.2.7"})


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"host": "localhost:8501"}, True),
        ({"host": "127.0.0.1:8501"}, True),
        ({"host": "[::1]:8501"}, True),
        ({"host": "localhost:8501", "origin": "http://localhost:8501"}, True),
        ({"host": "localhost:8501", "origin": "https://evil.test"}, False),  # a page of another site
        ({"host": "localhost:8501", "origin": "null"}, False),
        ({"host": "evil.test:8501"}, False),  # a name that somebody pointed here
        ({}, False),
    ],
)
def test_another_sites_page_in_a_browser_here_is_not_the_visitor(headers: dict[str, str], own: bool) -> None:
    assert is_own_request(headers) is own


@pytest.mark.parametrize(
    ("setting", "here", "may"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("yes", False, True),
        ("yes", True, True),
        ("no", True, False),
        ("no", False, False),
    ],
)
def test_the_setting_decides(setting: str, here: bool, may: bool) -> None:
    assert may_open_any(setting, on_this_machine=here) is may
