"""The tasks as a whole: none of transformers' is missing, and each is declared in full."""

from __future__ import annotations

import pytest

from core.catalog import Catalog
from core.settings import Settings
from core.tasks import TASKS
from core.tasks.spec import Task
from tests import tiny

DROPPED = {
    "question-answering",
    "summarization",
    "translation",
    "visual-question-answering",
    "image-to-text",
    "image-to-image",
}
"""What transformers 4 had as pipelines and transformers 5 has not."""

HUB_NAMES = {"text-to-audio": "text-to-speech"}
"""What the Hub calls a pipeline of transformers."""


def test_no_pipeline_of_transformers_is_missing() -> None:
    from transformers import pipelines

    offered = {task.id for task in TASKS}
    wanted = {HUB_NAMES.get(name, name) for name in pipelines.SUPPORTED_TASKS} | DROPPED
    assert wanted <= offered


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_task_has_models_examples_and_a_row_in_the_tests(task: Task) -> None:
    cards = Catalog.read(Settings().catalog_path).models(task.id)
    assert sum(card.folder is None for card in cards) >= 2
    assert 2 <= len(task.examples) <= 3
    assert task.id in tiny.ROWS
    assert all(field.description for field in task.parameters.model_fields.values())
