"""Who a visitor is."""

from __future__ import annotations

import pytest

from core.ui.state import is_loopback


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (None, True),
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.7", False),
        ("::ffff:192.0.2.7", False),
        ("2001:db8::1", False),
    ],
)
def test_this_machine_is_told_from_others(address: str | None, own: bool) -> None:
    assert is_loopback(address) is own
