"""Summaries: the same as transformers writes, passage by passage where a text is long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadParameters, ModelUnavailable
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import Text
from tests import tiny
from tests.tiny import sequences

TASK = get_task("summarization")
SHORT = {"max_new_tokens": 8, "min_new_tokens": 4}
TEXTS = [Text(text="the film left anna ."), Text(text="a good one"), Text(text="bad")]
LONG = Text(text="The frogs sang all night. " * 12)


def loaded(folder: Path) -> Any:
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


@pytest.fixture(scope="module")
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return loaded(tiny_folder(TASK.id))


def directly(pipe: Any, text: str, **options: Any) -> str:
    """Summarise with transformers and nothing of ours."""
    read = pipe.tokenizer(text, return_tensors="pt")
    tokens = pipe.model.generate(**read, do_sample=False, **options)
    return str(pipe.tokenizer.decode(tokens[0], skip_special_tokens=True)).strip()


@pytest.mark.parametrize("num_beams", [1, 3])
def test_a_summary_is_what_transformers_writes_alone_or_in_a_batch(pipe: Any, num_beams: int) -> None:
    parameters = TASK.checked_parameters({**SHORT, "num_beams": num_beams})
    wanted = [
        directly(pipe, text.text, max_new_tokens=8, min_new_tokens=4, num_beams=num_beams, no_repeat_ngram_size=3)
        for text in TEXTS
    ]
    together = TASK.answers(pipe, TEXTS, parameters)
    assert [summary.text for summary in together] == wanted
    assert [TASK.answers(pipe, [text], parameters)[0] for text in TEXTS] == together
    assert all(wanted)
    assert not any(summary.note for summary in together)


def test_a_long_text_is_summarised_passage_by_passage_and_says_so(pipe: Any) -> None:
    parameters = TASK.checked_parameters(SHORT)
    (summary,) = TASK.answers(pipe, [LONG], parameters)
    passage = "The frogs sang all night. The frogs sang all night."
    (first,) = TASK.answers(pipe, [Text(text=passage)], parameters)
    assert summary.text == " ".join([first.text] * 6)
    assert "6 passages" in summary.note


def test_a_stream_ends_with_the_same_summary_and_grows_towards_it(pipe: Any) -> None:
    parameters = TASK.checked_parameters({**SHORT, "num_beams": 8})
    grown: list[Any] = []
    assert TASK.stream is not None
    whole = TASK.stream(pipe, LONG, parameters, grown.append, lambda: False)
    assert [whole] == TASK.answers(pipe, [LONG], parameters)
    assert len(grown) == 2  # four passages, and the two that are left
    assert whole.text.startswith(grown[0].text)


def test_a_stream_that_is_stopped_keeps_what_there_is(pipe: Any) -> None:
    grown: list[Any] = []
    assert TASK.stream is not None
    parameters = TASK.checked_parameters(SHORT)
    stopped = TASK.stream(pipe, LONG, parameters, grown.append, lambda: bool(grown))
    assert stopped == grown[0]


def test_t5_is_told_in_words_what_to_do(tmp_path: Path) -> None:
    pipe = loaded(sequences.t5(tmp_path))
    (summary,) = TASK.answers(pipe, [TEXTS[0]], TASK.checked_parameters({**SHORT, "num_beams": 1}))
    wanted = directly(pipe, f"summarize: {TEXTS[0].text}", max_new_tokens=8, min_new_tokens=4, no_repeat_ngram_size=3)
    assert summary.text == wanted


def test_lengths_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadParameters, match="min_new_tokens must not be above"):
        TASK.checked_parameters({"min_new_tokens": 50, "max_new_tokens": 20})


def test_a_model_that_only_reads_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="A bert model cannot do this task"):
        loaded(tiny.build("text-classification", tmp_path))
