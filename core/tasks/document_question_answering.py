"""Document question answering: a question answered from a page, and where on the page the answer stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from core.errors import BadInput, ModelUnavailable
from core.media import to_pil
from core.tasks.page_words import Word, check_tesseract, words_on
from core.tasks.pipelines import load_model, load_part
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import STRIDE, token_limit
from core.values import Box, Image, PageAnswer, PageAnswers, Text, Value

_PICTURES = Path("static/examples")

GRID: Final = 1000
"""LayoutLM counts places on a page in thousandths of its sides. Source: arXiv:1912.13318, section 3.1."""


class AskedPage(Value):
    """Ask something that a page answers."""

    image: Image = Field(title="Page")
    question: Text = Field(title="Question", description="What is the total?")


class DocumentQuestionAnsweringParameters(Parameters):
    """Tune document question answering."""

    top_k: int = Field(3, ge=1, le=10, description="How many answers to return, likeliest first.")
    max_answer_len: int = Field(15, ge=1, le=64, description="The most words of an answer.")
    lang: str = Field(
        "eng",
        description="The language of the page, for models that have it read by Tesseract.",
        json_schema_extra={
            "choices": {
                "eng": "English",
                "deu": "German",
                "fra": "French",
                "spa": "Spanish",
                "ita": "Italian",
                "por": "Portuguese",
                "nld": "Dutch",
            }
        },
        pattern="^[a-z]{3}$",
    )


def load(checkpoint: Checkpoint) -> Any:
    """Load a LayoutLM, which is given the words of a page, or a Donut, which reads by itself.

    Raises: ModelUnavailable if it is neither, or is given words and nothing is installed that finds them.
    """
    from transformers import (
        AutoConfig,
        AutoImageProcessor,
        AutoModelForDocumentQuestionAnswering,
        AutoModelForImageTextToText,
        AutoTokenizer,
        pipeline,
    )

    config = load_part(AutoConfig, checkpoint)
    if config.model_type != "vision-encoder-decoder":
        check_tesseract()
        if config.model_type != "layoutlm":
            raise ModelUnavailable(
                f"A {config.model_type} model also needs the page's picture, which transformers' pipeline leaves out.",
                hint="Choose a LayoutLM or a Donut.",
            )
        return pipeline(
            "document-question-answering",
            model=load_model((AutoModelForDocumentQuestionAnswering,), checkpoint),
            # Pages come as words; tokenizers of RoBERTa's kind take these only if told that a blank is before each.
            tokenizer=load_part(AutoTokenizer, checkpoint, add_prefix_space=True),
            device=checkpoint.device,
            trust_remote_code=False,
        )
    if config.encoder.model_type != "donut-swin":
        raise ModelUnavailable("Of the models with a picture encoder only Donut reads pages.", hint="Choose a Donut.")
    model = load_model((AutoModelForImageTextToText,), checkpoint)
    model.set_attn_implementation("eager")  # the pipeline asks for attentions, which no other implementation gives
    return pipeline(
        "document-question-answering",
        model=model,
        tokenizer=load_part(AutoTokenizer, checkpoint),
        image_processor=load_part(AutoImageProcessor, checkpoint),
        device=checkpoint.device,
        trust_remote_code=False,
    )


@dataclass(frozen=True)
class ReadPage:
    """Hold what is asked of a page, and the words on it; none where the model reads by itself."""

    asked: AskedPage
    words: Sequence[Word]


def prepare(pipe: Any, inputs: AskedPage, parameters: DocumentQuestionAnsweringParameters) -> ReadPage:
    """Read a page, for a model that does not: by far the longest part. The tokenizer is left to `run`.

    Raises: BadInput if a page has no words; ModelUnavailable as `words_on` does.
    """
    if _reads(pipe):
        return ReadPage(inputs, ())
    words = words_on(inputs.image, parameters.lang)
    if not words:
        raise BadInput("Tesseract found no words on this page.", hint="Send a sharper or a larger picture of it.")
    return ReadPage(inputs, words)


def run(pipe: Any, inputs: Sequence[ReadPage], parameters: DocumentQuestionAnsweringParameters) -> list[PageAnswers]:
    """Answer each question.

    Raises: BadInput if a question is too long for the model.
    """
    return [
        PageAnswers(
            width=page.asked.image.width,
            height=page.asked.image.height,
            answers=_generated(pipe, page.asked) if _reads(pipe) else _found(pipe, page, parameters),
        )
        for page in inputs
    ]


def _reads(pipe: Any) -> bool:
    return bool(pipe.model.config.model_type == "vision-encoder-decoder")


def _generated(pipe: Any, asked: AskedPage) -> tuple[PageAnswer, ...]:
    _room(pipe, asked.question.text, pipe.model.config.decoder.max_position_embeddings)
    rows = pipe(image=to_pil(asked.image), question=asked.question.text)
    return tuple(PageAnswer(answer=row["answer"]) for row in rows if row["answer"])


def _found(pipe: Any, page: ReadPage, parameters: DocumentQuestionAnsweringParameters) -> tuple[PageAnswer, ...]:
    asked, words = page.asked, page.words
    limit = token_limit(pipe.model, pipe.tokenizer)
    room = _room(pipe, asked.question.text, limit)
    rows = pipe(
        image=to_pil(asked.image),
        question=asked.question.text,
        word_boxes=[(word.text, _on_grid(word.box, asked.image)) for word in words],
        # Windows of a long page overlap, and each gives its own best answers: the same one may come several times.
        top_k=3 * parameters.top_k,
        max_answer_len=parameters.max_answer_len,
        max_seq_len=limit,
        doc_stride=min(STRIDE, room // 2),
    )
    best: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        best.setdefault((row["start"], row["end"]), row)
    return tuple(
        PageAnswer(
            answer=row["answer"],
            score=min(1.0, row["score"]),
            boxes=lines_of(words[start : end + 1]),
            start=start,
            end=end,
        )
        for (start, end), row in list(best.items())[: parameters.top_k]
    )


def lines_of(words: Sequence[Word]) -> tuple[Box, ...]:
    """Return one box for each line that some words stand on."""
    lines: list[Box] = []
    for box in (word.box for word in words):
        last = lines[-1] if lines else None
        middle = (box.ymin + box.ymax) / 2
        if last is not None and last.ymin <= middle <= last.ymax and box.xmin >= last.xmin:
            lines[-1] = Box(
                xmin=last.xmin,
                ymin=min(last.ymin, box.ymin),
                xmax=max(last.xmax, box.xmax),
                ymax=max(last.ymax, box.ymax),
            )
        else:
            lines.append(box)
    return tuple(lines)


def _on_grid(box: Box, page: Image) -> list[int]:
    places = (box.xmin / page.width, box.ymin / page.height, box.xmax / page.width, box.ymax / page.height)
    return [min(GRID, max(0, int(GRID * place))) for place in places]


def _room(pipe: Any, question: str, limit: int) -> int:
    """Return how many tokens are left beside the question.

    Raises: BadInput if it takes more than half of what the model reads.
    """
    count = len(pipe.tokenizer(question)["input_ids"])
    if count > limit // 2:
        raise BadInput(f"The question makes {count} tokens; this model reads {limit // 2}.", hint="Ask in fewer words.")
    return limit - count - 4


TASK = Task(
    id="document-question-answering",
    modality="image",
    title="Document question answering",
    summary="Answers a question from a page, a letter or a receipt, and shows where on it the answer stands.",
    icon=":material/quick_reference_all:",
    input=AskedPage,
    parameters=DocumentQuestionAnsweringParameters,
    output=PageAnswers,
    examples=(
        Example("A receipt", {"image": _PICTURES / "receipt.png", "question": "What is the total?"}),
        Example("When was it?", {"image": _PICTURES / "receipt.png", "question": "What is the date?"}),
        Example("A notice", {"image": _PICTURES / "notice.png", "question": "When does the library close on Friday?"}),
    ),
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # a page is cut into windows, which are a batch by themselves
    also_loads=("vision-encoder-decoder",),  # Donut, which transformers' pipeline takes and its list leaves out
)
