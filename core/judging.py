"""What people say of answers: judgements, their undoing, and the leave to keep and share.

Owns when an input is kept and what an undo takes back. What a judgement may hold is checked by its
record, rows belong to `core.feedback`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from core.errors import BadInput
from core.feedback.records import (
    ConsentRecord,
    JudgementRecord,
    KeptInput,
    Record,
    Scale,
    Scope,
    new_id,
)
from core.job import Run
from core.showcase import Showcase
from core.values import Value

SUGGESTED_TAGS: Final = ("funny", "harmful", "too long", "off topic", "bad input")
"""What people say of answers most often, offered as chips."""


class Judging:
    """Take judgements of runs.

    Args:
        showcase: whose runs are judged.
    """

    def __init__(self, showcase: Showcase) -> None:
        self._settings = showcase.settings
        self._store = showcase.store
        self.observers: list[Callable[[JudgementRecord], None]] = []
        """Called with each judgement that is kept."""

    def judge(
        self,
        run: Run,
        *,
        judge: str,
        rating: float | None,
        scale: Scale = "thumbs",
        correction: Value | None = None,
        tags: Sequence[str] = (),
        comment: str = "",
        share: bool = False,
    ) -> JudgementRecord:
        """Write down a judgement; it replaces the one that this judge gave before, if any.

        Returned only after the commit: judgement, leave and input are kept together or not at all.

        Args:
            judge: a salted hash of who judges.
            rating: in [0, 1], 1 is right; None where only a correction, a tag or a comment is given.
            share: the visitor lets input and answer be shared in a dataset.

        Raises: TooLarge or BadInput if the judgement cannot be kept as it is; StoreUnavailable.
        """
        if correction is not None and type(correction).__name__ != run.record.output_type:
            raise BadInput(
                f"The correction is a {type(correction).__name__}, the answer a {run.record.output_type}.",
                hint="Correct the answer in its own type.",
            )
        before = self.current(run, judge)
        judgement = JudgementRecord(
            judgement_id=new_id(),
            run_id=run.record.run_id,
            judge=judge,
            created_at=datetime.now(UTC),
            rating=rating,
            scale=None if rating is None else scale,
            correction=None if correction is None else correction.to_json(),
            correction_type=None if correction is None else type(correction).__name__,
            tags=tuple(tag.strip() for tag in tags if tag.strip()),
            comment=comment.strip(),
            replaces=before.judgement_id if before else None,
        )
        keeps = self._settings.keep_inputs != "never"
        leave = self._changed(run, judge, keep_input=keeps, share=keeps and share)
        kept = [KeptInput.of(run.record.run_id, run.inputs)] if keeps and run.inputs is not None else []
        self._store.add(judgement, *leave, *kept)
        for observer in self.observers:
            observer(judgement)
        return judgement

    def undo(self, run: Run, judgement: JudgementRecord) -> None:
        """Take a judgement back, and with it the leave that it gave.

        Raises: StoreUnavailable if that could not be kept.
        """
        keeps = self._settings.keep_inputs == "always"
        withdrawal = judgement.undo(judgement_id=new_id(), created_at=datetime.now(UTC))
        self._store.add(withdrawal, *self._changed(run, judgement.judge, keep_input=keeps, share=False))

    def current(self, run: Run, judge: str) -> JudgementRecord | None:
        """Return what this judge says of the run now, if anything."""
        return self._store.current_judgement(run.record.run_id, judge)

    def may_share(self, run: Run) -> bool:
        """Return whether the run may be shared in a dataset now."""
        return self._store.has_consent(run.record.run_id, "share")

    def _changed(self, run: Run, judge: str, *, keep_input: bool, share: bool) -> list[Record]:
        """Return the consents that differ from what holds now."""
        wanted: dict[Scope, bool] = {"keep_input": keep_input, "share": share}
        return [
            ConsentRecord(
                consent_id=new_id(),
                run_id=run.record.run_id,
                scope=scope,
                granted=granted,
                client=judge,
                created_at=datetime.now(UTC),
            )
            for scope, granted in wanted.items()
            if self._store.has_consent(run.record.run_id, scope) != granted
        ]
