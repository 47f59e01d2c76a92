"""Who a visitor is."""

from __future__ import annotations

from core.ui.state import unmasked


def test_a_visitor_is_the_same_after_the_cookie_is_masked_anew() -> None:
    token = bytes(range(16))

    def masked(mask: bytes) -> str:
        return f"2|{mask.hex()}|{bytes(b ^ mask[i % 4] for i, b in enumerate(token)).hex()}|1795432545"

    assert unmasked(masked(b"\x01\x02\x03\x04")) == unmasked(masked(b"\xff\x10\x20\x30")) == token.hex()
    assert unmasked("2|zz|00|1") == "2|zz|00|1"
    assert unmasked("plain") == "plain"
