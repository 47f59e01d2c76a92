"""Visual question answering: a question about a picture, replied to in a word or a few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from core.errors import BadInput, ModelUnavailable
from core.media import to_pil
from core.tasks.pipelines import load_model, load_part
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import token_limit
from core.values import Image, Label, Replies, Text, Value

_PICTURES = Path("static/examples")

LONGEST_REPLY: Final = 20
"""Tokens of a written reply. Source: the models were trained on VQA v2, whose answers are one to three words."""


class AskedPicture(Value):
    """Ask something about a picture."""

    image: Image = Field(title="Picture")
    question: Text = Field(title="Question", description="What stands in the middle?")


class VisualQuestionAnsweringParameters(Parameters):
    """Tune visual question answering."""

    top_k: int = Field(5, ge=1, le=20, description="How many replies to return, likeliest first.")


@dataclass(frozen=True)
class Replier:
    """Hold a model that replies to questions about pictures, and what makes tensors for it."""

    model: Any
    processor: Any


def load(checkpoint: Checkpoint) -> Replier:
    """Load ViLT, which chooses among the replies it knows, or BLIP, which writes them.

    Raises: ModelUnavailable if it is another kind of model, or was not taught to answer.
    """
    from transformers import AutoModelForVisualQuestionAnswering, AutoProcessor

    model = load_model((AutoModelForVisualQuestionAnswering,), checkpoint).to(checkpoint.device)
    if model.config.model_type not in ("vilt", "blip"):
        raise ModelUnavailable(
            f"A {model.config.model_type} model answers in sentences.", hint="Open it under image-text-to-text."
        )
    return Replier(model, load_part(AutoProcessor, checkpoint))


def run(pipe: Replier, inputs: Sequence[AskedPicture], parameters: VisualQuestionAnsweringParameters) -> list[Replies]:
    """Reply to each question.

    Raises: BadInput if a question is longer than the model reads.
    """
    import torch

    answers = []
    for asked in inputs:
        _refuse_long(pipe, asked.question.text)
        tensors = pipe.processor(images=to_pil(asked.image), text=asked.question.text, return_tensors="pt")
        tensors = tensors.to(pipe.model.device, pipe.model.dtype)
        with torch.inference_mode():
            rows = (_chosen if pipe.model.config.model_type == "vilt" else _written)(pipe, tensors, parameters.top_k)
        answers.append(Replies(labels=tuple(Label(label=reply, score=score) for reply, score in rows)))
    return answers


def _chosen(pipe: Replier, tensors: Any, top_k: int) -> list[tuple[str, float]]:
    """Score each reply that the model knows by itself: several may be right, so the scores do not add up to 1."""
    scores = pipe.model(**tensors).logits[0].float().sigmoid()
    best = scores.topk(min(top_k, len(scores)))
    return [
        (pipe.model.config.id2label[at], score) for at, score in zip(best[1].tolist(), best[0].tolist(), strict=True)
    ]


def _written(pipe: Replier, tensors: Any, top_k: int) -> list[tuple[str, float]]:
    """Write the likeliest replies; a reply's score is its probability, the product of its tokens'."""
    beams = max(2, top_k)
    found = pipe.model.generate(
        **tensors,
        max_new_tokens=LONGEST_REPLY,
        num_beams=beams,
        num_return_sequences=beams,
        length_penalty=0.0,  # so that a sequence's score is the sum of its tokens' log-probabilities, not their mean
        do_sample=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    texts = pipe.processor.tokenizer.batch_decode(found.sequences, skip_special_tokens=True)
    likelihoods: dict[str, float] = {}
    for text, log_probability in zip(texts, found.sequences_scores.tolist(), strict=True):
        likelihoods[text.strip()] = likelihoods.get(text.strip(), 0.0) + math.exp(log_probability)
    best_first = sorted(likelihoods.items(), key=lambda row: -row[1])
    return [(text, min(1.0, likelihood)) for text, likelihood in best_first[:top_k]]


def _refuse_long(pipe: Replier, question: str) -> None:
    count, limit = (
        len(pipe.processor.tokenizer(question)["input_ids"]),
        token_limit(pipe.model, pipe.processor.tokenizer),
    )
    if count > limit:
        raise BadInput(f"The question makes {count} tokens; this model reads {limit}.", hint="Ask in fewer words.")


TASK = Task(
    id="visual-question-answering",
    modality="image",
    title="Visual question answering",
    summary="Answers a question about a picture in a word or a few, and says how sure it is of each reply.",
    icon=":material/contact_support:",
    input=AskedPicture,
    parameters=VisualQuestionAnsweringParameters,
    output=Replies,
    examples=(
        Example("A flower", {"image": _PICTURES / "flower.jpg", "question": "What colour is the flower?"}),
        Example("A temple", {"image": _PICTURES / "temple.jpg", "question": "What is the weather like?"}),
        Example("How many?", {"image": _PICTURES / "temple.jpg", "question": "How many people are there?"}),
    ),
    load=load,
    run=run,
    batches=False,  # ViLT pads pictures of a batch to one size, and looks at the padding
)
