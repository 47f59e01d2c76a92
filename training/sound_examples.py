"""The example sounds of both sound starters, joined from test recordings so that neither starter has seen them.

Owns the choice of examples and the note that credits the people in them. Run as `python -m training.sound_examples`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import soundfile

from training.microphone import SAMPLING_RATE, WORDS, Recording, join, read_recordings
from training.starter import DEFAULT_DATA_FOLDER, STARTERS_FOLDER

END_S, GAP_S = 0.25, 0.12
EXAMPLES = {  # starter: file name: who says which digits
    "spoken-digits": {
        "seven.wav": [("jackson", 7)],
        "three.wav": [("theo", 3)],
        "eight.wav": [("lucas", 8)],
    },
    "digit-strings": {
        "three-one-four.wav": [("george", 3), ("george", 1), ("george", 4)],
        "two-seven-zero.wav": [("yweweler", 2), ("yweweler", 7), ("yweweler", 0)],
        "nine-six.wav": [("nicolas", 9), ("jackson", 6)],
    },
}
CREDIT = """# Example sounds

Recordings from the Free Spoken Digit Dataset by Zohar Jackson and its contributors,
https://github.com/Jakobovski/free-spoken-digit-dataset, licence
[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/); these files are under the same licence.

Changed: joined with silence, resampled from 8 to 16 kHz. All are from the test set, so the model never saw them.

| file | what is said, by whom (recording) |
| --- | --- |
"""


def describe(recording: Recording) -> str:
    """Return the word, the speaker and the name of the original file."""
    original = f"{recording.digit}_{recording.speaker}_{recording.index}.wav"
    return f"{WORDS[recording.digit]}, {recording.speaker} (`{original}`)"


def main() -> None:
    """Write three WAV files (16 kHz, 16 bit) and their credit for each starter."""
    parser = argparse.ArgumentParser(description="Write the example sounds of the sound starters.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_FOLDER, help="the folder with the recordings")
    arguments = parser.parse_args()
    first = {(one.speaker, one.digit): one for one in read_recordings(arguments.data) if one.index == 0}
    for starter, examples in EXAMPLES.items():
        folder = STARTERS_FOLDER / starter / "examples"
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for file_name, said in examples.items():
            recordings = [first[key] for key in said]
            gaps_s = [END_S, *[GAP_S] * (len(said) - 1), END_S]
            clip = join([recording.plain() for recording in recordings], gaps_s)
            soundfile.write(folder / file_name, clip, SAMPLING_RATE, subtype="PCM_16")
            rows.append(f"| `{file_name}` | {'; '.join(map(describe, recordings))} |\n")
        (folder / "README.md").write_text(CREDIT + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
