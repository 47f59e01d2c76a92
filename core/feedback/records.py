"""What is kept: runs, judgements, consents and inputs, as plain frozen values.

Owns their shape and what may stand in them. Knows no database. Ids and times are made by the
caller, so that a record can be sent twice and kept once.
"""

from __future__ import annotations

import os
import re
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

from core.errors import BadInput, TooLarge
from core.reading import encoded
from core.values import Value

Source = Literal["page", "api"]
Scale = Literal["thumbs", "stars"]
Scope = Literal["keep_input", "share"]

MAX_COMMENT_CHARS = 2000
MAX_TAGS = 10
MAX_TAG_CHARS = 40

_ID = re.compile(r"[0-9a-f]{32}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_IDS_AT_ONCE = 256
_fresh_ids: deque[str] = deque()
if hasattr(os, "register_at_fork"):  # two processes must not give out the same
    os.register_at_fork(after_in_child=_fresh_ids.clear)


def new_id() -> str:
    """Return a fresh id: 32 hexadecimal digits, 122 of their 128 bits from the system's random source.

    That source is asked for many at a time: each time, the interpreter goes to other threads, and is waited for after.
    """
    while True:
        with suppress(IndexError):  # none is left
            return _fresh_ids.pop()
        drawn = os.urandom(16 * _IDS_AT_ONCE)
        _fresh_ids.extend(
            uuid.UUID(bytes=drawn[begin : begin + 16], version=4).hex for begin in range(0, len(drawn), 16)
        )


def is_id(text: str) -> bool:
    """Say whether a text has the form of an id; what has not is looked up nowhere."""
    return _ID.fullmatch(text) is not None


def storable(text: str) -> str:
    """Return the text without what no database keeps: NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)


def thumbs_rating(*, right: bool) -> float:
    """Return the rating of a thumb: 1 for right, 0 for wrong."""
    return 1.0 if right else 0.0


def stars_rating(stars: int) -> float:
    """Return the rating of 1 to 5 stars, evenly spread over [0, 1].

    Raises: BadInput if there are fewer or more.
    """
    if not 1 <= stars <= 5:
        raise BadInput(f"{stars} stars were given; it can be 1 to 5.", hint="Choose again.")
    return (stars - 1) / 4


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Hold what a run was and what it answered. `parameters` and `output` are JSON forms.

    Args:
        revision: the full commit of what was loaded.
        input_type, output_type: names in `core.values.VALUE_TYPES`.
        batch_size: how many requests were answered in the same run; 0 if the answer was known, and nothing ran.
        stopped: whether the visitor stopped it before it was done.
        client: a salted hash, never an address.
        runtime: the library that computed it, such as torch.
    """

    run_id: str
    task_id: str
    model_id: str
    revision: str
    dtype: str
    device: str
    parameters: Mapping[str, Any]
    input_type: str
    input_digest: str
    output_type: str
    output: Mapping[str, Any]
    queue_ms: float
    run_ms: float
    batch_size: int
    stopped: bool
    created_at: datetime
    client: str
    app_version: str
    source: Source
    runtime: str

    def __post_init__(self) -> None:
        _check_ids(self.run_id)
        object.__setattr__(self, "created_at", _utc(self.created_at))

    @property
    def is_known(self) -> bool:
        """Return whether the answer was known from an earlier run of the same question."""
        return self.batch_size == 0


@dataclass(frozen=True, kw_only=True)
class JudgementRecord:
    """Hold what one judge said about one run. An edit or an undo is a new record that names the last one.

    Args:
        rating: in [0, 1] on a `scale`, which is dropped where there is no rating. See `thumbs_rating` and
            `stars_rating`.
        correction: the JSON form of the right answer, of type `correction_type`; both or neither.
        judge: a salted hash, or a login.
        replaces: the judgement that this one takes the place of; of the same run and judge.
        withdrawn: an undo: after it this judge has said nothing about the run.

    Raises: BadInput if it says nothing, TooLarge if it says too much.
    """

    judgement_id: str
    run_id: str
    judge: str
    created_at: datetime
    rating: float | None = None
    scale: Scale | None = None
    correction: Mapping[str, Any] | None = None
    correction_type: str | None = None
    tags: tuple[str, ...] = ()
    comment: str = ""
    replaces: str | None = None
    withdrawn: bool = False

    def __post_init__(self) -> None:
        _check_ids(self.judgement_id, self.run_id, *([self.replaces] if self.replaces else []))
        object.__setattr__(self, "created_at", _utc(self.created_at))
        object.__setattr__(self, "comment", storable(self.comment))
        object.__setattr__(self, "tags", tuple(dict.fromkeys(map(storable, self.tags))))
        if self.rating is None:
            object.__setattr__(self, "scale", None)
        elif self.scale is None:
            raise ValueError("a rating needs its scale")
        if (self.correction is None) != (self.correction_type is None):
            raise ValueError("a correction needs its type, and the other way round")
        self._check_words()
        if self.rating is not None and not 0 <= self.rating <= 1:
            raise BadInput(f"The rating is {self.rating:g}; it can be 0 to 1.", hint="Send a number between them.")
        if self.withdrawn and self.replaces is None:
            raise ValueError("a withdrawal needs to name what it replaces")
        if not self.withdrawn and self.rating is None and self.correction is None and not (self.tags or self.comment):
            raise BadInput("This judgement says nothing.", hint="Give a rating, a correction, a tag or a comment.")

    def _check_words(self) -> None:
        if len(self.comment) > MAX_COMMENT_CHARS:
            raise TooLarge(
                f"The comment is {len(self.comment)} characters long; the limit is {MAX_COMMENT_CHARS}.",
                hint="Shorten it and send it again.",
            )
        if len(self.tags) > MAX_TAGS or any(not 0 < len(tag) <= MAX_TAG_CHARS for tag in self.tags):
            raise TooLarge(
                f"There can be {MAX_TAGS} tags of 1 to {MAX_TAG_CHARS} characters each.",
                hint="Use fewer or shorter ones.",
            )

    def undo(self, *, judgement_id: str, created_at: datetime) -> Self:
        """Return the record that withdraws this one."""
        return replace(
            self,
            judgement_id=judgement_id,
            created_at=created_at,
            replaces=self.judgement_id,
            withdrawn=True,
            rating=None,
            scale=None,
            correction=None,
            correction_type=None,
            tags=(),
            comment="",
        )


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """Hold that a visitor gave or took back leave to keep a run's input, or to share it in a dataset."""

    consent_id: str
    run_id: str
    scope: Scope
    granted: bool
    client: str
    created_at: datetime

    def __post_init__(self) -> None:
        _check_ids(self.consent_id, self.run_id)
        object.__setattr__(self, "created_at", _utc(self.created_at))


@dataclass(frozen=True, kw_only=True)
class KeptInput:
    """Hold the input of a run, as bytes of a media type such as `text/plain; charset=utf-8` or `image/png`."""

    run_id: str
    media_type: str
    data: bytes

    def __post_init__(self) -> None:
        _check_ids(self.run_id)

    @classmethod
    def of(cls, run_id: str, inputs: Value) -> Self:
        """Hold an input as the file that it is kept as."""
        media_type, data = encoded(inputs)
        return cls(run_id=run_id, media_type=media_type, data=data)


Record = RunRecord | JudgementRecord | ConsentRecord | KeptInput


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """Hold a current judgement with its run, and what became of its input.

    Args:
        may_keep, may_share: the visitor's last word on each; False where there was none.
        has_input: whether the input is kept now.
    """

    run: RunRecord
    judgement: JudgementRecord
    may_keep: bool
    may_share: bool
    has_input: bool


def _check_ids(*ids: str) -> None:
    for identifier in ids:
        if not is_id(identifier):
            raise BadInput(f"{identifier[:40]!r} is not an id.", hint="An id is 32 hexadecimal digits, in lower case.")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its time zone")
    return moment.astimezone(UTC)
