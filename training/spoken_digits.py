"""The starter `spoken-digits`: says which digit, "zero" to "nine", one person said once.

It starts from the encoder of `digit-strings`, so train that first. Owns the clips it learns from, the loss and the
measurement. How sounds are spoiled is in `training.microphone`, the network in `training.conformer`; how well it does
with people it never heard is measured by `training.leave_one_out`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import Wav2Vec2BertForSequenceClassification, Wav2Vec2BertModel, pipeline

from training.conformer import augmented_inputs, conformer_config, fit, save
from training.microphone import SAMPLING_RATE, WORDS, Microphone, Recording, read_recordings
from training.starter import STARTERS_FOLDER, Metrics, Starter, main, seed_everything

SEED = 10
NUM_STEPS = 900
PEAK_LEARNING_RATE = 2e-3
CLIPS_PER_BATCH = 32
LABEL_SMOOTHING = 0.05
SHARE_OF_SILENCE = 0.04  # clips in which nobody speaks: every label equally likely
LONGEST_ENDS_S = (0.0, 0.0, 0.3, 0.3, 1.0, 2.0)  # drawn for each batch, so that its clips have about equal length
TEST_SEED = 1_618


def draw_losses(
    model: Wav2Vec2BertForSequenceClassification,
    recordings: Sequence[Recording],
    num_steps: int,
    rng: np.random.Generator,
) -> Iterator[torch.Tensor]:
    """Yield one loss for each step, on one word a clip with more or less silence around it."""
    microphone = Microphone(rng)
    for _ in range(num_steps):
        longest_ends_s = float(rng.choice(LONGEST_ENDS_S))
        clips, targets = [], []
        for _ in range(CLIPS_PER_BATCH):
            if rng.random() < SHARE_OF_SILENCE:
                clips.append(microphone.hear_nothing(int((0.4 + longest_ends_s) * SAMPLING_RATE)))
                targets.append(torch.full((len(WORDS),), 1 / len(WORDS)))
            else:
                recording = recordings[rng.integers(len(recordings))]
                clips.append(microphone.hear(microphone.say_string([recording], longest_ends_s=longest_ends_s)))
                targets.append(functional.one_hot(torch.tensor(recording.digit), len(WORDS)).float())
        inputs = augmented_inputs(clips, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(inputs.input_features, attention_mask=inputs.attention_mask).logits
        yield functional.cross_entropy(logits.float(), torch.stack(targets), label_smoothing=LABEL_SMOOTHING)


def train_classifier(
    recordings: Sequence[Recording], *, encoder: Wav2Vec2BertModel | None = None, num_steps: int, seed: int
) -> Wav2Vec2BertForSequenceClassification:
    """Train a network to tell the digits in these recordings apart, from nothing or from an encoder."""
    seed_everything(seed)
    labels = dict(enumerate(WORDS))
    config = conformer_config(id2label=labels, label2id={word: digit for digit, word in labels.items()})
    model = Wav2Vec2BertForSequenceClassification._from_config(config, attn_implementation="eager")  # faster backward
    if encoder is not None:
        model.wav2vec2_bert.load_state_dict(encoder.state_dict())
    losses = draw_losses(model, recordings, num_steps, np.random.default_rng(seed))
    fit(model, losses, num_steps=num_steps, peak_learning_rate=PEAK_LEARNING_RATE)
    return model


def train(data_folder: Path, out_folder: Path) -> None:
    """Train on the recordings outside the test set, from the encoder of `digit-strings`; write the checkpoint."""
    encoder = Wav2Vec2BertModel.from_pretrained(STARTERS_FOLDER / "digit-strings", dtype=torch.float32)
    recordings = [recording for recording in read_recordings(data_folder) if not recording.is_test]
    save(train_classifier(recordings, encoder=encoder, num_steps=NUM_STEPS, seed=SEED), out_folder)


def classify(folder: Path, clips: Sequence[np.ndarray]) -> list[str]:
    """Return the likeliest label of each clip, from the checkpoint in a folder, through the pipeline."""
    pipe = pipeline("audio-classification", model=str(folder), dtype=torch.float32, top_k=1)
    sounds = [{"raw": clip, "sampling_rate": SAMPLING_RATE} for clip in clips]
    return [answers[0]["label"] for answers in pipe(sounds, batch_size=16)]


def accuracy(folder: Path, clips: Sequence[np.ndarray], recordings: Sequence[Recording]) -> float:
    """Return the share of clips whose likeliest label is what the recording says."""
    labels = classify(folder, clips)
    return float(np.mean([label == recording.word for label, recording in zip(labels, recordings, strict=True)]))


def evaluate(data_folder: Path, folder: Path) -> Metrics:
    """Measure accuracy on the test recordings: as recorded, and through the made-up microphone."""
    recordings = [recording for recording in read_recordings(data_folder) if recording.is_test]
    microphone = Microphone(np.random.default_rng(TEST_SEED))
    heard = [microphone.hear(microphone.say_string([recording])) for recording in recordings]
    return {
        "accuracy": accuracy(folder, [recording.plain() for recording in recordings], recordings),
        "microphone_accuracy": accuracy(folder, heard, recordings),
    }


STARTER = Starter(name="spoken-digits", train=train, evaluate=evaluate, targets={"accuracy": 0.97})

if __name__ == "__main__":
    main(STARTER)
