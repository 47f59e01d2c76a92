"""What an endpoint's refusal means: which error it is here, in whose words, and whether to ask again.

Owns that translation. Sends nothing, and never lets more of a foreign page through than one short sentence.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import (
    BadInput,
    BadParameters,
    Busy,
    DeadlineExceeded,
    EndpointFailed,
    RunFailed,
    ShowcaseError,
    TooLarge,
    UnsupportedMedia,
)

KEYS_HINT: Final = "Put host=key into PODIUM_ENDPOINT_KEYS."

CATALOG_HINT: Final = "Tell the owner to correct its endpoint in the catalog."

_MAX_SAID: Final = 300
"""Characters of what an endpoint says that are passed on."""

_BUSY_S: Final = 5.0
"""After how long to ask again where an endpoint that is busy does not say."""

_OF_THE_VISITOR: Final[dict[int, type[ShowcaseError]]] = {
    400: BadInput,
    413: TooLarge,
    415: UnsupportedMedia,
    422: BadParameters,
    424: BadInput,  # text-generation-inference: the model refused the input
}
"""What a status means that is about what was sent."""

_BY_CODE: Final = {kind.code: kind for kind in (BadInput, BadParameters, TooLarge, UnsupportedMedia)}
"""What another Podium calls these."""


@dataclass(frozen=True)
class Refusal:
    """Say why an endpoint did not answer.

    Args:
        again: whether the same request may be answered if it is sent again.
        lost: whether nobody said so: there was no answer at all, or it broke off.
        after_s: how long it asked to wait before that, None if it did not say.
    """

    error: ShowcaseError
    again: bool = False
    lost: bool = False
    after_s: float | None = None


def refusal_of(host: str, status: int, headers: Mapping[str, str], body: bytes, *, with_key: bool) -> Refusal:
    """Return what a status beyond 200 means.

    Args:
        with_key: whether a key was sent.
    """
    document = _document(body)
    code, said, hint = _said(document)
    after_s = _after_s(headers, document)
    if status in (401, 403):
        if with_key:
            return Refusal(EndpointFailed(f"{host} refuses the key of this showcase ({status}).", hint=KEYS_HINT))
        return Refusal(EndpointFailed(f"{host} wants a key ({status}).", hint=KEYS_HINT))
    if status == 429:
        wait_s = _BUSY_S if after_s is None else after_s
        hint = f"Try again in {wait_s:.0f} s."
        return Refusal(Busy(f"{host} has too much to do now.", hint=hint, retry_after_s=wait_s))
    if code in _BY_CODE:
        return Refusal(_BY_CODE[code](said, hint=hint))
    if status in _OF_THE_VISITOR:
        return Refusal(
            _OF_THE_VISITOR[status](f"{host} refuses this input: {said or 'it does not say why'}.", hint="Change it.")
        )
    if status in (404, 405) or 300 <= status < 400:
        return Refusal(EndpointFailed(f"{host} has no model at the address given ({status}).", hint=CATALOG_HINT))
    if status in (408, 504) or code == DeadlineExceeded.code:
        return Refusal(DeadlineExceeded(f"{host} did not answer within its own time limit.", hint="Send less at once."))
    if status in (502, 503):
        if code and after_s is None:  # another Podium, which knows that asking again will not help
            return Refusal(EndpointFailed(f"{host} cannot run this model: {said}", hint=hint))
        waking = EndpointFailed(
            f"{host} was still starting when the time was over ({status}).", hint="Try again in a minute."
        )
        return Refusal(waking, again=True, after_s=after_s)
    if status >= 500:
        return Refusal(RunFailed(f"The model at {host} could not answer this input ({status}).", hint="Try another."))
    return Refusal(EndpointFailed(f"{host} answered with status {status}.", hint=CATALOG_HINT))


def said_in_stream(host: str, document: Mapping[str, Any]) -> ShowcaseError:
    """Return the error that came in the middle of a stream."""
    code, said, hint = _said(document)
    kind = _BY_CODE.get(code, RunFailed)
    return kind(f"{host} stopped: {said or 'it does not say why'}.".replace("..", "."), hint=hint or "Try again.")


def unreachable(host: str) -> ShowcaseError:
    """Return what a visitor is told when nobody answers at an address."""
    return EndpointFailed(f"{host} cannot be reached.", hint="Try again in a minute, or choose another model.")


def broke_off(host: str) -> ShowcaseError:
    """Return what a visitor is told when a connection ends in the middle of an answer."""
    return EndpointFailed(f"{host} broke off in the middle of its answer.", hint="Try again.")


def not_the_protocol(host: str, what: str) -> ShowcaseError:
    """Return what a visitor is told when an answer is none."""
    return EndpointFailed(f"{host} answered with something else than {what}.", hint=CATALOG_HINT)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _said(document: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return (code, what is wrong, the fix) of an error's body: this project's shape, or what others write."""
    error = document.get("error", document.get("detail", document.get("message", "")))
    if isinstance(error, Mapping):
        code = error.get("code") or document.get("error_type") or ""
        message, hint = error.get("message", ""), error.get("hint", "")
    else:
        code, message, hint = document.get("error_type") or "", error, ""
    ours = "hint" in error if isinstance(error, Mapping) else False
    said = _one_line(message)
    return str(code) if ours or str(code) in _BY_CODE else "", said if ours else said.rstrip(".!"), _one_line(hint)


def _one_line(text: object) -> str:
    return re.sub(r"\s+", " ", text if isinstance(text, str) else json.dumps(text)).strip()[:_MAX_SAID]


def _after_s(headers: Mapping[str, str], document: Mapping[str, Any]) -> float | None:
    """Return what was said of when to ask again: seconds, a date, or how long a model is likely to load."""
    given = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", given):
        return float(given)
    if given:
        parsed = email.utils.parsedate_to_datetime(given) if _is_date(given) else None
        return None if parsed is None else max(0.0, parsed.timestamp() - time.time())
    estimated = document.get("estimated_time")
    is_number = isinstance(estimated, int | float) and not isinstance(estimated, bool)
    return max(0.0, float(estimated)) if is_number and estimated is not None else None


def _is_date(given: str) -> bool:
    return email.utils.parsedate(given) is not None
