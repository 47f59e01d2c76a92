"""The view of answers from a page: the likeliest one large, the page with all of them marked, and a list."""

from __future__ import annotations

from core.ui.outputs.asked import image_in, words_in
from core.ui.outputs.markup import Markup, element, joined, percent, styles, table
from core.ui.outputs.pictures import framed
from core.values import Box, PageAnswer, PageAnswers, Value


def page_answers_view(answers: PageAnswers, inputs: Value | None) -> Markup:
    """Return the view of answers from a page."""
    question = words_in(inputs)
    asked = element("p", question, class_="pd-prompt") if question else Markup("")
    if not answers.answers:
        page = framed(answers.width, answers.height, image_in(inputs), "", alt="The page, with nothing marked")
        return element(
            "div",
            asked,
            element("p", "The model found no answer on this page.", class_="pd-none"),
            page,
            class_="pd-page",
        )
    best = answers.answers[0]
    score = element("span", percent(best.score), class_="pd-score") if best.score is not None else Markup("")
    headline = element("p", element("strong", best.answer), " ", score, class_="pd-best")
    marks = joined(_marks(number, answer, answers) for number, answer in enumerate(answers.answers, 1))
    page = framed(answers.width, answers.height, image_in(inputs), marks, alt=_alt(answers))
    return element(
        "div", styles(_links(len(answers.answers))), asked, headline, page, _table(answers), class_="pd-page"
    )


def _marks(number: int, answer: PageAnswer, page: PageAnswers) -> Markup:
    return joined(_mark(number, box, page, first=at == 0) for at, box in enumerate(answer.boxes))


def _mark(number: int, box: Box, page: PageAnswers, *, first: bool) -> Markup:
    left, top = 100 * box.xmin / page.width, 100 * box.ymin / page.height
    width, height = 100 * (box.xmax - box.xmin) / page.width, 100 * (box.ymax - box.ymin) / page.height
    style = f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
    tag = element("b", str(number)) if first else Markup("")
    best = " pd-first" if number == 1 else ""
    return element("span", tag, class_=f"pd-answer pd-b{number - 1}{best}", style=style, aria_hidden="true")


def _alt(answers: PageAnswers) -> str:
    where = sum(1 for answer in answers.answers if answer.boxes)
    words = ", ".join(answer.answer for answer in answers.answers)
    return f"The page, with {where} of {len(answers.answers)} answers marked: {words}"


def _links(count: int) -> str:
    return "".join(f".pd-page:has(.pd-r{at}:hover) .pd-b{at}{{--lit:1;z-index:3}}" for at in range(count))


def _table(answers: PageAnswers) -> Markup:
    rows = [
        (str(number), answer.answer, "" if answer.score is None else percent(answer.score), _place(answer))
        for number, answer in enumerate(answers.answers, 1)
    ]
    return table(("", "Answer", "Score", "From the left, top"), rows, caption="Answers from the page", numbers=2)


def _place(answer: PageAnswer) -> str:
    return "; ".join(f"{box.xmin}, {box.ymin}" for box in answer.boxes) or "not said"
