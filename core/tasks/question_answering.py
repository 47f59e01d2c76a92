"""Question answering: the stretch of a passage that answers a question.

transformers 5 has no such pipeline, so the passage is read here: in windows that overlap where it is longer than
the model reads. A span's score is its share among all pairs of a start and an end in all windows, so that a window
without the answer cannot outshout the one that has it; in one window that is softmax(start) * softmax(end).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import ModelUnavailable, TooLarge
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import token_limit
from core.values import Answer, Answers, Text, Value

LONGEST_WINDOW: Final = 512
"""Tokens that a window holds at most, should the model read more: readers are trained on 384 or 512, and every
start is paired with every end."""

WINDOWS_AT_ONCE: Final = 8
"""Windows that run through the model together: more gain nothing on a processor, and cost memory."""


class QuestionAnsweringInput(Value):
    """Be a question and the passage that holds its answer."""

    question: Text = Field(title="Question", description="What do you want to know?")
    context: Text = Field(
        title="Passage", description="Paste the text that holds the answer", json_schema_extra={"rows": 9}
    )


class QuestionAnsweringParameters(Parameters):
    """Tune question answering."""

    top_k: int = Field(3, ge=1, le=20, description="How many answers to return, likeliest first.")
    max_answer_len: int = Field(30, ge=1, le=200, description="The longest answer, in tokens.")
    doc_stride: int = Field(
        128, ge=0, le=384, description="How many tokens the windows share in which a long passage is read."
    )
    handle_impossible_answer: bool = Field(
        False, description="Let the model say that the passage has no answer; for models trained on SQuAD 2."
    )
    align_to_words: bool = Field(
        True, description="Widen answers to whole words; switch off for writing without spaces."
    )


@dataclass(frozen=True)
class Reader:
    """Hold a model that points at answers, and its tokenizer."""

    model: Any
    tokenizer: Any


@dataclass(frozen=True)
class Asked:
    """Hold a passage, and the tokens of the question and of each of the passage's windows."""

    passage: str
    windows: Any


@dataclass(frozen=True)
class Window:
    """Hold what the model said of one window: a start and an end score for each token, and where tokens stand."""

    spans: Sequence[tuple[int, int]]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    is_passage: NDArray[np.bool_]


def load(checkpoint: Checkpoint) -> Reader:
    """Load a reader.

    Raises: ModelUnavailable if its kind of model points at no answers, or its tokenizer cannot say where words stand.
    """
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    model = load_model((AutoModelForQuestionAnswering,), checkpoint).to(checkpoint.device)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise ModelUnavailable(
            "This model's tokenizer cannot say where in the passage a word stands.",
            hint="Choose a model with a tokenizer.json.",
        )
    return Reader(model, tokenizer)


def prepare(pipe: Reader, inputs: QuestionAnsweringInput, parameters: QuestionAnsweringParameters) -> Asked:
    """Tokenise a question, and its passage in windows that overlap.

    Raises: TooLarge if the question leaves no room for a passage.
    """
    limit = min(LONGEST_WINDOW, token_limit(pipe.model, pipe.tokenizer))
    question = len(pipe.tokenizer(inputs.question.text, add_special_tokens=False, verbose=False)["input_ids"])
    if question > limit // 2:
        raise TooLarge(
            f"The question is {question} tokens long; this model reads questions of up to {limit // 2}.",
            hint="Ask in fewer words.",
        )
    room = limit - question - int(pipe.tokenizer.num_special_tokens_to_add(pair=True))
    windows = pipe.tokenizer(
        inputs.question.text,
        inputs.context.text,
        truncation="only_second",
        max_length=limit,
        stride=min(parameters.doc_stride, room // 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )
    return Asked(inputs.context.text, windows)


def run(pipe: Reader, inputs: Sequence[Asked], parameters: QuestionAnsweringParameters) -> list[Answers]:
    """Answer each question from its passage."""
    said = _read(pipe, [one.windows for one in inputs])
    return [_answers(one.passage, [next(said) for _ in one.windows["input_ids"]], parameters) for one in inputs]


def _read(pipe: Reader, encodings: Sequence[Any]) -> Iterator[Window]:
    """Run all windows of all passages through the model; yield what it said of each, in their order."""
    import torch

    rows = [
        ({name: encoding[name][at] for name in pipe.tokenizer.model_input_names if name in encoding}, encoding, at)
        for encoding in encodings
        for at in range(len(encoding["input_ids"]))
    ]
    for begin in range(0, len(rows), WINDOWS_AT_ONCE):
        group = rows[begin : begin + WINDOWS_AT_ONCE]
        padded = pipe.tokenizer.pad([row for row, _, _ in group], padding_side="right", return_tensors="pt")
        with torch.inference_mode():
            said = pipe.model(**padded.to(pipe.model.device))
        for number, (row, encoding, at) in enumerate(group):
            length = len(row["input_ids"])
            yield Window(
                spans=encoding["offset_mapping"][at],
                starts=said.start_logits[number, :length].double().cpu().numpy(),
                ends=said.end_logits[number, :length].double().cpu().numpy(),
                is_passage=np.array([part == 1 for part in encoding.sequence_ids(at)]),
            )


def _answers(passage: str, windows: Sequence[Window], parameters: QuestionAnsweringParameters) -> Answers:
    """Return the best spans over all windows; what two windows both say counts once, with both their shares."""
    whole = [_log_sum(one.starts[one.is_passage]) + _log_sum(one.ends[one.is_passage]) for one in windows]
    # A passage has no answer only if none of its windows has one: the smallest of their "nothing here" scores.
    nothing = min(float(one.starts[0] + one.ends[0]) for one in windows)
    if parameters.handle_impossible_answer:
        whole.append(nothing)
    total = _log_sum(np.array(whole))
    found: dict[tuple[int, int], float] = {}
    for window in windows:
        for start, end, score in _best_spans(window, parameters):
            place = _place(passage, window.spans[start][0], window.spans[end][1], parameters)
            if place is not None:
                found[place] = found.get(place, 0.0) + float(np.exp(score - total))
    if parameters.handle_impossible_answer:
        found[(0, 0)] = found.get((0, 0), 0.0) + float(np.exp(nothing - total))
    best_first = sorted(found.items(), key=lambda item: (-item[1], item[0]))[: parameters.top_k]
    return Answers(
        answers=tuple(
            Answer(answer=passage[start:end], score=min(1.0, score), start=start, end=end)
            for (start, end), score in best_first
        )
    )


def _best_spans(window: Window, parameters: QuestionAnsweringParameters) -> Iterator[tuple[int, int, float]]:
    """Yield the best pairs of a start and an end of a window, with their summed scores.

    Several pieces of the same words become one answer, so a few more than `top_k` are looked at.
    """
    places = np.flatnonzero(window.is_passage)
    starts, ends = window.starts[places], window.ends[places]
    sums = starts[:, None] + ends[None, :]
    allowed = np.triu(np.ones_like(sums, np.bool_)) & np.tril(
        np.ones_like(sums, np.bool_), parameters.max_answer_len - 1
    )
    flat = np.where(allowed, sums, -np.inf).ravel()
    count = min(int(allowed.sum()), 4 * parameters.top_k + 16)
    for at in np.argpartition(-flat, count - 1)[:count] if count else ():
        start, end = divmod(int(at), len(places))
        yield int(places[start]), int(places[end]), float(flat[at])


def _place(passage: str, start: int, end: int, parameters: QuestionAnsweringParameters) -> tuple[int, int] | None:
    """Return where an answer stands, without blanks at its ends and widened to whole words; None if it is blank."""
    while start < end and passage[start].isspace():
        start += 1
    while end > start and passage[end - 1].isspace():
        end -= 1
    if start >= end:
        return None
    if parameters.align_to_words:
        while start > 0 and passage[start].isalnum() and passage[start - 1].isalnum():
            start -= 1
        while end < len(passage) and passage[end - 1].isalnum() and passage[end].isalnum():
            end += 1
    return start, end


def _log_sum(values: NDArray[np.float64]) -> float:
    """Return the logarithm of the sum of exponentials."""
    if not len(values):
        return -np.inf
    largest = values.max()
    return float(largest + np.log(np.exp(values - largest).sum()))


_LIGHTHOUSE = (
    "The lighthouse on Skarn Point was built in 1871, after three grain ships had run aground in a single winter. "
    "Its first keeper, Marta Lindqvist, lived there for thirty-four years and wrote down the weather every morning "
    "at six. Her notebooks fill two shelves in the harbour museum. The lamp burned whale oil until 1903, when a "
    "paraffin burner took its place; electric light came only in 1958. Today the tower is rented to holiday guests, "
    "and the old fog horn sounds once a year, on the evening of the keeper's birthday."
)
_KITCHEN = (
    "Soak the beans overnight in plenty of cold water. The next day, pour the water away, cover the beans with fresh "
    "water and simmer them for about ninety minutes, until a fork goes in without force. Salt them only now: salted "
    "earlier, their skins stay tough. Keep a cup of the cooking water, since it thickens the sauce."
)

TASK = Task(
    id="question-answering",
    modality="text",
    title="Question answering",
    summary="Finds the words of a passage that answer your question. A long passage is read in windows that overlap.",
    icon=":material/quiz:",
    input=QuestionAnsweringInput,
    parameters=QuestionAnsweringParameters,
    output=Answers,
    examples=(
        Example("The lighthouse", {"question": "Who was the first keeper of the lighthouse?", "context": _LIGHTHOUSE}),
        Example("A date", {"question": "When did electric light come to the tower?", "context": _LIGHTHOUSE}),
        Example("In the kitchen", {"question": "Why should the beans be salted late?", "context": _KITCHEN}),
    ),
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
)
