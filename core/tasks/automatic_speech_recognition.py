"""Automatic speech recognition: writes down what is said, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from core.errors import BadParameters
from core.tasks.pipelines import pipeline_loader, raw_audio
from core.tasks.sound_windows import sound_windows
from core.tasks.spec import Example, Parameters, Task
from core.tasks.whisper_languages import AUTO, WHISPER_LANGUAGES
from core.values import Audio, Chunk, Transcript

_EXAMPLES = Path("models/starters/digit-strings/examples")

ONE_PASS_S = 15.0
"""Seconds up to which a CTC model reads a sound as a whole. Source: wav2vec 2.0 was trained on at most 15.6 s."""

WINDOW_S, STRIDE_S = 8.0, 2.0
"""Seconds of a window of a longer sound, and of the context at both its ends, of which nothing is written.

Source: measured with the digit strings starter on 31 s to 121 s of its examples in a row: no letter wrong, where
10 s with 2.5 s got 2 % wrong, 30 s with 5 s got 7 %, and one pass 6 % to 27 %. huggingface.co/blog/asr-chunking
takes 10 s for wav2vec 2.0.
"""


def _known(language: str) -> str:
    if language != AUTO and language not in WHISPER_LANGUAGES:
        raise ValueError(f"it is {AUTO} or one of Whisper's codes, such as en, de or zh")
    return language


class AutomaticSpeechRecognitionParameters(Parameters):
    """Tune speech recognition."""

    return_timestamps: bool = Field(True, description="Also say when each piece was said.")
    language: Annotated[str, AfterValidator(_known)] = Field(
        AUTO,
        description="Which language is spoken; only Whisper's multilingual models can be told.",
        json_schema_extra={"choices": {AUTO: "Find out", **WHISPER_LANGUAGES}},
    )
    task: Literal["transcribe", "translate"] = Field(
        "transcribe", description="Write in the language that is spoken, or in English; only Whisper translates."
    )


@dataclass(frozen=True)
class Spoken:
    """Hold a sound as the model is given it.

    Args:
        pieces: of each piece that is transcribed by itself, often the whole, the parts that the pipeline makes of it.
        is_long: whether it is more than the model hears at once, other than CTC models, which hear any length.
    """

    duration_s: float
    pieces: Sequence[Sequence[Any]]
    is_long: bool


def prepare(
    pipe: Any,
    inputs: Audio,
    parameters: AutomaticSpeechRecognitionParameters,  # noqa: ARG001  # they say what is written of it
) -> Spoken:
    """Return a sound as the model is given it, whatever its length.

    A CTC model reads a long one in windows that overlap, Whisper by itself, from one phrase that it has timed to
    the next, and any other in pieces of at most 30 s, whose joints may go through a word.
    """
    if pipe.type not in ("ctc", "seq2seq_whisper"):
        pieces = [list(pipe.preprocess(piece)) for piece in sound_windows(pipe, inputs)]
        return Spoken(inputs.duration_s, pieces, is_long=len(pieces) > 1)
    raw = raw_audio(pipe, inputs)
    is_long = pipe.type == "seq2seq_whisper" and len(raw["raw"]) > pipe.feature_extractor.n_samples
    is_cut = pipe.type == "ctc" and inputs.duration_s > ONE_PASS_S
    windows = {"chunk_length_s": WINDOW_S, "stride_length_s": STRIDE_S} if is_cut else {}
    return Spoken(inputs.duration_s, [list(pipe.preprocess(raw, **windows))], is_long)


def run(pipe: Any, inputs: Sequence[Spoken], parameters: AutomaticSpeechRecognitionParameters) -> list[Transcript]:
    """Transcribe each sound.

    Raises: BadParameters if the model cannot be told its language or task.
    """
    telling = _telling(pipe, parameters)
    return [_transcribed(pipe, spoken, parameters.return_timestamps, telling) for spoken in inputs]


def _transcribed(pipe: Any, spoken: Spoken, timed: bool, telling: dict[str, Any]) -> Transcript:
    if pipe.type == "ctc":
        (parts,) = spoken.pieces
        return _transcript(_said(pipe, parts, {}, {"return_timestamps": "word"} if timed else {}), timed)
    if pipe.type == "seq2seq_whisper":
        (parts,) = spoken.pieces
        always = getattr(pipe.model.generation_config, "return_timestamps", False)
        times = {"return_timestamps": timed or spoken.is_long or always}
        return _transcript(_said(pipe, parts, {**telling, **times}, times), timed)
    return _in_pieces(pipe, spoken, timed)


def _said(pipe: Any, parts: Sequence[Any], writing: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    """Return what the pipeline says of the parts of a piece.

    Args:
        writing: what the model is told.
        reading: what is told to whoever makes text of its answers.
    """
    answer: dict[str, Any] = pipe.postprocess([pipe.forward(part, **writing) for part in parts], **reading)
    return answer


def _in_pieces(pipe: Any, spoken: Spoken, timed: bool) -> Transcript:
    """Transcribe with a model that gives no times: a long sound piece by piece, or its end would be left out."""
    texts = [_said(pipe, parts, {}, {})["text"].strip() for parts in spoken.pieces]
    each_s = spoken.duration_s / len(texts)
    pieces = [
        Chunk(text=text, start_s=number * each_s, end_s=(number + 1) * each_s) for number, text in enumerate(texts)
    ]
    known = tuple(piece for piece in pieces if piece.text) if timed and len(pieces) > 1 else ()
    return Transcript(text=" ".join(filter(None, texts)), chunks=known)


def _telling(pipe: Any, parameters: AutomaticSpeechRecognitionParameters) -> dict[str, Any]:
    """Return what Whisper is told of language and task; nothing for what it finds out or does by itself."""
    if parameters.language == AUTO and parameters.task == "transcribe":
        return {}
    generation = getattr(pipe.model, "generation_config", None)
    if generation is None or pipe.type != "seq2seq_whisper" or not getattr(generation, "is_multilingual", False):
        raise BadParameters(
            "This model knows one language and only writes it down.",
            hint="Leave language and task as they are, or choose a multilingual Whisper.",
        )
    if parameters.language != AUTO and f"<|{parameters.language}|>" not in generation.lang_to_id:
        raise BadParameters(
            f"This model does not know {WHISPER_LANGUAGES[parameters.language]}.", hint="Choose another language."
        )
    if parameters.task not in generation.task_to_id:
        raise BadParameters("This model does not translate.", hint="Choose the task transcribe.")
    language = {} if parameters.language == AUTO else {"language": parameters.language}
    return {"task": parameters.task, **language}


def _transcript(answer: dict[str, Any], timed: bool) -> Transcript:
    chunks = tuple(
        Chunk(text=chunk["text"].strip(), start_s=chunk["timestamp"][0] or 0.0, end_s=chunk["timestamp"][1])
        for chunk in answer.get("chunks", ())
        if timed and chunk["text"].strip()
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
    prepare=prepare,
    batches=False,  # padding would change what many checkpoints hear, and sounds are rarely of one length
)
