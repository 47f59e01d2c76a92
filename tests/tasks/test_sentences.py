"""Vectors of texts: pooled as the checkpoint says, equal to what transformers gives, close for like texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelUnavailable
from core.tasks import get_task
from core.tasks.feature_extraction import Texts
from core.tasks.sentence_similarity import SourceAndSentences
from core.tasks.spec import Checkpoint
from core.values import Text
from tests.tiny import sequences, texts

EXTRACTION = get_task("feature-extraction")
SIMILARITY = get_task("sentence-similarity")
WORDS = ("the film left anna .", "a good film", "bad", "anna left the good bad film . the film left")
LONG = "the film left anna . " * 12


@pytest.fixture(scope="module")
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return loaded(tiny_folder(EXTRACTION.id))


def loaded(folder: Path) -> Any:
    pipe = EXTRACTION.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def vectors(pipe: Any, *given: str, **parameters: Any) -> np.ndarray:
    inputs = Texts(texts=tuple(Text(text=text) for text in given))
    (answer,) = EXTRACTION.answers(pipe, [inputs], EXTRACTION.checked_parameters(parameters))
    return answer.array()


def tokens_of(pipe: Any, text: str) -> np.ndarray:
    """Return what transformers gives for each token, of shape (tokens, width)."""
    import torch

    with torch.inference_mode():
        return pipe.model(**pipe.tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()


POOLED = {"mean": lambda tokens: tokens.mean(0), "cls": lambda tokens: tokens[0], "max": lambda tokens: tokens.max(0)}


@pytest.mark.parametrize("pooling", POOLED)
@pytest.mark.parametrize("normalize", [True, False])
def test_a_vector_is_made_of_transformers_tokens_alone_or_among_others(
    pipe: Any, pooling: str, normalize: bool
) -> None:
    wanted = np.array([POOLED[pooling](tokens_of(pipe, text)) for text in WORDS])
    if normalize:
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    options = {"pooling": pooling, "normalize": normalize}
    np.testing.assert_allclose(vectors(pipe, *WORDS, **options), wanted, atol=1e-5)
    for text, row in zip(WORDS, wanted, strict=True):
        np.testing.assert_allclose(vectors(pipe, text, **options)[0], row, atol=1e-5)


def test_many_texts_keep_their_order(pipe: Any) -> None:
    many = [WORDS[at % 4] for at in range(40)]
    np.testing.assert_allclose(vectors(pipe, *many), np.tile(vectors(pipe, *WORDS), (10, 1)), atol=1e-5)


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True, "include_prompt": True}, "mean"),
        ({"word_embedding_dimension": 16, "pooling_mode": "max"}, "max"),
        ({"pooling_mode_lasttoken": True}, "last"),
        (None, "mean"),
    ],
)
def test_the_checkpoint_says_how_it_pools(said: dict[str, Any] | None, pooling: str, tmp_path: Path) -> None:
    folder = texts.sentences(tmp_path)
    if said is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    pipe = loaded(folder)
    wanted = (POOLED | {"last": lambda tokens: tokens[-1]})[pooling](tokens_of(pipe, WORDS[2]))
    np.testing.assert_allclose(vectors(pipe, WORDS[2], WORDS[0], normalize=False)[0], wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("1_Pooling/config.json", {"pooling_mode_weightedmean_tokens": True}, "pools its vectors in a way"),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, "pools its"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "a layer after its pooling"),
    ],
)
def test_a_checkpoint_that_would_be_read_wrongly_is_refused(
    name: str, content: Any, sentence: str, tmp_path: Path
) -> None:
    folder = texts.sentences(tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(ModelUnavailable, match=sentence):
        loaded(folder)


def test_a_model_that_writes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="A t5 model writes texts"):
        loaded(sequences.t5(tmp_path))


def test_a_long_text_is_read_in_windows_and_says_so(pipe: Any) -> None:
    inputs = Texts(texts=(Text(text=LONG), Text(text="bad")))
    (answer,) = EXTRACTION.answers(pipe, [inputs], EXTRACTION.checked_parameters({}))
    assert "mean of" in answer.note
    assert not np.allclose(answer.array()[0], vectors(pipe, LONG[:100])[0], atol=1e-4)
    np.testing.assert_allclose(answer.array()[1], vectors(pipe, "bad")[0], atol=1e-5)


def test_similarities_are_cosines_in_the_order_given(pipe: Any) -> None:
    source, *others = WORDS
    inputs = SourceAndSentences(
        source_sentence=Text(text=source), sentences=tuple(Text(text=text) for text in (*others, source))
    )
    (answer,) = SIMILARITY.answers(pipe, [inputs], SIMILARITY.checked_parameters({}))
    rows = vectors(pipe, *WORDS)
    np.testing.assert_allclose(answer.scores[:-1], rows[1:] @ rows[0], atol=1e-5)
    assert answer.scores[-1] == pytest.approx(1)
    assert answer.note == ""
