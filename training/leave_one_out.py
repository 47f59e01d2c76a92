"""How well `spoken-digits` does with people it never heard: six trainings, each without one of the six speakers.

The six learn single words from nothing, without the strings that the starter's encoder learned from before: a lower
bound that fits in the time. Owns no model that ships; its figures are on the starter's card.
Run as `python -m training.leave_one_out`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from training.conformer import save
from training.microphone import read_recordings
from training.spoken_digits import SEED, accuracy, train_classifier
from training.starter import DEFAULT_DATA_FOLDER

NUM_STEPS = 1_500


def main() -> None:
    """Print the accuracy on all recordings, as recorded, of each speaker left out, and their mean."""
    parser = argparse.ArgumentParser(description="Measure 'spoken-digits' on speakers left out of its training.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_FOLDER, help="the folder with the training data")
    parser.add_argument("--steps", type=int, default=NUM_STEPS, help="training steps for each speaker left out")
    parser.add_argument("--speakers", nargs="*", help="leave out only these, one after the other")
    arguments = parser.parse_args()
    recordings = read_recordings(arguments.data)
    accuracies = []
    for speaker in arguments.speakers or sorted({recording.speaker for recording in recordings}):
        others = [recording for recording in recordings if recording.speaker != speaker and not recording.is_test]
        stranger = [recording for recording in recordings if recording.speaker == speaker]
        model = train_classifier(others, num_steps=arguments.steps, seed=SEED)
        with tempfile.TemporaryDirectory() as folder:
            save(model, Path(folder))
            accuracies.append(accuracy(Path(folder), [recording.plain() for recording in stranger], stranger))
        print(f"without {speaker:10} {accuracies[-1]:.4f}", flush=True)
    print(f"mean               {np.mean(accuracies):.4f}")


if __name__ == "__main__":
    main()
