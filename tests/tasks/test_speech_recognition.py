"""Speech recognition: windows and long forms give what one pass gives, and Whisper is told language and task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from core.errors import BadParameters
from core.tasks import get_task
from core.tasks.automatic_speech_recognition import ONE_PASS_S
from core.tasks.pipelines import raw_audio
from core.tasks.spec import Checkpoint
from core.tasks.whisper_languages import AUTO, WHISPER_LANGUAGES
from core.values import Audio, Transcript
from tests.tiny import sounds

TASK = get_task("automatic-speech-recognition")
RATE = 16_000


def noise(seconds: float) -> Audio:
    return Audio.from_array(np.random.default_rng(0).uniform(-1, 1, round(seconds * RATE)).astype(np.float32), RATE)


def loaded(folder: Path) -> Any:
    return TASK.load(Checkpoint(folder, "float32", "cpu"))


def said(pipe: Any, *audios: Audio, **parameters: Any) -> list[Transcript]:
    return TASK.answers(pipe, audios, TASK.checked_parameters(parameters))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Any:
    torch.manual_seed(0)
    return loaded(sounds.whisper(tmp_path_factory.mktemp("whisper")))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a CTC model that hears a few hundredths of a second at a time: one pass and windows have to agree."""
    torch.manual_seed(0)
    return loaded(
        sounds.automatic_speech_recognition(
            tmp_path_factory.mktemp("ctc"), num_hidden_layers=0, feat_extract_norm="layer", do_normalize=False
        )
    )


def test_words_and_times_are_those_of_transformers(tiny_folder: Callable[[str], Path]) -> None:
    from transformers import pipeline

    folder = tiny_folder(TASK.id)
    expected = pipeline(TASK.id, model=str(folder), dtype="float32")(noise(1).array().copy(), return_timestamps="word")
    pipe = loaded(folder)
    (answer,) = said(pipe, noise(1))
    assert answer.text == expected["text"].strip()
    assert [(one.text, one.start_s, one.end_s) for one in answer.chunks] == [
        (chunk["text"].strip(), *chunk["timestamp"]) for chunk in expected["chunks"] if chunk["text"].strip()
    ]
    assert said(pipe, noise(1), noise(0.5)) == [answer, *said(pipe, noise(0.5))]


def test_35_s_in_windows_are_read_as_in_one_pass(local: Any) -> None:
    expected = local(raw_audio(local, noise(35)), return_timestamps="word")
    (answer,) = said(local, noise(35))
    assert len(set(answer.text)) > 3
    assert answer.text == expected["text"].strip()
    times = [one.start_s for one in answer.chunks]
    assert times == pytest.approx([one["timestamp"][0] for one in expected["chunks"] if one["text"].strip()], abs=0.011)
    assert times == sorted(times)
    assert said(local, noise(35), return_timestamps=False) == [Transcript(text=answer.text)]


def test_the_starter_reads_a_minute_of_its_examples(starters_folder: Path) -> None:
    folder = starters_folder / "digit-strings"
    parts = [
        soundfile.read(folder / "examples" / f"{name}.wav", dtype="float32")[0]
        for name in ("nine-six", "three-one-four")
    ]
    row = Audio.from_array(np.concatenate(parts * 15), RATE)
    assert row.duration_s > 4 * ONE_PASS_S
    (answer,) = said(loaded(folder), row)
    assert answer.text == " ".join(["nine six three one four"] * 15)
    assert [chunk.text for chunk in answer.chunks] == answer.text.split()


@pytest.mark.parametrize("seconds", [0.9, 35])
def test_whisper_writes_what_its_own_generate_writes(seconds: float, whisper: Any) -> None:
    features = whisper.feature_extractor(
        noise(seconds).array(),
        sampling_rate=RATE,
        return_tensors="pt",
        return_attention_mask=True,
        **({"truncation": False, "padding": "longest"} if seconds > 1 else {}),
    )
    with torch.inference_mode():
        tokens = whisper.model.generate(**features, return_timestamps=True, num_beams=5, max_new_tokens=16)
    (answer,) = said(whisper, noise(seconds))
    written = whisper.tokenizer.decode(tokens[0], skip_special_tokens=True, decode_with_timestamps=False)
    assert answer.text
    assert answer.text == written.strip()


def test_whisper_s_long_form_times_the_whole_sound_in_order(whisper: Any) -> None:
    (answer,) = said(whisper, noise(35))
    starts = [one.start_s for one in answer.chunks]
    assert starts == sorted(starts)
    assert starts[-1] > 30
    (plain,) = said(whisper, noise(35), return_timestamps=False)
    assert plain == Transcript(text=answer.text)


def test_whisper_is_told_language_and_task(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    generate = whisper.model.generate

    def note(**options: Any) -> Any:
        asked.append({name: options.get(name) for name in ("language", "task")})
        return generate(**options)

    monkeypatch.setattr(whisper.model, "generate", note)
    said(whisper, noise(0.5))
    said(whisper, noise(0.5), language="en")
    assert asked == [{"language": None, "task": None}, {"language": "en", "task": "transcribe"}]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"language": "de"}, "does not know German"),
        ({"task": "translate"}, "does not translate"),
        ({"language": "xx"}, "one of Whisper's codes"),
    ],
)
def test_what_a_whisper_cannot_do_is_refused(parameters: dict[str, Any], says: str, whisper: Any) -> None:
    with pytest.raises(BadParameters, match=says):
        said(whisper, noise(0.5), **parameters)


def test_a_model_of_one_language_cannot_be_told_another(local: Any) -> None:
    with pytest.raises(BadParameters, match="knows one language") as caught:
        said(local, noise(0.5), language="en")
    assert "multilingual Whisper" in caught.value.hint


def test_a_model_without_times_reads_a_long_sound_in_pieces(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pipe = loaded(sounds.moonshine(tmp_path))
    halves = [Audio.from_array(half, RATE) for half in np.array_split(noise(35).array(), 2)]
    first, second = said(pipe, *halves)
    assert first.text
    assert first.chunks == ()  # one piece has no times of its own
    (whole,) = said(pipe, noise(35))
    assert whole.text == f"{first.text} {second.text}"
    assert [(one.text, one.start_s, one.end_s) for one in whole.chunks] == [
        (first.text, 0.0, 17.5),
        (second.text, 17.5, 35.0),
    ]


def test_the_languages_are_whispers() -> None:
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    assert set(WHISPER_LANGUAGES) == set(LANGUAGES)
    assert list(WHISPER_LANGUAGES.values()) == sorted(WHISPER_LANGUAGES.values())
    assert AUTO not in WHISPER_LANGUAGES
