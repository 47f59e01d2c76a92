"""Values as they travel: the Hugging Face inference protocol.

Owns the JSON of each answer; what a request asks is read by `core.api.payload`. The shapes are those of the
Hub's task specifications.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from core.media import png_of_depth
from core.reading import to_wire
from core.values import (
    Answers,
    Audio,
    Boxes,
    Caption,
    Decisions,
    Depth,
    Embeddings,
    Entities,
    Fillings,
    FilmLabels,
    Image,
    Labels,
    Masks,
    Matches,
    Mixed,
    PageAnswers,
    Replies,
    Several,
    Similarities,
    Summary,
    Table,
    TableAnswer,
    Text,
    Transcript,
    Translation,
    Value,
    Words,
)


def _labels(answer: Labels) -> object:
    return [label.model_dump() for label in answer.labels]


def _entities(answer: Entities) -> object:
    return [entity.model_dump() for entity in answer.entities]


def _boxes(answer: Boxes) -> object:
    return [detection.model_dump() for detection in answer.detections]


def _masks(answer: Masks) -> object:
    # `score` is left out where the model gives none: the specification knows no null there.
    return [
        {"label": mask.label, "mask": base64.b64encode(mask.mask).decode()}
        | ({} if mask.score is None else {"score": mask.score})
        for mask in answer.masks
    ]


def _answers(answer: Answers) -> object:
    return [one.model_dump() for one in answer.answers]


def _fillings(answer: Fillings) -> object:
    # Of a single gap the words at once, of several a list for each: as the specification's own reference does.
    gaps = [[one.model_dump() for one in words] for words in answer.gaps]
    return gaps[0] if len(gaps) == 1 else gaps


def _depth(answer: Depth) -> object:
    # Six digits are what float32 holds; a tensor has no form of its own in JSON, so it is a list of rows.
    rows = [[float(f"{value:.6g}") for value in row] for row in answer.array().tolist()]
    return {"predicted_depth": rows, "depth": base64.b64encode(png_of_depth(answer)).decode()}


def _matches(answer: Matches) -> object:
    return [
        {
            "keypoint_image_0": match.first.model_dump(),
            "keypoint_image_1": match.second.model_dump(),
            "score": match.score,
        }
        for match in answer.matches
    ]


def _table_answer(answer: TableAnswer) -> object:
    # One object, as the reference and huggingface_hub's client have it; the specification wraps it in a list.
    return answer.model_dump(mode="json", exclude=None if answer.aggregator else {"aggregator"})


def _decisions(answer: Decisions) -> object:
    return {
        one.name: {
            "answer": one.answer,
            "probabilities": {option.label: option.score for option in one.options},
        }
        for one in answer.decisions
    }


def _transcript(answer: Transcript) -> object:
    chunks = [{"text": chunk.text, "timestamp": [chunk.start_s, chunk.end_s]} for chunk in answer.chunks]
    return {"text": answer.text} | ({"chunks": chunks} if chunks else {})


def _text(answer: Text) -> object:
    return {"generated_text": answer.text}


def _words(answer: Words) -> object:
    return {"text": answer.text}


def _table(answer: Table) -> object:
    return {"columns": list(answer.columns), "rows": [list(row) for row in answer.rows]}


def _picture(answer: Image) -> object:
    return {"image": to_wire(answer)}


def _sound(answer: Audio) -> object:
    return {"audio": to_wire(answer), "sampling_rate": answer.sampling_rate}


def _several(answer: Several) -> object:
    # Pictures and sounds are base64 here, as they are among several inputs.
    return [
        ({"title": title} if title else {})
        | {"type": type(part).__name__, "answer": to_wire(part) if isinstance(part, Image | Audio) else written(part)}
        for title, part in answer.titled()
    ]


def _caption(answer: Caption) -> object:
    return [{"generated_text": answer.text}]  # a list, as the Hub answers and its client expects it


def _replies(answer: Replies) -> object:
    return [{"answer": label.label, "score": label.score} for label in answer.labels]


def _page_answers(answer: PageAnswers) -> object:
    # What a model does not say is left out: Donut has neither a score nor words of the page.
    return [one.model_dump(include={"answer", "score", "start", "end"}, exclude_none=True) for one in answer.answers]


def _mixed(answer: Mixed) -> object:
    parts = {"generated_image": answer.image, "generated_audio": answer.audio}
    written_out = {name: to_wire(part) for name, part in parts.items() if part is not None}
    return ({"generated_text": answer.text} if answer.text or not written_out else {}) | written_out


def _summary(answer: Summary) -> object:
    return {"summary_text": answer.text}


def _translation(answer: Translation) -> object:
    return {"translation_text": answer.text}


def _similarities(answer: Similarities) -> object:
    return list(answer.scores)


def _embeddings(answer: Embeddings) -> object:
    return answer.array().tolist()


ANSWERS: Final[dict[type[Value], Callable[[Any], object]]] = {
    Labels: _labels,
    Entities: _entities,
    Boxes: _boxes,
    Masks: _masks,
    Depth: _depth,
    Matches: _matches,
    Transcript: _transcript,
    Answers: _answers,
    Fillings: _fillings,
    Decisions: _decisions,
    TableAnswer: _table_answer,
    Text: _text,
    Words: _words,
    Table: _table,
    Image: _picture,
    Audio: _sound,
    Several: _several,
    Caption: _caption,
    Replies: _replies,
    PageAnswers: _page_answers,
    FilmLabels: _labels,
    Mixed: _mixed,
    Summary: _summary,
    Translation: _translation,
    Similarities: _similarities,
    Embeddings: _embeddings,
}
"""The JSON of each output type; what may be sent as a file instead is `core.api.delivery`'s."""


def written(answer: Value) -> object:
    """Return an answer as JSON data."""
    return ANSWERS[type(answer)](answer)
