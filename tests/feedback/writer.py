"""A process that judges until it is killed, and says each id after it was acknowledged.

Run as: python -m tests.feedback.writer URL
"""

from __future__ import annotations

import sys

from core.feedback.store import FeedbackStore
from tests.feedback.samples import make_judgement, make_run


def main(url: str) -> None:
    store = FeedbackStore(url)
    while True:
        run = make_run()
        judgement = make_judgement(run, tags=("one", "two"))
        store.add(run, judgement)
        sys.stdout.write(f"{judgement.judgement_id} {run.run_id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
