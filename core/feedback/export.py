"""Judgements as files: JSON lines and Parquet for machines, CSV for spreadsheets.

Owns the columns, which are the same everywhere. Reads from a store one
judgement at a time, so that an export of any length needs the memory of a few.

Parameters, output and correction are JSON in a string in every format, since their shape differs
by task. Text that was put in stands in `input_text`, and so does the JSON of an input of several
fields; pictures and sounds as bytes in Parquet
(`input_bytes`), in base64 in JSON lines (`input_base64`), and not in CSV, whose cells end at 32 767
characters. An input is there only while it is kept, and so goes with its
visitor's leave.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Literal

from core.feedback.filters import JudgementFilter
from core.feedback.records import JudgedRun, KeptInput
from core.feedback.spreadsheet import defuse
from core.feedback.store import FeedbackStore

Format = Literal["jsonl", "csv", "parquet"]
Row = Mapping[str, Any]

MEDIA_TYPES: Mapping[Format, str] = {
    "jsonl": "application/jsonl; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

COLUMNS: Mapping[str, str] = {
    "judgement_id": "string",
    "run_id": "string",
    "task": "string",
    "model_id": "string",
    "revision": "string",
    "runtime": "string",
    "dtype": "string",
    "device": "string",
    "parameters": "string",
    "input_type": "string",
    "input_digest": "string",
    "input_media_type": "string",
    "input_text": "string",
    "input_bytes": "binary",
    "output_type": "string",
    "output": "string",
    "queue_ms": "double",
    "run_ms": "double",
    "batch_size": "int64",
    "stopped": "bool",
    "run_at": "string",
    "client": "string",
    "app_version": "string",
    "source": "string",
    "rating": "double",
    "scale": "string",
    "correction_type": "string",
    "correction": "string",
    "tags": "list",
    "comment": "string",
    "judge": "string",
    "judged_at": "string",
    "replaces": "string",
    "may_keep": "bool",
    "may_share": "bool",
}
"""Every column in order, and its type in Parquet. Times are ISO 8601, in UTC."""

_GROUP_BYTES = 32_000_000  # of a Parquet row group, at least one row
_GROUP_ROWS = 2000


def rows(store: FeedbackStore, wanted: JudgementFilter) -> Iterator[Row]:
    """Yield the judgements that a filter means as rows with the keys of `COLUMNS`.

    Raises: StoreUnavailable.
    """
    for judged in store.iterate_judgements(wanted):
        kept = store.find_input(judged.run.run_id) if judged.has_input else None
        yield _row(judged, kept)


def to_jsonl(found: Iterable[Row]) -> Iterator[bytes]:
    """Yield one line of JSON for each row."""
    for row in found:
        form = {("input_base64" if name == "input_bytes" else name): _plain(value) for name, value in row.items()}
        yield json.dumps(form, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def to_csv(found: Iterable[Row]) -> Iterator[bytes]:
    """Yield lines of CSV, the header first, every cell quoted and every text defused.

    It is UTF-8 with the mark by which Excel knows it. What is not there is an empty cell; tags are JSON.
    """
    names = [name for name in COLUMNS if name != "input_bytes"]
    yield "\ufeff".encode() + _line(names)
    for row in found:
        yield _line([_cell(row[name]) for name in names])


def write_parquet(found: Iterable[Row], sink: BinaryIO) -> None:
    """Write one Parquet file, compressed with zstd."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"list": pa.list_(pa.string()), "bool": pa.bool_(), "double": pa.float64()}
    schema = pa.schema([(name, types.get(kind) or getattr(pa, kind)()) for name, kind in COLUMNS.items()])
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(found):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def write(found: Iterable[Row], kind: Format, sink: BinaryIO) -> None:
    """Write the rows to a binary file in one of the formats."""
    if kind == "parquet":
        write_parquet(found, sink)
        return
    to_lines: Callable[[Iterable[Row]], Iterator[bytes]] = to_jsonl if kind == "jsonl" else to_csv
    sink.writelines(to_lines(found))


def _row(judged: JudgedRun, kept: KeptInput | None) -> Row:
    run, judgement = judged.run, judged.judgement
    is_text = kept is not None and kept.media_type.startswith(("text/", "application/json"))
    return {
        "judgement_id": judgement.judgement_id,
        "run_id": run.run_id,
        "task": run.task_id,
        "model_id": run.model_id,
        "revision": run.revision,
        "runtime": run.runtime,
        "dtype": run.dtype,
        "device": run.device,
        "parameters": _json(run.parameters),
        "input_type": run.input_type,
        "input_digest": run.input_digest,
        "input_media_type": kept.media_type if kept else None,
        "input_text": kept.data.decode("utf-8", "replace") if kept and is_text else None,
        "input_bytes": kept.data if kept and not is_text else None,
        "output_type": run.output_type,
        "output": _json(run.output),
        "queue_ms": run.queue_ms,
        "run_ms": run.run_ms,
        "batch_size": run.batch_size,
        "stopped": run.stopped,
        "run_at": run.created_at.isoformat(),
        "client": run.client,
        "app_version": run.app_version,
        "source": run.source,
        "rating": judgement.rating,
        "scale": judgement.scale,
        "correction_type": judgement.correction_type,
        "correction": _json(judgement.correction) if judgement.correction is not None else None,
        "tags": list(judgement.tags),
        "comment": judgement.comment,
        "judge": judgement.judge,
        "judged_at": judgement.created_at.isoformat(),
        "replaces": judgement.replaces,
        "may_keep": judged.may_keep,
        "may_share": judged.may_share,
    }


def _json(form: Mapping[str, Any]) -> str:
    return json.dumps(form)  # in ASCII: half a surrogate pair in a model's output has no UTF-8


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _cell(value: Any) -> Any:
    """Return a number as it is, everything else as a defused text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return defuse(json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value))


def _line(cells: list[Any]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def _groups(found: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    size_bytes = 0
    for row in found:
        group.append(row)
        size_bytes += len(row["input_bytes"] or b"") + len(row["output"])
        if size_bytes >= _GROUP_BYTES or len(group) >= _GROUP_ROWS:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group
