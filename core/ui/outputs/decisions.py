"""The view of decisions: each question, its answer large, and a bar for each option."""

from __future__ import annotations

from core.ui.outputs.labels import bars
from core.ui.outputs.markup import Markup, element, percent
from core.values import Decision, Decisions


def decisions_view(decisions: Decisions) -> Markup:
    """Return the view of decisions."""
    if not decisions.decisions:
        return element("p", "The model decided nothing.", class_="pd-none")
    several = len(decisions.decisions) > 1
    return element("div", *(_decision(one, several) for one in decisions.decisions), class_="pd-decisions")


def _decision(decision: Decision, several: bool) -> Markup:
    share = next((option.score for option in decision.options if option.label == decision.answer), None)
    score = element("span", percent(share), class_="pd-score") if share is not None else Markup("")
    headline = element("p", element("strong", decision.answer), " ", score, class_="pd-best")
    return element(
        "section",
        element("h4", decision.name),
        headline,
        bars(decision.options),
        class_="pd-one-of-many" if several else None,
    )
