"""The forms of answers about texts and sounds."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np

from core.media import read_audio
from core.protocol.form import Asked, Form, fields, only, rows
from core.reading import from_base64, to_wire
from core.values import (
    Answer,
    Answers,
    Audio,
    Chunk,
    Decision,
    Decisions,
    Embeddings,
    Entities,
    Entity,
    Filling,
    Fillings,
    Label,
    Labels,
    Similarities,
    Summary,
    Table,
    TableAnswer,
    Text,
    Transcript,
    Translation,
    Value,
    Words,
    atoms_in,
)

Answering = TypeVar("Answering", bound=Value)


def best_first(found: list[Label], asked: Asked) -> tuple[Label, ...]:
    """Return labels as a task gives them: surest first, and no more than were asked for."""
    most = getattr(asked.parameters, "top_k", None)
    return tuple(sorted(found, key=lambda label: -label.score)[:most])


def write_labels(answer: Labels) -> object:
    """Write labels with their scores."""
    return [label.model_dump() for label in answer.labels]


def read_labels(given: Any, asked: Asked) -> Value:
    """Read labels with their scores."""
    found = [Label(**fields(row, "label", "score")) for row in rows(given)]
    return asked.task.output(labels=best_first(found, asked))  # type: ignore[call-arg]  # Labels, or a kind of it


def _write_entities(answer: Entities) -> object:
    return [entity.model_dump() for entity in answer.entities]


def _read_entities(given: Any, asked: Asked) -> Entities:
    text = next(atom.text for atom in atoms_in(asked.inputs) if isinstance(atom, Text))
    # A server that does not join the pieces of words calls the label `entity`.
    return Entities(
        text=text,
        entities=tuple(
            Entity(
                entity_group=row.get("entity_group") or row["entity"], **fields(row, "score", "word", "start", "end")
            )
            for row in rows(given)
        ),
    )


def _write_answers(answer: Answers) -> object:
    return [one.model_dump() for one in answer.answers]


def _read_answers(given: Any, _: Asked) -> Answers:
    return Answers(answers=tuple(Answer(**fields(row, "answer", "score", "start", "end")) for row in rows(given)))


def _write_fillings(answer: Fillings) -> object:
    # Of a single gap the words at once, of several a list for each: as the specification's own reference does.
    gaps = [[one.model_dump() for one in words] for words in answer.gaps]
    return gaps[0] if len(gaps) == 1 else gaps


def _read_fillings(given: Any, _: Asked) -> Fillings:
    gaps = given if isinstance(given[0], list) else [given]
    return Fillings(
        gaps=tuple(
            tuple(Filling(**fields(row, "token_str", "token", "score", "sequence")) for row in words) for words in gaps
        )
    )


def _write_table_answer(answer: TableAnswer) -> object:
    # One object, as the reference and huggingface_hub's client have it; the specification wraps it in a list.
    return answer.model_dump(mode="json", exclude=None if answer.aggregator else {"aggregator"})


def _read_table_answer(given: Any, _: Asked) -> TableAnswer:
    row = only(given)
    return TableAnswer(**fields(row, "answer", "coordinates", "cells"), aggregator=row.get("aggregator") or "")


def _write_decisions(answer: Decisions) -> object:
    return {
        one.name: {
            "answer": one.answer,
            "probabilities": {option.label: option.score for option in one.options},
        }
        for one in answer.decisions
    }


def _read_decisions(given: Any, _: Asked) -> Decisions:
    return Decisions(
        decisions=tuple(
            Decision(
                name=name,
                answer=one["answer"],
                options=tuple(Label(label=label, score=score) for label, score in one["probabilities"].items()),
            )
            for name, one in given.items()
        )
    )


def _write_transcript(answer: Transcript) -> object:
    chunks = [{"text": chunk.text, "timestamp": [chunk.start_s, chunk.end_s]} for chunk in answer.chunks]
    return {"text": answer.text} | ({"chunks": chunks} if chunks else {})


def _read_transcript(given: Any, _: Asked) -> Transcript:
    chunks = [(one["text"], one.get("timestamp") or one["timestamps"]) for one in given.get("chunks") or ()]
    return Transcript(
        text=given["text"],
        chunks=tuple(Chunk(text=text, start_s=start_s, end_s=end_s) for text, (start_s, end_s) in chunks),
    )


def write_generated(answer: Text) -> object:
    """Write a generated text."""
    return {"generated_text": answer.text}


def _read_generated(given: Any, _: Asked) -> Text:
    return Text(text=only(given)["generated_text"])


def _write_summary(answer: Summary) -> object:
    return {"summary_text": answer.text}


def _read_summary(given: Any, _: Asked) -> Summary:
    return Summary(text=only(given)["summary_text"])


def _write_translation(answer: Translation) -> object:
    return {"translation_text": answer.text}


def _read_translation(given: Any, _: Asked) -> Translation:
    return Translation(text=only(given)["translation_text"])


def _write_similarities(answer: Similarities) -> object:
    return list(answer.scores)


def _read_similarities(given: Any, _: Asked) -> Similarities:
    return Similarities(scores=tuple(given))


def _write_embeddings(answer: Embeddings) -> object:
    return answer.array().tolist()


def _read_embeddings(given: Any, _: Asked) -> Embeddings:
    array = np.asarray(given, np.float32)
    return Embeddings.from_array(array[None] if array.ndim == 1 else array.reshape(array.shape[0], array.shape[1]))


def _write_words(answer: Words) -> object:
    return {"text": answer.text}


def _write_table(answer: Table) -> object:
    return {"columns": list(answer.columns), "rows": [list(row) for row in answer.rows]}


def _write_sound(answer: Audio) -> object:
    return {"audio": to_wire(answer), "sampling_rate": answer.sampling_rate}


def _read_sound(given: Any, asked: Asked) -> Audio:
    return read_audio(given if isinstance(given, bytes) else from_base64(given["audio"]), asked.limits)


TEXTS: Final[dict[type[Value], Form]] = {
    Labels: Form(write_labels, read_labels),
    Entities: Form(_write_entities, _read_entities),
    Answers: Form(_write_answers, _read_answers),
    Fillings: Form(_write_fillings, _read_fillings),
    TableAnswer: Form(_write_table_answer, _read_table_answer),
    Decisions: Form(_write_decisions, _read_decisions),
    Transcript: Form(_write_transcript, _read_transcript),
    Text: Form(write_generated, _read_generated),
    Summary: Form(_write_summary, _read_summary),
    Translation: Form(_write_translation, _read_translation),
    Similarities: Form(_write_similarities, _read_similarities),
    Embeddings: Form(_write_embeddings, _read_embeddings),
    Words: Form(_write_words),
    Table: Form(_write_table),
    Audio: Form(_write_sound, _read_sound),
}
