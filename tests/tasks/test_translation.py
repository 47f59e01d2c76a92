"""Translations: each family of models told its languages in its own way, the numbers those of transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadParameters
from core.tasks import get_task
from core.tasks.languages import LANGUAGES, code_of, spellings
from core.tasks.spec import Checkpoint
from core.values import Text
from tests.tiny import sequences

TASK = get_task("translation")
SHORT = {"max_new_tokens": 8, "num_beams": 2}
TEXTS = [Text(text="the film left anna."), Text(text="a good one"), Text(text="bad")]


def loaded(build: Callable[[Path], Path], folder: Path) -> Any:
    import torch

    torch.manual_seed(0)
    pipe = TASK.load(Checkpoint(build(folder), "float32", "cpu"))
    pipe.model.eval()
    return pipe


def translated(pipe: Any, *texts: Text, **parameters: Any) -> list[str]:
    answers = TASK.answers(pipe, texts, TASK.checked_parameters({**SHORT, **parameters}))
    return [answer.text for answer in answers]


def directly(pipe: Any, text: str, **options: Any) -> str:
    read = pipe.tokenizer(text, return_tensors="pt")
    tokens = pipe.model.generate(**read, do_sample=False, max_new_tokens=8, num_beams=2, **options)
    return str(pipe.tokenizer.decode(tokens[0], skip_special_tokens=True)).strip()


@pytest.mark.parametrize(
    ("build", "source", "target"), [(sequences.nllb, "eng_Latn", "fra_Latn"), (sequences.mbart, "en_XX", "fr_XX")]
)
def test_a_model_of_many_languages_is_told_both(
    build: Callable[[Path], Path], source: str, target: str, tmp_path: Path
) -> None:
    pipe = loaded(build, tmp_path)
    together = translated(pipe, *TEXTS, src_lang="en", tgt_lang="fr")
    assert [translated(pipe, text, src_lang="en", tgt_lang="fr")[0] for text in TEXTS] == together
    pipe.tokenizer.src_lang = source
    first = pipe.tokenizer.convert_tokens_to_ids(target)
    wanted = [directly(pipe, text.text, forced_bos_token_id=first) for text in TEXTS]
    assert together == wanted
    assert all(wanted)
    assert translated(pipe, *TEXTS, src_lang=source, tgt_lang="French") == wanted


def test_a_model_of_one_direction_needs_no_languages_and_refuses_others(tmp_path: Path) -> None:
    pipe = loaded(sequences.marian, tmp_path)
    wanted = [directly(pipe, text.text) for text in TEXTS]
    assert translated(pipe, *TEXTS) == wanted
    assert translated(pipe, *TEXTS, src_lang="English", tgt_lang="fr") == wanted
    assert all(wanted)
    with pytest.raises(BadParameters, match=r"from English into French only\. Leave both"):
        translated(pipe, TEXTS[0], tgt_lang="de")


def test_t5_is_told_in_words_and_only_what_it_was_taught(tmp_path: Path) -> None:
    taught = {"translation_en_to_de": {}, "translation_en_to_fr": {}, "summarization": {}}
    pipe = loaded(lambda folder: sequences.t5(folder, task_specific_params=taught), tmp_path)
    wanted = [directly(pipe, f"translate English to German: {text.text}") for text in TEXTS]
    assert translated(pipe, *TEXTS) == wanted
    assert all(wanted)
    with pytest.raises(BadParameters, match=r"from English into German or French\."):
        translated(pipe, TEXTS[0], src_lang="en", tgt_lang="it")


@pytest.fixture(scope="module")
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    made = TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))
    made.model.eval()
    return made


def test_lines_stay_lines_and_long_ones_are_translated_in_parts(pipe: Any) -> None:
    text = Text(text="dear clara,\n\nthe film was good. " + "the train was late again. " * 6 + "\ncome soon.")
    (answer,) = TASK.answers(pipe, [text], TASK.checked_parameters(SHORT))
    first, empty, *_, last = answer.text.split("\n")
    assert (first, last) == tuple(translated(pipe, Text(text="dear clara,"), Text(text="come soon.")))
    assert empty == ""
    assert "parts" in answer.note


def test_a_stream_ends_with_the_same_translation(pipe: Any) -> None:
    text = Text(text="\n".join(f"line {word}." for word in "abcdefg"))
    parameters = TASK.checked_parameters(SHORT)
    grown: list[Any] = []
    assert TASK.stream is not None
    whole = TASK.stream(pipe, text, parameters, grown.append, lambda: False)
    assert [whole] == TASK.answers(pipe, [text], parameters)
    assert whole.text.count("\n") == 6
    assert whole.text.startswith(grown[0].text)


@pytest.mark.parametrize(
    ("languages", "sentence"),
    [
        ({"src_lang": "de", "tgt_lang": "de"}, "cannot be in German"),
        ({"tgt_lang": "en"}, "cannot be in English"),
        ({"tgt_lang": "Klingon"}, "does not know Klingon"),
        ({"src_lang": "tlh_Latn"}, "does not know tlh_Latn"),
    ],
)
def test_languages_that_cannot_be_are_refused_in_one_sentence(
    pipe: Any, languages: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadParameters, match=sentence):
        translated(pipe, TEXTS[0], **languages)


def test_every_language_is_known_to_nllb_by_its_name(pipe: Any) -> None:
    for code, name in LANGUAGES.items():
        assert code_of(name.upper()) == code
        assert pipe.tokenizer.convert_tokens_to_ids(spellings(code)[0]) != pipe.tokenizer.unk_token_id, name
