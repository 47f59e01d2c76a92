"""Who a visitor is."""

from __future__ import annotations

import pytest

from core.ui.state import is_loopback, unmasked


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


def test_a_visitor_is_the_same_after_the_cookie_is_masked_anew() -> None:
    token = bytes(range(16))

    def masked(mask: bytes) -> str:
        return f"2|{mask.hex()}|{bytes(b ^ mask[i % 4] for i, b in enumerate(token)).hex()}|1795432545"

    assert unmasked(masked(b"\x01\x02\x03\x04")) == unmasked(masked(b"\xff\x10\x20\x30")) == token.hex()
    assert unmasked("2|zz|00|1") == "2|zz|00|1"
    assert unmasked("plain") == "plain"
