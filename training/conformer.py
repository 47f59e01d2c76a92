"""What both sound starters share: a small conformer, its features in batches, and the loop that trains it.

Owns the shape of the network, features equal to `SeamlessM4TFeatureExtractor`'s (many clips at once, with warps of
voice and pace that the extractor does not have) and how a checkpoint is written. Owns no data: see
`training.microphone`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig

from training.microphone import SAMPLING_RATE

NUM_MEL_BINS = 80
FRAMES_PER_INPUT = 2  # the extractor puts two frames of 10 ms side by side: one input each 20 ms
USED_MEL_BINS = 59  # up to 3.8 kHz; the recordings were made at 8 kHz, so above it there is nothing to learn from
FRAME_LENGTH, HOP_LENGTH, FFT_LENGTH = 400, 160, 512  # samples, as in the extractor
MEL_FLOOR = 1.192092955078125e-07

feature_extractor = SeamlessM4TFeatureExtractor(sampling_rate=SAMPLING_RATE)
_mel_filters = torch.from_numpy(feature_extractor.mel_filters).float()
_window = torch.from_numpy(feature_extractor.window).float()


def conformer_config(**heads: object) -> Wav2Vec2BertConfig:
    """Return the shape of the network: 4 conformer blocks of width 128, about a million weights.

    Its convolutions look back only and attention is told apart by rotary positions, so that padding on the right
    changes nothing and clips longer than those in training still work.

    Args:
        heads: what the head needs, such as `vocab_size` or `id2label`.
    """
    return Wav2Vec2BertConfig(
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=256,
        feature_projection_input_dim=NUM_MEL_BINS * FRAMES_PER_INPUT,
        conv_depthwise_kernel_size=15,
        position_embeddings_type="rotary",
        initializer_range=0.08,  # near 1 over the root of the width; at 0.02 a net this narrow hardly starts to learn
        hidden_dropout=0.0,  # the spoiling of the sounds does that work, at less cost
        layerdrop=0.0,
        apply_spec_augment=False,  # done on the features, before the network
        mask_time_prob=0.0,
        classifier_proj_size=128,
        ctc_zero_infinity=True,
        ctc_loss_reduction="mean",
        **heads,
    )


@dataclass(frozen=True)
class Inputs:
    """Hold one padded batch of the network's inputs.

    Shapes: `input_features` (batch, time, 160) float32; `attention_mask` (batch, time) int64, 1 where there is sound.
    """

    input_features: torch.Tensor
    attention_mask: torch.Tensor


def log_mel(clips: Sequence[np.ndarray]) -> list[torch.Tensor]:
    """Return each clip's log-mel spectrogram, as the extractor does it before it normalises.

    Shapes: clips (num_samples,) float32 at `SAMPLING_RATE` Hz, at least `FRAME_LENGTH` long; out (frames, 80) each.
    """
    frames = [torch.from_numpy(clip).unfold(0, FRAME_LENGTH, HOP_LENGTH) for clip in clips]
    windows = torch.cat(frames) * 2.0**15  # (all frames, 400)
    windows = windows - windows.mean(dim=1, keepdim=True)
    previous = torch.cat([windows[:, :1], windows[:, :-1]], dim=1)
    windows = (windows - 0.97 * previous) * _window
    power = torch.fft.rfft(windows, FFT_LENGTH).abs().square()
    spectrogram = (power @ _mel_filters).clamp(min=MEL_FLOOR).log()
    return list(spectrogram.split([len(frame) for frame in frames]))


def warp_voice(spectrogram: torch.Tensor, factor: float) -> torch.Tensor:
    """Move all formants by one factor, as a longer or shorter vocal tract does; (frames, 80) in and out.

    Source: vocal tract length perturbation, Jaitly and Hinton 2013.
    """
    lowest, highest = 1127.0 * math.log1p(20 / 700), 1127.0 * math.log1p(SAMPLING_RATE / 2 / 700)
    mels = torch.linspace(lowest, highest, NUM_MEL_BINS + 2)[1:-1]
    hertz = 700 * torch.expm1(mels / 1127) * factor
    positions = (1127 * torch.log1p(hertz / 700) - lowest) / (highest - lowest) * (NUM_MEL_BINS + 1) - 1
    return _interpolate(spectrogram.T, positions.clamp(0, USED_MEL_BINS - 1)).T


def warp_pace(spectrogram: torch.Tensor, factor: float) -> torch.Tensor:
    """Make the speech so many times faster without moving its pitch; (frames, 80) in, fewer or more frames out."""
    num_frames = max(4, round(len(spectrogram) / factor))
    return _interpolate(spectrogram, torch.linspace(0, len(spectrogram) - 1, num_frames))


def _interpolate(rows: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Read rows at fractional positions; (num_rows, width) and (num_positions,) to (num_positions, width)."""
    below = positions.floor().long().clamp(max=len(rows) - 2)
    weights = (positions - below).unsqueeze(1)
    return rows[below] * (1 - weights) + rows[below + 1] * weights


def augmented_inputs(clips: Sequence[np.ndarray], rng: np.random.Generator) -> Inputs:
    """Return a training batch: features, warped in voice and pace, normalised, with strips of time and pitch hidden."""
    spectrograms = []
    for spectrogram in log_mel(clips):
        if rng.random() < 0.7:
            spectrogram = warp_voice(spectrogram, rng.uniform(0.88, 1.15))
        if rng.random() < 0.5:
            spectrogram = warp_pace(spectrogram, rng.uniform(0.8, 1.25))
        if rng.random() < 0.5:  # a wide-band microphone hears something up there: make it anything at all
            upper = spectrogram[:, USED_MEL_BINS:]
            mirrored = spectrogram[:, USED_MEL_BINS - upper.shape[1] : USED_MEL_BINS].flip(1)
            spectrogram = torch.cat(
                [spectrogram[:, :USED_MEL_BINS], mirrored + rng.uniform(0, 2) * torch.randn_like(upper)], dim=1
            )
        spectrograms.append(spectrogram)
    inputs = pack(spectrograms)
    for features, mask in zip(inputs.input_features, inputs.attention_mask, strict=True):
        _hide_strips(features[: int(mask.sum())], rng)
    return inputs


def pack(spectrograms: Sequence[torch.Tensor]) -> Inputs:
    """Normalise each mel bin over its clip, put two frames side by side and pad to the longest, as the extractor does.

    An odd last frame is dropped here; the extractor pads it and masks it out, which is the same.
    """
    stacked = []
    for spectrogram in spectrograms:
        centred = spectrogram - spectrogram.mean(dim=0)
        normal = centred / (centred.square().sum(dim=0) / (len(centred) - 1) + 1e-7).sqrt()
        even = len(normal) - len(normal) % FRAMES_PER_INPUT
        stacked.append(normal[:even].reshape(-1, NUM_MEL_BINS * FRAMES_PER_INPUT))
    mask = nn.utils.rnn.pad_sequence([torch.ones(len(rows), dtype=torch.long) for rows in stacked], batch_first=True)
    return Inputs(nn.utils.rnn.pad_sequence(stacked, batch_first=True), mask)


def _hide_strips(features: torch.Tensor, rng: np.random.Generator) -> None:
    """Set strips of time (up to 80 ms) and of mel bins to their mean, in place; (time, 160).

    Source: SpecAugment, Park et al. 2019.
    """
    for _ in range(rng.integers(0, 3)):
        width = int(rng.integers(2, 11))
        start = int(rng.integers(0, USED_MEL_BINS - width))
        for frame in range(FRAMES_PER_INPUT):
            features[:, frame * NUM_MEL_BINS + start : frame * NUM_MEL_BINS + start + width] = 0.0
    for _ in range(rng.integers(0, 1 + len(features) // 30 + 1)):
        start = int(rng.integers(0, len(features)))
        features[start : start + int(rng.integers(1, 5))] = 0.0


def fit(
    model: PreTrainedModel,
    losses: Iterator[torch.Tensor],
    *,
    num_steps: int,
    peak_learning_rate: float,
) -> None:
    """Train for a fixed number of steps: AdamW, a short warm-up, then a cosine down to nothing.

    The weights that read mel bins above 3.8 kHz are held at zero: the recordings carry nothing there, so the network
    must not listen to what a better microphone picks up.

    Args:
        losses: gives one loss, computed with `model`, for each step.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak_learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm_up = max(1, num_steps // 12)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            (step + 1) / warm_up
            if step < warm_up
            else 0.5 + 0.5 * math.cos(math.pi * (step - warm_up) / (num_steps - warm_up))
        ),
    )
    projection = model.wav2vec2_bert.feature_projection.projection
    unused = torch.arange(NUM_MEL_BINS * FRAMES_PER_INPUT) % NUM_MEL_BINS >= USED_MEL_BINS
    model.train()
    recent = []
    for step in range(num_steps):
        with torch.no_grad():
            projection.weight[:, unused] = 0.0
        loss = next(losses)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(loss.item())
        if (step + 1) % 50 == 0:
            print(f"step {step + 1:5} of {num_steps}  loss {sum(recent) / len(recent):.3f}", flush=True)
            recent.clear()
    with torch.no_grad():
        projection.weight[:, unused] = 0.0
    model.eval()


def save(model: PreTrainedModel, folder: Path) -> None:
    """Write the model in half precision and its feature extractor, with no path of this machine in them."""
    model.config._name_or_path = folder.name
    model.half().save_pretrained(folder)
    model.float()
    feature_extractor.save_pretrained(folder)
