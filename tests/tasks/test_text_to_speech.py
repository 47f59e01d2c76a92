"""Text to speech: the sound is transformers' own for each sentence, joined with pauses; nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from core.errors import BadInput, BadParameters, ModelUnavailable, ShowcaseError, TooLarge
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.tasks.speech_parts import (
    CLAUSE_PAUSE_S,
    MAX_PART_CHARS,
    PARAGRAPH_PAUSE_S,
    SENTENCE_PAUSE_S,
    plain_letters,
    speech_parts,
    unspoken,
)
from core.tasks.text_to_speech import MAX_CHARS
from core.values import Audio, Text
from tests.tiny import sounds
from tests.tiny.base import SAMPLING_RATE

TASK = get_task("text-to-speech")
KNOWN = set("abcdefghijklmnopqrstuvwxyz' -")


def loaded(folder: Path) -> Any:
    return TASK.load(Checkpoint(folder, "float32", "cpu"))


@pytest.fixture(scope="module")
def voice(tiny_folder: Callable[[str], Path]) -> Any:
    return loaded(tiny_folder(TASK.id))


def spoken(voice: Any, *texts: str, **parameters: Any) -> list[Audio]:
    return TASK.answers(voice, [Text(text=text) for text in texts], TASK.checked_parameters(parameters))


def directly(folder: Path, text: str, *, seed: int = 0) -> NDArray[np.float32]:
    """Return what transformers' own pipeline makes of a text."""
    from transformers import pipeline

    pipe = pipeline("text-to-speech", model=str(folder), tokenizer=str(folder), dtype="float32")
    torch.manual_seed(seed)
    answer = pipe(text)
    assert answer["sampling_rate"] == SAMPLING_RATE
    return answer["audio"]


@pytest.mark.parametrize("seed", [0, 7])
def test_a_sentence_sounds_as_transformers_makes_it(seed: int, voice: Any, tiny_folder: Callable[[str], Path]) -> None:
    (audio,) = spoken(voice, "Hello there.", seed=seed)
    np.testing.assert_allclose(audio.array(), directly(tiny_folder(TASK.id), "Hello there.", seed=seed), atol=1e-5)
    assert audio.sampling_rate == SAMPLING_RATE


def test_sentences_are_joined_with_pauses_and_each_sounds_as_alone(voice: Any) -> None:
    whole, first, second, third = spoken(
        voice, "Hello there. Who are you?\nA friend", "Hello there.", "Who are you?", "A friend"
    )
    silence = [
        np.zeros(round(pause_s * SAMPLING_RATE), np.float32) for pause_s in (SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S)
    ]
    joined = [first.array(), silence[0], second.array(), silence[1], third.array()]
    np.testing.assert_array_equal(whole.array(), np.concatenate(joined))


def test_together_is_as_one_by_one(voice: Any) -> None:
    texts = ("Hello there.", "Good evening to you all.")
    assert spoken(voice, *texts) == [audio for text in texts for audio in spoken(voice, text)]


def test_the_seed_makes_the_answer_come_again_and_disturbs_nobody(voice: Any) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    once, again, other = (spoken(voice, "Hello there.", seed=seed)[0] for seed in (5, 5, 6))
    assert once == again
    assert once != other
    assert torch.equal(torch.rand(2), expected)


def test_the_parameters_are_heard(voice: Any) -> None:
    (usual,) = spoken(voice, "Hello there, good evening.")
    (fast,) = spoken(voice, "Hello there, good evening.", speaking_rate=2.0)
    assert fast.duration_s < usual.duration_s * 0.7
    still = [spoken(voice, "Hello.", noise_scale=0.0, noise_scale_duration=0.0, seed=seed)[0] for seed in (1, 2)]
    assert still[0] == still[1]  # without noise there is nothing left for the seed
    assert spoken(voice, "Hello there, good evening.")[0] == usual  # and nothing of it stays


def test_a_model_of_several_voices_speaks_in_each(tmp_path: Path, voice: Any) -> None:
    choir = loaded(sounds.text_to_speech(tmp_path, num_speakers=2, speaker_embedding_size=4))
    first, second = (spoken(choir, "Hello.", speaker=number)[0] for number in (0, 1))
    assert first != second
    with pytest.raises(BadParameters, match="has 2 voices"):
        spoken(choir, "Hello.", speaker=2)
    with pytest.raises(BadParameters, match="has 1 voice,"):
        spoken(voice, "Hello.", speaker=1)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("I have 3 cats & 2 dogs.", BadInput, "cannot say 3 & 2"),
        ("Люди", BadInput, "cannot say Л ю д и"),
        ("It costs 5 €.", BadInput, "5 €"),
        ("... !", BadInput, "no word to speak"),
        ("a" * (MAX_CHARS + 1), TooLarge, "1,501 characters; at most 1,500"),
    ],
)
def test_what_a_voice_would_leave_out_is_refused(text: str, error: type[ShowcaseError], says: str, voice: Any) -> None:
    with pytest.raises(error, match=says) as caught:
        spoken(voice, text)
    assert caught.value.hint


def test_accents_that_a_voice_does_not_know_are_spoken_without_them(voice: Any) -> None:
    assert spoken(voice, "Cafe.") == spoken(voice, "Café.")


@pytest.mark.parametrize("kind", ["speecht5", "bark"])
def test_other_kinds_of_voice_are_refused_before_their_weights_are_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    with pytest.raises(ModelUnavailable, match=f"A {kind} model cannot speak here"):
        loaded(tmp_path)


@pytest.mark.parametrize(("setting", "package"), [("phonemize", "phonemizer"), ("is_uroman", "uroman")])
def test_a_voice_that_needs_a_package_says_which(
    setting: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sounds.text_to_speech(tmp_path)
    described = folder / "tokenizer_config.json"
    described.write_text(described.read_text().replace(f'"{setting}": false', f'"{setting}": true'))
    monkeypatch.setattr(f"transformers.utils.is_{package}_available", lambda: False)
    with pytest.raises(ModelUnavailable, match=f"needs the package {package}") as caught:
        loaded(folder)
    assert caught.value.hint == f"pip install {package}"


def test_weights_as_older_versions_named_them_are_found(tmp_path: Path, tiny_folder: Callable[[str], Path]) -> None:
    """The voices on the Hub were saved before torch renamed the two halves of a normalised weight."""
    from safetensors.torch import load_file, save_file

    folder = sounds.text_to_speech(tmp_path)
    weights = load_file(folder / "model.safetensors")
    renamed = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): weight
        for name, weight in weights.items()
    }
    assert renamed.keys() != weights.keys()
    save_file(renamed, folder / "model.safetensors", {"format": "pt"})
    found = loaded(folder).model.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in weights.items())


@given(some.text(max_size=900))
def test_no_letter_is_lost_between_the_parts(text: str) -> None:
    parts = speech_parts(text)
    assert all(0 < len(part) <= MAX_PART_CHARS for part, _ in parts)
    assert [letter for part, _ in parts for letter in part if letter.isalnum()] == list(filter(str.isalnum, text))
    assert all(pause_s == 0 for _, pause_s in parts[-1:])


def test_a_text_is_cut_at_sentences_then_at_commas() -> None:
    assert speech_parts('One. "Two!" Three?\n\nFour, five') == [
        ("One.", SENTENCE_PAUSE_S),
        ('"Two!', SENTENCE_PAUSE_S),
        ("Three?", PARAGRAPH_PAUSE_S),
        ("Four, five", 0.0),
    ]
    long = f"{'word ' * 40}word, {'word ' * 40}end."
    (first, pause_s), (second, _) = speech_parts(long)
    assert first.endswith("word,")
    assert second.endswith("end.")
    assert pause_s == CLAUSE_PAUSE_S


def test_letters_digits_and_signs_are_said_and_the_rest_is_not() -> None:
    assert unspoken("A-b, c! \N{GRINNING FACE}", KNOWN) == []
    assert unspoken("1 + é", KNOWN) == ["1", "+", "é"]
    assert plain_letters("Ça va, Zoë? \N{LATIN SMALL LIGATURE FI}n", KNOWN) == "Ca va, Zoe? fin"
    assert plain_letters("ß", KNOWN) == "ß"


def test_the_examples_can_be_spoken_by_an_english_voice(voice: Any) -> None:
    for example in TASK.examples:
        assert spoken(voice, str(example.inputs), **example.parameters)[0].duration_s > 1


def test_a_sound_is_kept_as_it_was_made(voice: Any) -> None:
    (audio,) = spoken(voice, "Hello.")
    assert Audio.from_json(audio.to_json()) == audio
    assert np.abs(audio.array()).max() <= 1


def test_a_voice_keeps_its_own_rate(tmp_path: Path) -> None:
    (audio,) = spoken(loaded(sounds.text_to_speech(tmp_path, sampling_rate=22_050)), "Hello.")
    assert audio.sampling_rate == 22_050
