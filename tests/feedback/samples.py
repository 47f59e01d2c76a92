"""Records as a test wants them: valid, and different only where it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.feedback.records import ConsentRecord, JudgementRecord, KeptInput, RunRecord, new_id

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def make_run(**given: Any) -> RunRecord:
    return RunRecord(
        **{
            "run_id": new_id(),
            "task_id": "text-classification",
            "model_id": "starters/sentiment",
            "revision": "a" * 40,
            "dtype": "float32",
            "device": "cpu",
            "parameters": {"top_k": 5},
            "input_type": "Text",
            "input_digest": "b" * 64,
            "output_type": "Labels",
            "output": {"labels": [{"label": "POSITIVE", "score": 0.9}]},
            "queue_ms": 0.5,
            "run_ms": 12.25,
            "batch_size": 1,
            "stopped": False,
            "created_at": NOON,
            "client": "c" * 16,
            "app_version": "0.1.0",
            "source": "page",
            "runtime": "torch",
        }
        | given
    )


def make_judgement(run: RunRecord, **given: Any) -> JudgementRecord:
    return JudgementRecord(
        **{
            "judgement_id": new_id(),
            "run_id": run.run_id,
            "judge": "j" * 16,
            "created_at": at(1),
            "rating": 1.0,
            "scale": "thumbs",
        }
        | given
    )


def make_consent(run: RunRecord, **given: Any) -> ConsentRecord:
    return ConsentRecord(
        **{
            "consent_id": new_id(),
            "run_id": run.run_id,
            "scope": "keep_input",
            "granted": True,
            "client": "c" * 16,
            "created_at": at(1),
        }
        | given
    )


def make_input(
    run: RunRecord, data: bytes = b"a fine film", media_type: str = "text/plain; charset=utf-8"
) -> KeptInput:
    return KeptInput(run_id=run.run_id, media_type=media_type, data=data)
