"""Vectors of pictures: transformers' own numbers, no random summary, and digits of a kind that lie together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, CLIPConfig, CLIPModel, ViTModel

from core.engine.checkpoint import check_architecture
from core.errors import ModelUnavailable
from core.media import Limits, read_image, to_pil
from core.settings import Settings
from core.tasks import get_task
from core.tasks.image_feature_extraction import Pictures, Seer
from core.tasks.spec import Checkpoint
from core.ui.outputs.alike import cosines
from core.values import Embeddings, Image
from tests.tiny.base import save

NOISE = np.random.default_rng(5)
TASK = get_task("image-feature-extraction")
SEVERAL = Pictures(images=tuple(Image.from_array(NOISE.integers(0, 255, (h, 40, 3), np.uint8)) for h in (30, 50, 9)))


def load(folder: Path) -> Seer:
    """Load a checkpoint as the engine does."""
    pipe: Seer = TASK.load(Checkpoint(folder, "float32", "cpu"))
    return pipe


def vectors(folder: Path, several: Pictures = SEVERAL, **parameters: Any) -> np.ndarray:
    """Return the vectors of some pictures."""
    (answer,) = TASK.answers(load(folder), [several], TASK.checked_parameters(parameters))
    assert isinstance(answer, Embeddings)
    return answer.array()


@pytest.mark.parametrize("pooling", ["auto", "first", "mean"])
def test_vectors_are_transformers_own_batched_and_unbatched(pooling: str, tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("image-feature-extraction")
    model, processor = ViTModel.from_pretrained(folder).eval(), AutoImageProcessor.from_pretrained(folder)
    with torch.no_grad():
        found = model(**processor([to_pil(image) for image in SEVERAL.images], return_tensors="pt"))
    expected = {
        "auto": found.pooler_output,
        "first": found.last_hidden_state[:, 0],
        "mean": found.last_hidden_state.mean(1),
    }[pooling].numpy()
    assert np.abs(vectors(folder, pooling=pooling) - expected).max() < 1e-5


def test_a_classifiers_untrained_summary_is_not_used(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("image-classification")
    assert load(folder).model.pooler is None
    assert np.array_equal(vectors(folder), vectors(folder, pooling="mean"))


def test_any_vision_checkpoint_may_be_tried(tiny_folder: Callable[[str], Path]) -> None:
    check_architecture({"model_type": "vit", "architectures": ["ViTForImageClassification"]}, TASK, "A ViT")


def test_a_model_that_needs_words_too_is_refused(tmp_path: Path) -> None:
    text = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    save(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)), tmp_path)
    with pytest.raises(
        ModelUnavailable, match="clip model cannot do this task: it does not turn pictures alone into vectors"
    ):
        load(tmp_path)


def test_digits_of_a_kind_lie_together_to_the_starter(starters_folder: Path) -> None:
    paths = TASK.examples[0].inputs["images"]  # type: ignore[index,call-overload]
    limits = Limits.of(Settings())
    images = tuple(read_image((starters_folder.parents[1] / path).read_bytes(), limits) for path in paths)
    near = cosines(vectors(starters_folder / "handwritten-digits", Pictures(images=images)))
    kinds = [Path(path).stem[6] for path in paths]
    assert len(set(kinds)) == 3
    of_a_kind = np.array([[one == other for other in kinds] for one in kinds])
    assert near[of_a_kind].min() > near[~of_a_kind].max() + 0.1
