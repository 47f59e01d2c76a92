"""Answers as a client asked for them: JSON, a sound file, a picture.

Owns what `Accept` means. The JSON of each answer is `core.protocol`'s.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from core.api.events import end_of
from core.job import Run
from core.media import encode_png, encode_wav
from core.protocol import written
from core.reading import JSON_TYPE
from core.values import Audio, Image, Value

ONE_IN_A_LIST: Final = frozenset({"text-classification", "summarization", "translation"})
"""Tasks whose answer Hugging Face's own clients expect as the only one of a list.

Source: `huggingface_hub.InferenceClient`, which takes `[0]` of these answers where the task's specification
has the answer itself. Both are served: the clients name themselves.
"""

_ALIASES = {"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/x-flac": "audio/flac"}

_CLIENTS = ("hf_hub/", "@huggingface/inference")


def encode_flac(audio: Audio) -> bytes:
    """Write a sound as 16-bit FLAC."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, audio.array(), audio.sampling_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


FORMS: Final[Mapping[type[Value], Mapping[str, Callable[[Any], bytes]]]] = {
    Audio: {"audio/wav": encode_wav, "audio/flac": encode_flac},
    Image: {"image/png": encode_png},
}
"""The files that an answer may be sent as; the first is what is sent unless another one is asked for."""


def delivered(runs: Sequence[Run], request: Request, *, batch: bool, details: bool = False) -> Response:
    """Return the answer to a request: one run's, or a batch's in its order."""
    headers = _headers(runs)
    if batch:
        return JSONResponse([written(run.output) for run in runs], headers=headers)
    output = runs[0].output
    forms = FORMS.get(type(output), {})
    media_type = _wanted(request.headers.get("Accept", ""), (*forms, JSON_TYPE)) if forms else JSON_TYPE
    if media_type in forms:
        return Response(forms[media_type](output), media_type=media_type, headers=headers)
    answer = written(output)
    if details and isinstance(answer, dict):
        answer |= {"details": _details(runs[0])}
    if runs[0].record.task_id in ONE_IN_A_LIST and any(
        name in request.headers.get("User-Agent", "") for name in _CLIENTS
    ):
        answer = [answer]
    return JSONResponse(answer, headers=headers)


def _details(run: Run) -> dict[str, object]:
    count = run.tokens.answer if run.tokens else 0
    return {"finish_reason": end_of(run), "generated_tokens": count, "prefill": [], "tokens": []}


def _headers(runs: Sequence[Run]) -> dict[str, str]:
    record = runs[0].record
    return {
        "X-Run-Id": ",".join(run.record.run_id for run in runs),
        "X-Model": f"{record.model_id}@{record.revision}",
        "X-Queue-Ms": f"{max(run.record.queue_ms for run in runs):.1f}",
        "X-Run-Ms": f"{max(run.record.run_ms for run in runs):.1f}",
        "X-Known": "true" if all(run.record.is_known for run in runs) else "false",
    }


def _wanted(accept: str, offered: Sequence[str]) -> str:
    """Return which of the media types fits best; the first one where none of them was named."""
    wanted: list[tuple[float, str]] = []
    for part in accept.split(","):
        name, *options = (item.strip().lower() for item in part.split(";"))
        given = next((option[2:] for option in options if option.startswith("q=")), "1")
        if re.fullmatch(r"[01](\.\d*)?", given) and float(given) > 0:
            wanted.append((float(given), _ALIASES.get(name, name)))
    for _, name in sorted(wanted, key=lambda one: -one[0]):
        kind = name.removesuffix("*") if name.endswith("/*") and name != "*/*" else name
        found = next((one for one in offered if one == name or (kind != name and one.startswith(kind))), None)
        if found is not None or name == "*/*":
            return found or offered[0]
    return offered[0]
