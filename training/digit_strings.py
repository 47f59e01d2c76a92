"""The starter `digit-strings`: writes down digits said one after the other ("three one four"), letter by letter.

It first learns single words with the loss of `training.spoken_digits`: from nothing, CTC on letters spends most of its
time finding out that there are words at all. Owns the strings it learns from, the letters, the loss and the
measurement. How sounds are spoiled is in `training.microphone`, the network in `training.conformer`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import Wav2Vec2BertForCTC, Wav2Vec2BertModel, Wav2Vec2CTCTokenizer, pipeline

from training.conformer import augmented_inputs, conformer_config, fit, save
from training.microphone import SAMPLING_RATE, WORDS, Microphone, Recording, draw_gaps, join, read_recordings
from training.spoken_digits import train_classifier
from training.starter import Metrics, Starter, main, seed_everything

SEED = 314
NUM_WORD_STEPS = 1_200
ROUNDS = ((900, 1.5e-3), (1_500, 1.5e-3), (1_500, 6e-4))  # steps and peak rate between two restarts of the rate
LONGEST_STRING = 8
WORDS_PER_BATCH = 84  # strings in a batch have about equal length; longer strings, fewer of them
SHARE_OF_SILENCE = 0.06  # clips in which nobody speaks and nothing must be written
NUM_TEST_STRINGS = 400
TEST_SEED = 2_718
PAD, DELIMITER = "<pad>", "|"
LETTERS = sorted(set("".join(WORDS)))
VOCABULARY = {token: index for index, token in enumerate([PAD, "<unk>", DELIMITER, *LETTERS])}


def spell(recordings: Sequence[Recording]) -> list[int]:
    """Return the tokens of what is said: letters, with the delimiter between words."""
    return [VOCABULARY[letter] for letter in DELIMITER.join(recording.word for recording in recordings)]


def draw_string(recordings: Sequence[Recording], num_words: int, rng: np.random.Generator) -> list[Recording]:
    """Draw what to say: half of the time all by one person, else by anybody."""
    first = recordings[rng.integers(len(recordings))]
    voices = [other for other in recordings if other.speaker == first.speaker] if rng.random() < 0.5 else recordings
    return [first, *(voices[index] for index in rng.integers(len(voices), size=num_words - 1))]


def draw_losses(
    model: Wav2Vec2BertForCTC, recordings: Sequence[Recording], num_steps: int, rng: np.random.Generator
) -> Iterator[torch.Tensor]:
    """Yield one loss for each step; strings are short at first and of every length after a sixth of the steps."""
    microphone = Microphone(rng)
    for step in range(num_steps):
        longest = 3 if step < num_steps // 6 else LONGEST_STRING
        num_words = int(rng.integers(1, longest + 1))
        clips, spellings = [], []
        for _ in range(WORDS_PER_BATCH // (num_words + 1)):
            if rng.random() < SHARE_OF_SILENCE:
                clips.append(microphone.hear_nothing(int((0.5 + 0.5 * num_words) * SAMPLING_RATE)))
                spellings.append([])
            else:
                string = draw_string(recordings, num_words, rng)
                longest_ends_s = 2.0 if num_words < 4 else 1.0
                clips.append(microphone.hear(microphone.say_string(string, longest_ends_s=longest_ends_s)))
                spellings.append(spell(string))
        yield ctc_loss(model, clips, spellings, rng)


def ctc_loss(
    model: Wav2Vec2BertForCTC, clips: Sequence[np.ndarray], spellings: Sequence[list[int]], rng: np.random.Generator
) -> torch.Tensor:
    """Return the loss of one batch: CTC over the sound, and blank wanted where a shorter clip is padded.

    The pipeline decodes padded frames too, so a batch would otherwise end in stray letters.
    """
    inputs = augmented_inputs(clips, rng)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(inputs.input_features, attention_mask=inputs.attention_mask).logits
    log_probabilities = logits.float().log_softmax(dim=-1)  # (batch, time, vocabulary)
    lengths = torch.tensor([len(spelling) for spelling in spellings])
    targets = torch.tensor([token for spelling in spellings for token in spelling], dtype=torch.long)
    losses = functional.ctc_loss(
        log_probabilities.transpose(0, 1),
        targets,
        inputs.attention_mask.sum(dim=1),
        lengths,
        reduction="none",
        zero_infinity=True,
    )
    padded = inputs.attention_mask == 0
    blank = -log_probabilities[..., VOCABULARY[PAD]][padded]
    return (losses / (lengths + 4)).mean() + (0.1 * blank.mean() if padded.any() else 0.0)


def train_speller(
    recordings: Sequence[Recording], *, encoder: Wav2Vec2BertModel, rounds: Sequence[tuple[int, float]], seed: int
) -> Wav2Vec2BertForCTC:
    """Train a network to spell strings of these recordings, from an encoder that knows single words.

    Args:
        rounds: the steps and the peak learning rate of each; every round warms up and cools down anew.
    """
    seed_everything(seed)
    config = conformer_config(
        vocab_size=len(VOCABULARY), pad_token_id=VOCABULARY[PAD], bos_token_id=None, eos_token_id=None
    )
    model = Wav2Vec2BertForCTC._from_config(config, attn_implementation="eager")  # 4 times faster backward on a CPU
    model.wav2vec2_bert.load_state_dict(encoder.state_dict())
    for number, (num_steps, peak) in enumerate(rounds):
        losses = draw_losses(model, recordings, num_steps, np.random.default_rng(seed + number))
        fit(model, losses, num_steps=num_steps, peak_learning_rate=peak)
    return model


def train(data_folder: Path, out_folder: Path) -> None:
    """Train on the recordings outside the test set, first on single words, then on strings; write the checkpoint."""
    recordings = [recording for recording in read_recordings(data_folder) if not recording.is_test]
    encoder = train_classifier(recordings, num_steps=NUM_WORD_STEPS, seed=SEED).wav2vec2_bert
    save(train_speller(recordings, encoder=encoder, rounds=ROUNDS, seed=SEED), out_folder)
    with tempfile.TemporaryDirectory() as folder:
        vocabulary_file = Path(folder) / "vocab.json"
        vocabulary_file.write_text(json.dumps(VOCABULARY))
        tokenizer = Wav2Vec2CTCTokenizer(
            str(vocabulary_file),
            pad_token=PAD,
            unk_token="<unk>",
            word_delimiter_token=DELIMITER,
            bos_token=None,
            eos_token=None,
        )
        tokenizer.save_pretrained(out_folder)


def draw_test_strings(recordings: Sequence[Recording], rng: np.random.Generator) -> list[tuple[np.ndarray, str]]:
    """Draw the test's strings of 1 to 8 words as (clip, text): test recordings as recorded, silence between them."""
    strings = []
    for _ in range(NUM_TEST_STRINGS):
        string = draw_string(recordings, int(rng.integers(1, LONGEST_STRING + 1)), rng)
        clip = join([recording.plain() for recording in string], draw_gaps(rng, len(string), longest_ends_s=1.0))
        strings.append((clip, " ".join(recording.word for recording in string)))
    return strings


def word_errors(heard: str, said: str) -> int:
    """Return the least number of words to change, add or take out that makes one text of the other."""
    heard_words, said_words = heard.split(), said.split()
    costs = list(range(len(heard_words) + 1))
    for row, word in enumerate(said_words, start=1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(heard_words, start=1):
            diagonal, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, diagonal + (word != other)),
            )
    return costs[-1]


def transcribe(folder: Path, clips: Sequence[np.ndarray]) -> list[str]:
    """Return what the checkpoint in a folder writes for each clip, through the pipeline that the site uses."""
    pipe = pipeline("automatic-speech-recognition", model=str(folder), dtype=torch.float32)
    sounds = [{"raw": clip, "sampling_rate": SAMPLING_RATE} for clip in clips]
    return [output["text"] for output in pipe(sounds, batch_size=8)]


def evaluate(data_folder: Path, folder: Path) -> Metrics:
    """Measure word error on strings of test recordings, clean and through the made-up microphone, and on silence."""
    rng = np.random.default_rng(TEST_SEED)
    microphone = Microphone(rng)
    strings = draw_test_strings([recording for recording in read_recordings(data_folder) if recording.is_test], rng)
    texts = [text for _, text in strings]
    num_words = sum(len(text.split()) for text in texts)
    clean = transcribe(folder, [clip for clip, _ in strings])
    noisy = transcribe(folder, [microphone.hear(clip) for clip, _ in strings])
    silent = transcribe(folder, [microphone.hear_nothing(int(rng.uniform(0.5, 5) * SAMPLING_RATE)) for _ in texts])
    return {
        "word_error": sum(map(word_errors, clean, texts)) / num_words,
        "string_accuracy": float(np.mean([heard == said for heard, said in zip(clean, texts, strict=True)])),
        "noisy_word_error": sum(map(word_errors, noisy, texts)) / num_words,
        "silence_kept_empty": float(np.mean([heard == "" for heard in silent])),
    }


STARTER = Starter(name="digit-strings", train=train, evaluate=evaluate, targets={"word_error": 0.05})

if __name__ == "__main__":
    main(STARTER)
