"""Every field of a judged run comes out of every format as it went in."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from pyarrow import parquet

from core.feedback.export import COLUMNS, MEDIA_TYPES, rows, to_csv, to_jsonl, write
from core.feedback.filters import JudgementFilter
from core.feedback.records import JudgementRecord, RunRecord
from core.feedback.store import FeedbackStore
from tests.feedback.conftest import opened
from tests.feedback.samples import at, make_consent, make_input, make_judgement, make_run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ALL = JudgementFilter()

RENAMED = {"task_id": "task", "created_at": "run_at"}


@pytest.fixture
def store(sqlite_url: str) -> Iterator[FeedbackStore]:
    film, shot = make_run(output={"text": "half a pair \ud83d, NUL \0"}), make_run(input_type="Image", stopped=True)
    with opened(sqlite_url) as store:
        store.add(film, make_judgement(film, comment="=1+1 \u2603\nnext line", tags=("=a", 'b"c', "d,e")))
        store.add(make_consent(film), make_input(film, '=film, "fine"\r\n\u2603'.encode()))
        store.add(shot, make_consent(shot), make_consent(shot, scope="share"), make_input(shot, PNG, "image/png"))
        store.add(
            make_judgement(
                shot,
                rating=0.25,
                scale="stars",
                correction={"labels": [{"label": "7", "score": 1.0}]},
                correction_type="Labels",
                created_at=at(3),
            )
        )
        yield store


def written(store: FeedbackStore, kind: str, wanted: JudgementFilter = ALL) -> io.BytesIO:
    sink = io.BytesIO()
    write(rows(store, wanted), kind, sink)
    sink.seek(0)
    return sink


def test_every_field_of_a_run_and_a_judgement_has_its_column(store: FeedbackStore) -> None:
    run_columns = {RENAMED.get(item.name, item.name) for item in fields(RunRecord)}
    said_columns = {item.name for item in fields(JudgementRecord)} - {"created_at", "withdrawn"} | {"judged_at"}
    assert run_columns | said_columns < set(COLUMNS)
    assert all(list(row) == list(COLUMNS) for row in rows(store, ALL))


def test_rows_hold_what_was_kept(store: FeedbackStore) -> None:
    film, shot = rows(store, ALL)
    assert (film["input_text"], film["input_bytes"]) == ('=film, "fine"\r\n\u2603', None)
    assert (shot["input_text"], shot["input_bytes"], shot["input_media_type"]) == (None, PNG, "image/png")
    assert [(row["may_keep"], row["may_share"]) for row in (film, shot)] == [(True, False), (True, True)]
    assert json.loads(film["output"]) == {"text": "half a pair \ud83d, NUL \0"}
    assert json.loads(shot["correction"]) == {"labels": [{"label": "7", "score": 1.0}]}
    assert (film["correction"], film["tags"]) == (None, ["=a", 'b"c', "d,e"])
    assert shot["judged_at"] == "2026-03-01T12:03:00.123456+00:00"


def test_json_lines_come_back(store: FeedbackStore) -> None:
    lines = written(store, "jsonl").read().decode().splitlines()
    found = [json.loads(line) for line in lines]
    for form, row in zip(found, rows(store, ALL), strict=True):
        data = form.pop("input_base64")
        assert form | {"input_bytes": base64.b64decode(data) if data else None} == row


def test_parquet_comes_back(store: FeedbackStore) -> None:
    table = parquet.read_table(written(store, "parquet"))
    assert table.to_pylist() == list(rows(store, ALL))
    assert {field.name: str(field.type) for field in table.schema} == {
        name: {"list": "list<element: string>"}.get(kind, kind) for name, kind in COLUMNS.items()
    }


def test_parquet_is_written_in_groups_and_never_held_whole(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feedback.export._GROUP_BYTES", 1)
    found = parquet.ParquetFile(written(store, "parquet"))
    assert found.num_row_groups == 2
    assert found.read().to_pylist() == list(rows(store, ALL))


def test_parquet_of_nothing_has_its_columns(store: FeedbackStore) -> None:
    table = parquet.read_table(written(store, "parquet", JudgementFilter(task_id="none")))
    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))


def test_csv_comes_back_defused(store: FeedbackStore) -> None:
    text = written(store, "csv").read().decode("utf-8")
    assert text.startswith('\ufeff"judgement_id","run_id","task"')
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    for cells, row in zip(found, rows(store, ALL), strict=True):
        assert list(cells) == [name for name in COLUMNS if name != "input_bytes"]
        assert cells == {name: expected_cell(row[name]) for name in cells}
    assert found[0]["comment"] == "'=1+1 \u2603\nnext line"
    assert found[0]["input_text"] == '\'=film, "fine"\r\n\u2603'
    assert found[0]["rating"] == "1.0"


def expected_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if str(value).startswith("=") else str(value)


def test_only_what_may_be_shared_is_exported_when_asked(store: FeedbackStore) -> None:
    shareable = JudgementFilter(shareable_only=True)
    (shot,) = rows(store, shareable)
    assert shot["input_type"] == "Image"
    store.add_consent(make_consent(make_run(run_id=shot["run_id"]), scope="share", granted=False))
    assert list(rows(store, shareable)) == []


def test_what_was_taken_back_is_in_no_export(store: FeedbackStore) -> None:
    shot = list(rows(store, ALL))[1]
    store.add_consent(make_consent(make_run(run_id=shot["run_id"]), granted=False))
    again = list(rows(store, ALL))[1]
    assert (again["input_bytes"], again["input_media_type"], again["may_keep"]) == (None, None, False)


@pytest.mark.parametrize("to_lines", [to_jsonl, to_csv])
def test_lines_are_read_as_they_are_wanted(store: FeedbackStore, to_lines: Any) -> None:
    taken = []

    def counting() -> Iterator[Any]:
        for row in rows(store, ALL):
            taken.append(row)
            yield row

    lines = to_lines(counting())
    next(lines)
    assert len(taken) <= 1


def test_each_format_has_its_media_type() -> None:
    assert set(MEDIA_TYPES) == {"jsonl", "csv", "parquet"}
