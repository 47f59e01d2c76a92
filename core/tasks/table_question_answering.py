"""Table question answering: the cells of a table that answer a question, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.errors import TooLarge
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.values import Table, TableAnswer, Text, Value

ROW_IDS = 2
"""Which of TAPAS's token types says in what row a token stands, counted from 1; 0 is outside the rows."""


class TableQuestionAnsweringInput(Value):
    """Be a question and the table that holds its answer."""

    query: Text = Field(title="Question", description="What do you want to know?")
    table: Table = Field(title="Table")


class TableQuestionAnsweringParameters(Parameters):
    """Tune table question answering."""

    sequential: bool = Field(
        False, description="Let the model take its question as one of a conversation; for models trained on SQA."
    )


def load(checkpoint: Checkpoint) -> Any:
    """Load a model that reads tables."""
    pipe = pipeline_loader("table-question-answering")(checkpoint)

    def widen(_model: Any, _inputs: Any, said: Any) -> Any:
        """Return what the model said in float32: the pipeline hands it to numpy, which knows no bfloat16."""
        for name in ("logits", "logits_aggregation"):
            if said.get(name) is not None:
                said[name] = said[name].float()
        return said

    pipe.model.register_forward_hook(widen)
    return pipe


def run(
    pipe: Any, inputs: Sequence[TableQuestionAnsweringInput], parameters: TableQuestionAnsweringParameters
) -> list[TableAnswer]:
    """Answer each question from its table."""
    return [_answer(pipe, one, parameters) for one in inputs]


def _answer(pipe: Any, asked: TableQuestionAnsweringInput, parameters: TableQuestionAnsweringParameters) -> TableAnswer:
    import pandas as pd

    table = pd.DataFrame(asked.table.rows, columns=asked.table.columns, dtype=str)
    _refuse_long(pipe, table, asked.query.text)
    said = pipe(table=table, query=asked.query.text, sequential=parameters.sequential)
    return TableAnswer(
        answer=said["answer"],
        coordinates=tuple((int(row), int(column)) for row, column in said.get("coordinates", ())),
        cells=tuple(said.get("cells", ())),
        aggregator=said.get("aggregator", ""),
    )


def _refuse_long(pipe: Any, table: Any, query: str) -> None:
    """Refuse a table of which the tokenizer would leave out rows, in silence.

    Raises: TooLarge naming how many rows there is room for.
    """
    try:
        types = pipe.tokenizer(table, query, truncation="drop_rows_to_fit")["token_type_ids"]
        read = max(kinds[ROW_IDS] for kinds in types)
    except ValueError:  # not even the heading fits
        read = 0
    if read < len(table):
        limit = pipe.tokenizer.model_max_length
        raise TooLarge(
            f"The table has {len(table)} rows; with this question the model reads {read}, in {limit} tokens.",
            hint="Leave out rows, or columns that the question does not need.",
        )


_HARBOURS = """Harbour,Ferries a day,Berths,Opened
Nordvik,14,120,1962
Salten,6,310,1948
Hesttun,22,85,1990
Lillesand,3,540,1931
Brattholm,9,210,1977
"""
_BAKERY = """Day,Loaves baked,Loaves sold,Weather
Monday,80,71,rain
Tuesday,80,78,cloudy
Wednesday,90,90,sun
Thursday,90,64,rain
Friday,120,118,sun
Saturday,150,149,sun
"""

TASK = Task(
    id="table-question-answering",
    modality="text",
    title="Table question answering",
    summary="Answers a question from a table that you type, paste or upload, and shows which cells it used.",
    icon=":material/table_view:",
    input=TableQuestionAnsweringInput,
    parameters=TableQuestionAnsweringParameters,
    output=TableAnswer,
    examples=(
        Example("One cell", {"query": "Which harbour has the most berths?", "table": _HARBOURS}),
        Example("A sum", {"query": "How many loaves were sold on days with sun?", "table": _BAKERY}),
        Example("A count", {"query": "How many days had rain?", "table": _BAKERY}),
    ),
    load=load,
    run=run,
    batches=False,  # tables of different sizes are padded per table, and cells are read back one table at a time
)
