"""Table question answering: the cells are those of the model itself, and no row is left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import TooLarge
from core.tasks.spec import Checkpoint
from core.tasks.table_question_answering import TASK, TableQuestionAnsweringInput
from core.values import Table, TableAnswer, Text

FILMS = Table(columns=("film", "year", "sold"), rows=(("the good", "1999", "12"), ("the bad", "2001", "7")))


@pytest.fixture
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))


def answered(pipe: Any, *asked: tuple[str, Table]) -> list[TableAnswer]:
    inputs = [TableQuestionAnsweringInput(query=Text(text=query), table=table) for query, table in asked]
    return TASK.answers(pipe, inputs, TASK.checked_parameters({}))


@pytest.mark.parametrize("query", ["the good film", "a bad year left", "anna"])
def test_cells_are_those_of_the_model_called_directly(
    pipe: Any, tiny_folder: Callable[[str], Path], query: str
) -> None:
    """A cell is used if the mean of its tokens' chances is above one half."""
    import pandas as pd
    import torch
    from transformers import AutoTokenizer, TapasForQuestionAnswering

    tokenizer = AutoTokenizer.from_pretrained(tiny_folder(TASK.id))
    model = TapasForQuestionAnswering.from_pretrained(tiny_folder(TASK.id)).eval()
    encoding = tokenizer(pd.DataFrame(FILMS.rows, columns=FILMS.columns, dtype=str), query, return_tensors="pt")
    with torch.no_grad():
        said = model(**encoding)
    chances: dict[tuple[int, int], list[float]] = {}
    for chance, kinds in zip(said.logits[0].sigmoid().tolist(), encoding["token_type_ids"][0].tolist(), strict=True):
        if kinds[0] == 1 and kinds[1] and kinds[2]:
            chances.setdefault((kinds[2] - 1, kinds[1] - 1), []).append(chance)
    used = {cell for cell, several in chances.items() if sum(several) / len(several) > 0.5}
    (answer,) = answered(pipe, (query, FILMS))
    assert set(answer.coordinates) == used
    assert answer.cells == tuple(FILMS.rows[row][column] for row, column in answer.coordinates)
    assert answer.aggregator == model.config.aggregation_labels[int(said.logits_aggregation.argmax())]


def test_several_tables_are_answered_each_by_itself(pipe: Any) -> None:
    other = Table(columns=("anna",), rows=(("left",), ("",), ("good",)))
    asked = (("the good film", FILMS), ("anna", other))
    assert answered(pipe, *asked) == [answered(pipe, one)[0] for one in asked]


def test_a_table_of_which_rows_would_be_left_out_is_refused(pipe: Any) -> None:
    long = Table(columns=("film", "year"), rows=(("the good film", "1999"),) * 80)
    with pytest.raises(TooLarge, match=r"80 rows; with this question the model reads [1-7][0-9], in 256 tokens"):
        answered(pipe, ("the film", long))
    with pytest.raises(TooLarge, match="reads 0"):
        answered(pipe, ("the film " * 200, FILMS))


def test_the_model_runs_in_bfloat16_too(tiny_folder: Callable[[str], Path]) -> None:
    pipe = TASK.load(Checkpoint(tiny_folder(TASK.id), "bfloat16", "cpu"))
    (answer,) = answered(pipe, ("the good film", FILMS))
    assert isinstance(answer, TableAnswer)
