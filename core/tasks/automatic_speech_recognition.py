"""Automatic speech recognition: writes down what is said, and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader, raw_audio
from core.tasks.spec import Example, Parameters, Task
from core.values import Audio, Chunk, Transcript

_EXAMPLES = Path("models/starters/digit-strings/examples")

WINDOW_S = 30.0
"""Longer sounds are read in windows of this length. Source: Whisper's input is 30 s."""


class AutomaticSpeechRecognitionParameters(Parameters):
    """Tune speech recognition."""

    return_timestamps: bool = Field(True, description="Also say when each piece was said.")


def run(pipe: Any, inputs: Sequence[Audio], parameters: AutomaticSpeechRecognitionParameters) -> list[Transcript]:
    """Transcribe each sound."""
    return [_transcript(pipe(raw_audio(pipe, audio), **_options(pipe, audio, parameters))) for audio in inputs]


def _options(pipe: Any, audio: Audio, parameters: AutomaticSpeechRecognitionParameters) -> dict[str, Any]:
    is_long = audio.duration_s > WINDOW_S
    if pipe.type == "ctc":
        windows = {"chunk_length_s": WINDOW_S} if is_long else {}
        return {"return_timestamps": "word", **windows} if parameters.return_timestamps else windows
    if pipe.type == "seq2seq_whisper":  # it reads long sounds by itself, by its own timestamps
        return {"return_timestamps": parameters.return_timestamps or is_long}
    return {}


def _transcript(answer: dict[str, Any]) -> Transcript:
    chunks = tuple(
        Chunk(text=chunk["text"].strip(), start_s=chunk["timestamp"][0] or 0.0, end_s=chunk["timestamp"][1])
        for chunk in answer.get("chunks", ())
        if chunk["text"].strip()
    )
    return Transcript(text=answer["text"].strip(), chunks=chunks)


TASK = Task(
    id="automatic-speech-recognition",
    modality="audio",
    title="Speech recognition",
    summary="Writes down what is said. Read out a telephone number, or send a recording.",
    icon=":material/mic:",
    input=Audio,
    parameters=AutomaticSpeechRecognitionParameters,
    output=Transcript,
    examples=(
        Example("Three, one, four", _EXAMPLES / "three-one-four.wav"),
        Example("Two, seven, zero", _EXAMPLES / "two-seven-zero.wav"),
        Example("Nine, six", _EXAMPLES / "nine-six.wav"),
    ),
    load=pipeline_loader("automatic-speech-recognition"),
    run=run,
    batches=False,  # see audio classification
)
