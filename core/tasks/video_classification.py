"""Video classification: what happens in a film, with a score for each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from core.errors import ModelUnavailable
from core.media import evenly_spaced
from core.tasks.pipelines import load_model, load_part
from core.tasks.scores import best_labels, label_scores
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.values import FilmLabels, Video

_FILMS = Path("static/examples")


class VideoClassificationParameters(Parameters):
    """Tune video classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")
    function_to_apply: Literal["default", "softmax", "sigmoid"] = Field(
        "default",
        description="How scores are made: softmax adds up to 1, sigmoid scores each label by itself; "
        "default: as the model was trained.",
    )


@dataclass(frozen=True)
class FilmClassifier:
    """Hold a model that sorts films, and what makes tensors of their frames."""

    model: Any
    processor: Any


def load(checkpoint: Checkpoint) -> FilmClassifier:
    """Load VideoMAE, TimeSformer, ViViT and their like.

    transformers' own pipeline is not used: it opens a film by its path. Most checkpoints name an image processor,
    which works on frames here; those that name only a video processor need torchvision for it.

    Raises: ModelUnavailable if it is another kind of model, or lacks weights; ImportError naming torchvision.
    """
    from transformers import AutoImageProcessor, AutoModelForVideoClassification, AutoVideoProcessor

    model = load_model((AutoModelForVideoClassification,), checkpoint).to(checkpoint.device)
    if _frame_count(model) is None:
        raise ModelUnavailable("This checkpoint does not say how many frames it looks at.", hint="Choose another one.")
    on_frames = (checkpoint.folder / "preprocessor_config.json").exists()
    return FilmClassifier(model, load_part(AutoImageProcessor if on_frames else AutoVideoProcessor, checkpoint))


@dataclass(frozen=True)
class SeenFilm:
    """Hold the numbers of the frames that are looked at, and what the model is given for them."""

    frames: tuple[int, ...]
    tensors: Any


def prepare(
    pipe: FilmClassifier,
    inputs: Video,
    parameters: VideoClassificationParameters,  # noqa: ARG001  # they say what is made of the scores
) -> SeenFilm:
    """Choose as many frames as the model was trained on, evenly spaced, and return them as it is given them."""
    frames = evenly_spaced(inputs.frame_count, _frame_count(pipe.model) or inputs.frame_count)
    # Taken out together they are copies: where torchvision is there, processors want what they may write to.
    return SeenFilm(frames, pipe.processor(list(inputs.array()[list(frames)]), return_tensors="pt"))


def run(
    pipe: FilmClassifier, inputs: Sequence[SeenFilm], parameters: VideoClassificationParameters
) -> list[FilmLabels]:
    """Classify each film."""
    return [_classified(pipe, film, parameters) for film in inputs]


def _classified(pipe: FilmClassifier, film: SeenFilm, parameters: VideoClassificationParameters) -> FilmLabels:
    function = None if parameters.function_to_apply == "default" else parameters.function_to_apply
    [scores] = label_scores(pipe.model, film.tensors, function)
    return FilmLabels(labels=best_labels(scores, parameters.top_k), frames=film.frames)


def _frame_count(model: Any) -> int | None:
    """Return how many frames a model looks at, None if its configuration does not say."""
    for name in ("num_frames", "frames_per_clip"):  # V-JEPA 2 has the other name
        count = getattr(model.config, name, None)
        if count:
            return int(count)
    return None


TASK = Task(
    id="video-classification",
    modality="video",
    title="Video classification",
    summary="Says what happens in a short film, from frames spread evenly over it.",
    icon=":material/movie:",
    input=Video,
    parameters=VideoClassificationParameters,
    output=FilmLabels,
    examples=(
        Example("A ball bounces", _FILMS / "bouncing-ball.mp4"),
        Example("A pendulum swings", _FILMS / "pendulum.mp4"),
    ),
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # one film is a batch of pictures already
)
