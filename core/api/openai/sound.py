"""Transcriptions and speech.

Owns their forms: JSON, plain text and subtitles of what is heard; WAV, FLAC, MP3 and PCM of what is said.
"""

from __future__ import annotations

import io
from typing import Any, Final, Literal, get_args

import numpy as np
from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import PlainTextResponse, Response

from core.api.answering import answered
from core.api.openai.wanted import HEARING, SPEAKING, Asked, refuse, start, task_for
from core.errors import BadInput, BadParameters, UnsupportedMedia
from core.media import encode_wav, resample
from core.runtime import Runtime
from core.values import Audio, Chunk, Transcript

Heard = Literal["json", "text", "verbose_json", "srt", "vtt"]
Said = Literal["mp3", "wav", "flac", "pcm"]

PCM_RATE: Final = 24_000
"""The sampling rate of raw samples. Source: OpenAI's protocol."""


Described = dict[int | str, dict[str, Any]]

WRITTEN_DOWN: Final[Described] = {200: {"content": {"text/plain": {}}}}
"""What is described of a transcription beside its JSON."""

READ_OUT: Final[Described] = {200: {"content": {"audio/mpeg": {}, "audio/wav": {}, "audio/flac": {}, "audio/pcm": {}}}}
"""What is described of speech."""

FORM: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "A sound file."},
                    "model": {"type": "string", "default": ""},
                    "response_format": {"type": "string", "enum": list(get_args(Heard)), "default": "json"},
                },
                "required": ["file"],
            }
        }
    },
}
"""What is described of the form in which a sound comes."""


class Speech(Asked):
    """Ask for a text to be read out."""

    input: str
    voice: Any = None
    response_format: Said = "mp3"
    speed: float | None = None


async def transcribe(of: Runtime, request: Request) -> Response:
    """Write down what is said."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UnsupportedMedia("A sound comes as a form.", hint="Send multipart/form-data with a file and a model.")
    form = await request.form(max_files=1, max_fields=20)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadInput("The form has no file.", hint="Send the sound as 'file'.")
    wanted = form.get("response_format", "json")
    if wanted not in get_args(Heard):
        raise BadParameters(f"'response_format' is {wanted!r}.", hint=f"It may be {', '.join(get_args(Heard))}.")
    if form.get("stream") in ("true", "True", "1"):
        raise BadParameters("'stream' has no meaning here.", hint="Leave it out.")
    task = task_for(of, HEARING)
    sound = await run_in_threadpool(of.showcase.read_input, task, await file.read(), name=file.filename or "")
    model = form.get("model")
    job = start(of, request, task, sound, {}, Asked(model=model if isinstance(model, str) else ""))
    (run,) = await answered([job], request)
    heard, headers = run.output, {"X-Run-Id": job.run_id}
    if not isinstance(heard, Transcript):
        raise TypeError(f"{task.id} answered with {type(heard).__name__}")
    if wanted == "text":
        return PlainTextResponse(heard.text + "\n", headers=headers)
    if wanted in ("srt", "vtt"):
        return PlainTextResponse(_subtitles(heard, "," if wanted == "srt" else "."), headers=headers)
    duration_s = sound.duration_s if isinstance(sound, Audio) else 0.0
    answer: dict[str, Any] = {"text": heard.text, "usage": {"type": "duration", "seconds": round(duration_s)}}
    if wanted == "verbose_json":
        answer |= {"task": "transcribe", "language": "", "duration": duration_s, "segments": _segments(heard)}
    return JSONResponse(answer, headers=headers)


async def speak(of: Runtime, request: Request, asked: Speech) -> Response:
    """Read a text out."""
    refuse(asked, speed=(None, 1))
    task = task_for(of, SPEAKING)
    job = start(of, request, task, of.showcase.read_input(task, asked.input), {}, asked)
    (run,) = await answered([job], request)
    if not isinstance(run.output, Audio):
        raise TypeError(f"{task.id} answered with {type(run.output).__name__}")
    media_type, data = await run_in_threadpool(sound_file, run.output, asked.response_format)
    return Response(data, media_type=media_type, headers={"X-Run-Id": job.run_id})


def sound_file(audio: Audio, form: Said) -> tuple[str, bytes]:
    """Return a sound as a file: its media type and bytes."""
    import soundfile

    if form == "wav":
        return "audio/wav", encode_wav(audio)
    if form == "pcm":
        samples = np.clip(resample(audio, PCM_RATE).array(), -1, 1)
        return "audio/pcm", np.rint(samples * 32_767).astype("<i2").tobytes()
    file = io.BytesIO()
    soundfile.write(file, np.clip(audio.array(), -1, 1), audio.sampling_rate, format=form.upper())
    return ("audio/mpeg" if form == "mp3" else "audio/flac"), file.getvalue()


def _segments(heard: Transcript) -> list[dict[str, Any]]:
    return [
        {"id": number, "start": chunk.start_s, "end": _end_s(chunk), "text": chunk.text}
        for number, chunk in enumerate(heard.chunks)
    ]


def _subtitles(heard: Transcript, point: str) -> str:
    cues = [
        f"{number}\n{_clock(chunk.start_s, point)} --> {_clock(_end_s(chunk), point)}\n{chunk.text}\n"
        for number, chunk in enumerate(heard.chunks, start=1)
    ]
    return "\n".join((["WEBVTT\n"] if point == "." else []) + cues)


def _end_s(chunk: Chunk) -> float:
    return chunk.start_s if chunk.end_s is None else chunk.end_s


def _clock(time_s: float, point: str) -> str:
    whole_ms = round(time_s * 1000)
    return (
        f"{whole_ms // 3_600_000:02}:{whole_ms // 60_000 % 60:02}:{whole_ms // 1000 % 60:02}{point}{whole_ms % 1000:03}"
    )
