"""OpenAI's own client, given the address of `/v1`, works as it does elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from huggingface_hub import InferenceClient
from openai import OpenAI

from bench.site import Site
from core.api.openai.sound import sound_file
from core.media import read_audio
from core.runtime import Runtime
from core.settings import ROOT
from core.tasks import TASKS
from core.values import Audio

SOUND = next((ROOT / "models" / "starters" / "digit-strings" / "examples").glob("*.wav"))
MODEL = "starters/shakespeare"
ASKED: Any = [{"role": "user", "content": "ROMEO:"}]
TASK_IDS = {task.id for task in TASKS}


@pytest.fixture(scope="module")
def api(site: Site) -> OpenAI:
    return OpenAI(base_url=f"{site.url}/v1", api_key="none-is-needed-here", max_retries=0)


def test_the_models_are_listed(api: OpenAI) -> None:
    listed = {model.id: model for model in api.models.list()}
    assert MODEL in listed
    assert listed[MODEL].object == "model"
    assert api.models.retrieve(MODEL).owned_by == "starters"
    with pytest.raises(openai.NotFoundError, match="/v1/models"):
        api.models.retrieve("no/such")


def test_a_chat_is_answered_and_its_tokens_counted(api: OpenAI) -> None:
    answer = api.chat.completions.create(model=MODEL, messages=ASKED, max_tokens=15, temperature=0)
    choice = answer.choices[0]
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 15
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 15
    assert answer.usage.prompt_tokens > 0
    assert answer.model == MODEL
    again = api.chat.completions.create(model="default", messages=ASKED, max_completion_tokens=15, temperature=0)
    assert again.choices[0].message.content == choice.message.content


def test_of_a_conversation_that_goes_on_only_what_is_new_is_read(api: OpenAI) -> None:
    said = "ROMEO:\nWhat news, my lords, from them that went before us to the sea, and never yet came back again?\n"
    settings: Any = {"model": MODEL, "max_tokens": 30, "temperature": 0}
    usages = []
    for _ in range(2):
        answer = api.chat.completions.create(**settings, messages=[{"role": "user", "content": said}])
        said += f"{answer.choices[0].message.content}\nJULIET:\n"
        usages.append(answer.usage)
    first, second = usages
    assert first is not None
    assert second is not None
    assert second.prompt_tokens_details is not None
    # A word at the seam may be cut into other tokens than it was written in.
    assert first.prompt_tokens - 1 <= (second.prompt_tokens_details.cached_tokens or 0) < second.prompt_tokens


def test_a_chat_streams_what_it_would_have_said(api: OpenAI) -> None:
    settings: Any = {"model": MODEL, "messages": ASKED, "max_tokens": 20, "temperature": 0}
    whole = api.chat.completions.create(**settings).choices[0].message.content
    chunks = list(api.chat.completions.create(**settings, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 20
    assert len(chunks) > 5


def test_stop_seed_and_top_p_are_obeyed(api: OpenAI) -> None:
    settings: Any = {"model": MODEL, "messages": ASKED, "max_tokens": 60}
    whole = api.chat.completions.create(**settings, temperature=0).choices[0].message.content
    assert whole is not None
    stop = whole[20:24]
    stopped = api.chat.completions.create(**settings, temperature=0, stop=stop).choices[0]
    assert stopped.message.content == whole.partition(stop)[0]
    assert stopped.finish_reason == "stop"
    drawn = [
        api.chat.completions.create(**settings, seed=seed, temperature=1.2, top_p=0.9).choices[0].message.content
        for seed in (7, 7, 8)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_text_is_continued(api: OpenAI) -> None:
    answer = api.completions.create(model=MODEL, prompt="ROMEO:", max_tokens=10, temperature=0)
    assert answer.object == "text_completion"
    chat = api.chat.completions.create(model=MODEL, messages=ASKED, max_tokens=10, temperature=0)
    assert answer.choices[0].text == chat.choices[0].message.content
    chunks = list(api.completions.create(model=MODEL, prompt="ROMEO:", max_tokens=10, temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == answer.choices[0].text


def test_hugging_faces_client_chats_with_either_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    texts = [
        InferenceClient(model=f"{site.url}{path}")
        .chat_completion(ASKED, max_tokens=10, temperature=0)
        .choices[0]
        .message.content
        for path in ("/v1", "/api/tasks/text-generation")
    ]
    assert texts[0]
    assert texts[0] == texts[1]


def test_a_sound_is_written_down(api: OpenAI, session_runtime: Runtime) -> None:
    showcase = session_runtime.showcase
    task_id = "automatic-speech-recognition"
    sound = read_audio(SOUND.read_bytes(), showcase.limits)
    heard: Any = showcase.run(task_id, sound, {}, client="page", source="page").output
    with SOUND.open("rb") as file:
        answer = api.audio.transcriptions.create(model="starters/digit-strings", file=file)
    assert answer.text == heard.text
    for form, begins in (("text", heard.text), ("srt", "1\n00:00:0"), ("vtt", "WEBVTT\n\n1\n00:00:0")):
        text = api.audio.transcriptions.create(model="default", file=Path(SOUND), response_format=form)  # type: ignore[call-overload]
        assert str(text).startswith(begins)
    full = api.audio.transcriptions.create(model="default", file=Path(SOUND), response_format="verbose_json")
    assert [segment.text for segment in full.segments or []] == [chunk.text for chunk in heard.chunks]
    assert full.duration == pytest.approx(sound.duration_s)


@pytest.mark.skipif("feature-extraction" not in TASK_IDS, reason="no task makes vectors")
def test_texts_become_vectors(api: OpenAI) -> None:
    texts = ["A lighthouse.", "A very small dog."]
    packed = api.embeddings.create(model="default", input=texts)
    plain = api.embeddings.create(model="default", input=texts, encoding_format="float")
    alone = api.embeddings.create(model="default", input=texts[1])
    assert [row.index for row in packed.data] == [0, 1]
    for one, other in zip(packed.data, plain.data, strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, atol=1e-6)
    np.testing.assert_allclose(alone.data[0].embedding, plain.data[1].embedding, atol=1e-5)


@pytest.mark.skipif("text-to-speech" not in TASK_IDS, reason="no task speaks")
def test_a_text_is_read_out(api: OpenAI, session_runtime: Runtime) -> None:
    with api.audio.speech.with_streaming_response.create(
        model="default", voice="alloy", input="Hello.", response_format="wav"
    ) as answer:
        sound = read_audio(answer.read(), session_runtime.showcase.limits)
    assert sound.duration_s > 0


@pytest.mark.parametrize(("form", "head"), [("mp3", b""), ("flac", b"fLaC"), ("wav", b"RIFF"), ("pcm", b"")])
def test_a_spoken_text_comes_in_the_form_that_was_asked_for(form: Any, head: bytes, session_runtime: Runtime) -> None:
    tone = Audio.from_array(np.sin(np.arange(16_000, dtype=np.float32) / 8) / 2, 16_000)
    media_type, data = sound_file(tone, form)
    assert media_type.startswith("audio/")
    assert data.startswith(head)
    if form == "pcm":
        assert len(data) == pytest.approx(2 * 24_000, abs=10)
    else:
        assert read_audio(data, session_runtime.showcase.limits).duration_s == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"model": "no/such"}, openai.NotFoundError, "no/such"),
        ({"n": 2}, openai.UnprocessableEntityError, "'n'"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, openai.UnprocessableEntityError, "tools"),
        ({"temperature": 3}, openai.UnprocessableEntityError, "temperature"),
        ({"messages": []}, openai.UnprocessableEntityError, "messages"),
        ({"messages": [{"role": "user", "content": ""}]}, openai.BadRequestError, "no text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
            openai.BadRequestError,
            "image_url",
        ),
        ({"messages": [{"role": "user", "content": "x" * 30_000}]}, openai.APIStatusError, "20,000"),
    ],
)
def test_errors_have_openais_shape(
    settings: dict[str, Any], error: type[openai.APIStatusError], words: str, api: OpenAI
) -> None:
    with pytest.raises(error) as refusal:
        api.chat.completions.create(**({"model": MODEL, "messages": ASKED} | settings))
    body: Any = refusal.value.body
    assert set(body) == {"message", "type", "param", "code"}
    assert words in body["message"]


def test_a_form_without_a_sound_is_refused(api: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError, match="PNG") as refusal:
        api.audio.transcriptions.create(model="default", file=("x.wav", b"\x89PNG\r\n\x1a\n" + b"\0" * 40))
    assert refusal.value.status_code == 415
