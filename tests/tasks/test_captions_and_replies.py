"""Captions of pictures and replies to questions about them: what transformers gives, called directly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoTokenizer,
    BlipForQuestionAnswering,
    BlipProcessor,
    ViltForQuestionAnswering,
    ViltProcessor,
)

from core.errors import BadInput, ModelUnavailable
from core.media import to_pil
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.tasks.visual_question_answering import AskedPicture
from core.values import Caption, Image, Text
from tests.tiny import mixed

NOISE = np.random.default_rng(1)
PICTURES = [Image.from_array(NOISE.integers(0, 255, (height, 40, 3), np.uint8)) for height in (30, 50)]
CAPTIONERS = (mixed.captions, mixed.git, mixed.vit_gpt2)
QUESTIONS = ("the film ?", "a good film left anna .")


def load(task_id: str, folder: Path) -> Any:
    """Load a checkpoint as the engine does."""
    pipe = get_task(task_id).load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def run(task_id: str, pipe: Any, inputs: list[Any], **parameters: Any) -> list[Any]:
    """Run a task with these parameters."""
    task = get_task(task_id)
    return task.answers(pipe, inputs, task.checked_parameters(parameters))


@pytest.mark.parametrize("build", CAPTIONERS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("num_beams", [1, 3])
def test_a_caption_is_what_the_model_writes_batched_and_unbatched(
    build: Callable[[Path], Path], num_beams: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    folder = build(tmp_path)
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    pixels, words = AutoImageProcessor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    expected = []
    for picture in PICTURES:
        tensors = pixels(to_pil(picture), return_tensors="pt").pixel_values
        tokens = model.generate(pixel_values=tensors, max_new_tokens=5, num_beams=num_beams, do_sample=False)
        expected.append(Caption(text=words.decode(tokens[0], skip_special_tokens=True).strip()))
    pipe = load("image-to-text", folder)
    assert run("image-to-text", pipe, PICTURES, max_new_tokens=5, num_beams=num_beams) == expected
    alone = [run("image-to-text", pipe, [picture], max_new_tokens=5, num_beams=num_beams)[0] for picture in PICTURES]
    assert alone == expected


@pytest.mark.parametrize("build", CAPTIONERS, ids=lambda build: build.__name__)
def test_a_caption_ends_where_the_model_has_no_more_places(build: Callable[[Path], Path], tmp_path: Path) -> None:
    pipe = load("image-to-text", build(tmp_path))
    (caption,) = run("image-to-text", pipe, PICTURES[:1], max_new_tokens=200, num_beams=1)
    assert isinstance(caption, Caption)


@pytest.mark.parametrize(
    ("build", "words"), [(mixed.written_replies, "replies to questions"), (mixed.llava, "only when it is asked to")]
)
def test_a_model_that_does_not_caption_is_refused(build: Callable[[Path], Path], words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=words):
        load("image-to-text", build(tmp_path))


def test_vilts_scores_are_its_own(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("visual-question-answering")
    model, processor = ViltForQuestionAnswering.from_pretrained(folder).eval(), ViltProcessor.from_pretrained(folder)
    asked = [AskedPicture(image=p, question=Text(text=q)) for p, q in zip(PICTURES, QUESTIONS, strict=True)]
    together = run("visual-question-answering", load("visual-question-answering", folder), asked, top_k=2)
    for one, answer in zip(asked, together, strict=True):
        tensors = processor(images=to_pil(one.image), text=one.question.text, return_tensors="pt")
        with torch.no_grad():
            scores = model(**tensors).logits[0].sigmoid()
        best = scores.topk(2)
        assert [label.label for label in answer.labels] == [model.config.id2label[at] for at in best[1].tolist()]
        assert [label.score for label in answer.labels] == pytest.approx(best[0].tolist(), abs=1e-5)
        alone = run("visual-question-answering", load("visual-question-answering", folder), [one], top_k=2)
        assert [label.score for label in alone[0].labels] == pytest.approx(best[0].tolist(), abs=1e-5)


@pytest.mark.parametrize("top_k", [1, 4])
def test_a_written_replys_score_is_the_product_of_its_tokens_probabilities(top_k: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = mixed.written_replies(tmp_path)
    model, processor = BlipForQuestionAnswering.from_pretrained(folder).eval(), BlipProcessor.from_pretrained(folder)
    asked = AskedPicture(image=PICTURES[0], question=Text(text=QUESTIONS[0]))
    (answer,) = run("visual-question-answering", load("visual-question-answering", folder), [asked], top_k=top_k)
    tensors = processor(images=to_pil(asked.image), text=asked.question.text, return_tensors="pt")
    beams = max(2, top_k)
    options = {"num_beams": beams, "num_return_sequences": beams, "length_penalty": 0.0, "max_new_tokens": 20}
    expected: dict[str, float] = {}
    with torch.no_grad():
        seen = model.vision_model(tensors.pixel_values)[0]
        question = model.text_encoder(tensors.input_ids, tensors.attention_mask, encoder_hidden_states=seen)[0]
        for tokens in model.generate(**tensors, **options, do_sample=False):
            logits = model.text_decoder(input_ids=tokens[None], encoder_hidden_states=question).logits[0]
            steps = logits[:-1].log_softmax(-1).gather(1, tokens[1:, None])[:, 0]
            ends = (tokens[1:] == model.config.text_config.sep_token_id).nonzero()
            written = int(ends[0]) + 1 if len(ends) else len(steps)  # what stands behind the end is padding
            reply = processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
            expected[reply] = expected.get(reply, 0.0) + steps[:written].sum().exp().item()
    best = sorted(expected.items(), key=lambda row: -row[1])[:top_k]
    assert [label.label for label in answer.labels] == [reply for reply, _ in best]
    assert [label.score for label in answer.labels] == pytest.approx([score for _, score in best], abs=1e-5)


@pytest.mark.parametrize("build", [mixed.known_replies, mixed.written_replies], ids=lambda build: build.__name__)
def test_a_question_that_is_too_long_is_refused(build: Callable[[Path], Path], tmp_path: Path) -> None:
    asked = AskedPicture(image=PICTURES[0], question=Text(text="film " * 60))
    with pytest.raises(BadInput, match=r"The question makes 62 tokens; this model reads 32\."):
        run("visual-question-answering", load("visual-question-answering", build(tmp_path)), [asked])


def test_a_captioner_is_refused_for_questions(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="lacks weights that the task needs"):
        load("visual-question-answering", mixed.captions(tmp_path))
