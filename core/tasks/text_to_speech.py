"""Text to speech: reads a text aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import BadInput, BadParameters, ModelUnavailable, TooLarge
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.speech_parts import plain_letters, speech_parts, unspoken
from core.values import Audio, Text

MAX_CHARS: Final = 1_500
"""The longest text, in characters: about 100 s of speech, which a laptop makes within a request's deadline."""


class TextToSpeechParameters(Parameters):
    """Tune how a text is spoken."""

    speaking_rate: float = Field(
        1.0, ge=0.5, le=2.0, description="How fast; 2 is twice as fast as the voice usually is."
    )
    noise_scale: float = Field(0.667, ge=0.0, le=1.5, description="How lively: how much the tone varies.")
    noise_scale_duration: float = Field(0.8, ge=0.0, le=1.5, description="How much the length of sounds varies.")
    seed: int = Field(0, ge=0, le=999, description="The same seed speaks the same text in the same way again.")
    speaker: int = Field(0, ge=0, le=200, description="Which voice, where a model has several.")


@dataclass(frozen=True)
class Voice:
    """Hold what speaks: the model and its tokenizer."""

    model: Any
    tokenizer: Any


def load(checkpoint: Checkpoint) -> Voice:
    """Load a VITS or MMS voice.

    Raises: ModelUnavailable for other kinds: what speaks in them is not in the checkpoint, as SpeechT5's
        vocoder and speaker, or is not in safetensors; or if the text has to be prepared by a package that is missing.
    """
    from transformers import AutoConfig, AutoModelForTextToWaveform, AutoTokenizer
    from transformers.utils import is_phonemizer_available, is_uroman_available

    config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    if config.model_type != "vits":
        raise ModelUnavailable(
            f"A {config.model_type} model cannot speak here; VITS and MMS models can.", hint="Choose one of those."
        )
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    for needed, is_there, package in (
        (tokenizer.phonemize, is_phonemizer_available, "phonemizer"),
        (tokenizer.is_uroman, is_uroman_available, "uroman"),
    ):
        if needed and not is_there():
            raise ModelUnavailable(f"This voice needs the package {package}.", hint=f"pip install {package}")
    return Voice(load_model((AutoModelForTextToWaveform,), checkpoint).to(checkpoint.device), tokenizer)


def run(pipe: Voice, inputs: Sequence[Text], parameters: TextToSpeechParameters) -> list[Audio]:
    """Speak each text, sentence by sentence, with short pauses between them.

    Raises: BadInput, TooLarge or BadParameters saying what cannot be spoken.
    """
    config = pipe.model.config
    if parameters.speaker >= config.num_speakers:
        raise BadParameters(
            f"This model has {config.num_speakers} voice{'s' if config.num_speakers > 1 else ''}, numbered from 0.",
            hint="Choose a lower speaker.",
        )
    pipe.model.noise_scale = parameters.noise_scale
    pipe.model.noise_scale_duration = parameters.noise_scale_duration
    return [_spoken(pipe, text.text, parameters) for text in inputs]


def _spoken(pipe: Voice, text: str, parameters: TextToSpeechParameters) -> Audio:
    rate = pipe.model.config.sampling_rate
    sounds: list[NDArray[np.float32]] = []
    for part, pause_s in _parts(pipe.tokenizer, text):
        sounds += [_sound(pipe, part, parameters), np.zeros(round(pause_s * rate), np.float32)]
    return Audio.from_array(np.concatenate(sounds), rate)


def _parts(tokenizer: Any, text: str) -> list[tuple[str, float]]:
    """Return what is spoken and the pauses, having refused what a voice would leave out and say nothing of it."""
    if len(text) > MAX_CHARS:
        raise TooLarge(
            f"This text has {len(text):,} characters; at most {MAX_CHARS:,} are spoken at once.",
            hint="Speak it in pieces.",
        )
    if not tokenizer.phonemize and not tokenizer.is_uroman:
        text = plain_letters(text, tokenizer.encoder)
        missing = unspoken(text, tokenizer.encoder)
        if missing:
            raise BadInput(
                f"This voice cannot say {' '.join(missing[:10])}{' …' if len(missing) > 10 else ''}.",
                hint="Write numbers and signs as words, in the voice's own language and script.",
            )
    parts = speech_parts(text)
    if not parts:
        raise BadInput("There is no word to speak.", hint="Write one and try again.")
    return parts


def _sound(pipe: Voice, part: str, parameters: TextToSpeechParameters) -> NDArray[np.float32]:
    import torch

    model = pipe.model
    encoded = pipe.tokenizer(part, return_tensors="pt").to(model.device)
    several = {"speaker_id": parameters.speaker} if model.config.num_speakers > 1 else {}
    devices = [model.device] if model.device.type == "cuda" else []
    # Seeded anew for each part, so that a sentence sounds the same whatever stands before it.
    with torch.random.fork_rng(devices), torch.inference_mode():
        torch.manual_seed(parameters.seed)
        waveform = model(**encoded, **several, speaking_rate=parameters.speaking_rate).waveform[0]
    sound: NDArray[np.float32] = waveform.float().cpu().numpy()
    return sound


TASK = Task(
    id="text-to-speech",
    modality="audio",
    title="Text to speech",
    summary="Reads a text aloud, sentence by sentence.",
    icon=":material/record_voice_over:",
    input=Text,
    parameters=TextToSpeechParameters,
    output=Audio,
    examples=(
        Example(
            "Good evening",
            "Good evening, and welcome to the stage. Tonight a machine reads to you. "
            "It has practised a great deal, but it is still a little nervous.",
        ),
        Example(
            "A weather report",
            "Rain in the north by noon. Bright spells in the south.\nTowards evening the wind drops, and the night "
            "will be clear and cold.",
            {"speaking_rate": 1.2},
        ),
        Example("Slowly", "Take a breath. Count to four. Let it go.", {"speaking_rate": 0.7}),
    ),
    load=load,
    run=run,
    batches=False,  # padding would change what is drawn at random, and so the answer
)
