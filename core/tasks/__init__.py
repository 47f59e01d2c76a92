"""Every task that the showcase offers, in the order in which it is shown.

Adding one: a file here, a line below, a test row. A task's id is the Hub's pipeline tag.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import UnknownName
from core.tasks import (
    any_to_any,
    audio_classification,
    automatic_speech_recognition,
    decision,
    depth_estimation,
    document_question_answering,
    feature_extraction,
    fill_mask,
    image_classification,
    image_feature_extraction,
    image_segmentation,
    image_text_to_text,
    image_to_image,
    image_to_text,
    keypoint_matching,
    mask_generation,
    object_detection,
    question_answering,
    sentence_similarity,
    summarization,
    table_question_answering,
    text_classification,
    text_generation,
    text_to_speech,
    token_classification,
    translation,
    video_classification,
    visual_question_answering,
    zero_shot_audio_classification,
    zero_shot_classification,
    zero_shot_image_classification,
    zero_shot_object_detection,
)
from core.tasks.spec import Task

TASKS: tuple[Task, ...] = (
    text_classification.TASK,
    token_classification.TASK,
    zero_shot_classification.TASK,
    question_answering.TASK,
    table_question_answering.TASK,
    fill_mask.TASK,
    decision.TASK,
    feature_extraction.TASK,
    sentence_similarity.TASK,
    summarization.TASK,
    translation.TASK,
    text_generation.TASK,
    image_classification.TASK,
    object_detection.TASK,
    image_segmentation.TASK,
    zero_shot_image_classification.TASK,
    zero_shot_object_detection.TASK,
    depth_estimation.TASK,
    image_to_image.TASK,
    image_feature_extraction.TASK,
    keypoint_matching.TASK,
    mask_generation.TASK,
    image_to_text.TASK,
    visual_question_answering.TASK,
    document_question_answering.TASK,
    image_text_to_text.TASK,
    any_to_any.TASK,
    audio_classification.TASK,
    zero_shot_audio_classification.TASK,
    automatic_speech_recognition.TASK,
    text_to_speech.TASK,
    video_classification.TASK,
)


def get_task(task_id: str, tasks: Sequence[Task] = TASKS) -> Task:
    """Return the task of that id, of these tasks.

    Raises: UnknownName listing the tasks there are.
    """
    for task in tasks:
        if task.id == task_id:
            return task
    known = ", ".join(task.id for task in tasks)
    raise UnknownName(f"There is no task '{task_id}'.", hint=f"The tasks are: {known}.")
