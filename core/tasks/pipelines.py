"""How a checkpoint becomes a transformers pipeline, and what such a pipeline wants to be given.

Owns the rules of loading: from a folder only, safetensors only, no code from the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.media import resample
from core.tasks.spec import Checkpoint, Load
from core.values import Audio


def pipeline_loader(task_id: str, **pipeline_arguments: Any) -> Load:
    """Return a loader that makes the pipeline `task_id` of a checkpoint folder.

    The model is loaded here and handed to transformers: `pipeline` itself would try other classes and
    other precisions after a failure, and keep quiet about weights that are not there.
    """

    def load(checkpoint: Checkpoint) -> Any:
        from transformers import pipeline, pipelines

        _, described, _ = pipelines.PIPELINE_REGISTRY.check_task(task_id)
        made_as = getattr(pipelines, described["impl"].rpartition(".")[2])
        parts = ("tokenizer", "image_processor", "feature_extractor", "processor")
        folder = str(checkpoint.folder)
        components = {part: folder for part in parts if getattr(made_as, f"_load_{part}") is not False}
        return pipeline(
            task_id,
            model=load_model(described["pt"], checkpoint),
            config=folder,
            device=checkpoint.device,
            trust_remote_code=False,
            **components,
            **pipeline_arguments,
        )

    return load


def load_model(auto_classes: Sequence[Any], checkpoint: Checkpoint, *, unused: tuple[str, ...] = ()) -> Any:
    """Load the weights of a checkpoint into the first of transformers' Auto classes that knows its kind.

    Args:
        unused: how the names of weights begin that the task makes no use of, and that may be missing.

    Raises: ModelUnavailable if none knows it, or if weights that the task needs are not in the checkpoint:
        transformers would fill those with random numbers.
    """
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    fitting = [auto_class for auto_class in auto_classes if type(config) in auto_class._model_mapping]
    if not fitting:
        raise ModelUnavailable(f"A {config.model_type} model cannot do this task.", hint="Choose another model.")
    model, info = fitting[0].from_pretrained(
        checkpoint.folder,
        config=config,
        dtype=getattr(torch, checkpoint.dtype),
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    # Below the head some checkpoints lack what only training uses, such as wav2vec 2.0's masked_spec_embed.
    base = f"{model.base_model_prefix}."
    missing = [name for name in sorted(info["missing_keys"]) if not name.startswith((base, *unused))]
    if missing or len(info["missing_keys"]) > len(model.state_dict()) // 2:
        raise ModelUnavailable(
            f"This checkpoint lacks weights that the task needs: {(missing or [base])[0]}.",
            hint="Choose a checkpoint that was trained for this task.",
        )
    return model


def load_part(auto_class: Any, checkpoint: Checkpoint, **options: Any) -> Any:
    """Load what turns inputs into tensors, a tokenizer or a processor, from the checkpoint's own folder."""
    return auto_class.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False, **options)


def raw_audio(pipe: Any, audio: Audio) -> dict[str, Any]:
    """Return a sound as a transformers pipeline takes it, at the rate its checkpoint was trained at.

    The rate is known only here, once the model is loaded; given another one, the pipeline would ask
    for torchaudio.
    """
    sampling_rate = int(pipe.feature_extractor.sampling_rate)
    samples: NDArray[np.float32] = resample(audio, sampling_rate).array()
    return {"raw": samples.copy(), "sampling_rate": sampling_rate}
