"""A table as input: typed, pasted, cleared, kept with its run and read back."""

from __future__ import annotations

import base64

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import BadInput
from core.reading import decoded, encoded, read_value, to_wire
from core.runtime import Runtime
from core.tasks.table_question_answering import TASK, TableQuestionAnsweringInput
from core.values import Table, Text
from tests.media.samples import LIMITS
from tests.pages.conftest import Visit
from tests.pages.test_task_pages import press_run, run_button, run_of

FILMS = Table(columns=("film", "year"), rows=(("the good", "1999"), ("the bad", "")))
PASTED = "film\tyear\nthe good\t1999\nthe bad\t\n"
ASKED = TableQuestionAnsweringInput(query=Text(text="the good year"), table=FILMS)


def paste(app: AppTest, text: str) -> AppTest:
    source = next(group for group in app.get("button_group") if group.key == f"{TASK.id}.table_source")
    source.set_value("Paste").run()
    app.text_area(key=f"{TASK.id}.table_pasted").set_value(text).run()
    assert not app.exception
    return app


def test_a_pasted_table_is_what_is_asked_about(visit: Visit, session_runtime: Runtime) -> None:
    app = paste(visit("text", task=TASK.id), PASTED)
    app.text_input(key=f"{TASK.id}.query_text").set_value("the good year")
    run = run_of(press_run(app), session_runtime)
    assert run.record.input_digest == ASKED.digest()


def test_a_table_that_cannot_be_read_says_why_and_does_not_run(visit: Visit) -> None:
    app = paste(visit("text", task=TASK.id), "only a heading")
    assert "no rows under its heading" in app.error[0].value
    run_button(app).click().run()
    assert not app.exception
    assert "run" not in app.query_params


def test_a_cleared_table_is_missed(visit: Visit) -> None:
    app = visit("text", task=TASK.id)
    app.button(key=f"{TASK.id}.table_clear").click().run()
    run_button(app).click().run()
    assert not app.exception
    assert "no rows under its heading" in app.error[0].value


def test_an_input_with_a_table_is_kept_and_read_back() -> None:
    media_type, data = encoded(ASKED)
    assert decoded(TableQuestionAnsweringInput, media_type, data, LIMITS) == ASKED
    assert to_wire(ASKED)["table"] == {"film": ["the good", "the bad"], "year": ["1999", ""]}


@pytest.mark.parametrize(
    "given",
    [
        {"film": ["the good", "the bad"], "year": [1999, None]},
        [{"film": "the good", "year": 1999}, {"film": "the bad"}],
        PASTED,
        PASTED.encode(),
        base64.b64encode(PASTED.encode()).decode(),
        b'{"film": ["the good", "the bad"], "year": ["1999", ""]}',
    ],
)
def test_a_table_may_be_sent_in_several_forms(given: object) -> None:
    assert read_value(TableQuestionAnsweringInput, {"query": "the good year", "table": given}, LIMITS) == ASKED


@pytest.mark.parametrize(("given", "says"), [(5, "object, a list or a file"), ("a,b", "not base64"), ({}, "no rows")])
def test_what_is_no_table_is_refused_with_the_fields_name(given: object, says: str) -> None:
    with pytest.raises(BadInput, match=f"^Table: .*{says}"):
        read_value(TableQuestionAnsweringInput, {"query": "q", "table": given}, LIMITS)


def test_a_file_that_only_begins_like_json_is_read_as_csv() -> None:
    table = read_value(Table, b"{odd},b\n1,2\n", LIMITS)
    assert (table.columns, table.rows) == (("{odd}", "b"), (("1", "2"),))
