"""The one error tree: everything a visitor or a client can be told about.

Owns what each error is called, its HTTP status and its two sentences: a message that names what is
wrong (and the limit, where there is one) and a hint that names the fix. Knows nothing of pages or
HTTP; those two edges translate. Any exception outside this tree is a bug: it is logged with its
traceback and shown as an id.
"""

from __future__ import annotations

from typing import ClassVar


class ShowcaseError(Exception):
    """Refuse something with a sentence that a visitor may read.

    Args:
        message: one sentence that says what is wrong and names the limit.
        hint: one sentence that says what to do about it.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(ShowcaseError):
    """What was sent cannot be read as what the task takes."""

    status = 400
    code = "bad_input"


class Unauthorized(ShowcaseError):
    """The call comes from another machine and brings no key, or a wrong one."""

    status = 401
    code = "unauthorized"


class Forbidden(ShowcaseError):
    """The caller may not do that: a page of another site, or somebody who is not the owner."""

    status = 403
    code = "forbidden"


class TooSlow(ShowcaseError):
    """The body did not arrive within the time that a sender has."""

    status = 408
    code = "too_slow"


class TooLarge(ShowcaseError):
    """What was sent is over a limit of size, length or pixels."""

    status = 413
    code = "too_large"


class UnsupportedMedia(ShowcaseError):
    """The bytes are of a kind this showcase does not read."""

    status = 415
    code = "unsupported_media"


class BadParameters(ShowcaseError):
    """A parameter is unknown, of the wrong type or out of its range."""

    status = 422
    code = "bad_parameters"


class UnknownName(ShowcaseError, LookupError):
    """No task, model or run has that name."""

    status = 404
    code = "not_found"


class Busy(ShowcaseError):
    """The queue is full.

    Args:
        retry_after_s: seconds after which another try is likely to be taken.
    """

    status = 429
    code = "busy"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class RateLimited(Busy):
    """The client has asked more often, or for more at once, than it may."""

    code = "rate_limited"


class Cancelled(ShowcaseError):
    """The caller took the request back before it was answered."""

    status = 499
    code = "cancelled"


class RunFailed(ShowcaseError):
    """The model raised while it ran on this input."""

    status = 500
    code = "run_failed"


class ModelUnavailable(ShowcaseError):
    """The model cannot be loaded now."""

    status = 503
    code = "model_unavailable"


class EndpointFailed(ShowcaseError):
    """The server that a model runs on cannot be reached, refuses this showcase, or answers with something else."""

    status = 502
    code = "endpoint_failed"


class NotReady(ShowcaseError):
    """The models that the tasks start with are still being loaded."""

    status = 503
    code = "not_ready"


class DoesNotFit(ModelUnavailable):
    """The model needs more memory than the budget holds, or than what is in use leaves free."""

    code = "does_not_fit"


class StoreUnavailable(ShowcaseError):
    """The database does not answer, so nothing is being kept."""

    status = 503
    code = "store_unavailable"


class DeadlineExceeded(ShowcaseError):
    """The answer did not come within the time the request was given."""

    status = 504
    code = "deadline_exceeded"
