"""Values as they travel: the Hugging Face inference protocol, both ways.

Owns the JSON of each answer and the reading of a request's body. The shapes are those of the Hub's
task specifications.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import BadInput, BadParameters, UnsupportedMedia
from core.reading import JSON_TYPE, to_wire
from core.tasks.spec import Task
from core.values import (
    Answers,
    Audio,
    Boxes,
    Caption,
    Chat,
    Decisions,
    Embeddings,
    Entities,
    Fillings,
    FilmLabels,
    Image,
    Labels,
    Masks,
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
    Video,
    Words,
    fields_of,
)


@dataclass(frozen=True)
class Payload:
    """Hold a request's body, read: the inputs as `core.reading.read_value` takes them, and the parameters.

    Args:
        inputs: one input, or the inputs of a batch.
        batch: whether a list was sent.
        stream: whether the answer is wanted as it grows.
        details: whether a generated text's end and length are wanted with it.
        stop: what ends a generated text before it comes.
    """

    inputs: tuple[Any, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    batch: bool = False
    stream: bool = False
    details: bool = False
    stop: tuple[str, ...] = ()


_FORM: Final = 'Send {"inputs": ..., "parameters": {...}}.'


def read_payload(task: Task, body: bytes, media_type: str) -> Payload:
    """Read a request's body: JSON with `inputs` and `parameters`, or the raw bytes of a picture, a sound or a film.

    Raises: BadInput, BadParameters or UnsupportedMedia saying what is wrong with it.
    """
    if not body:
        raise BadInput("The body is empty.", hint='Send {"inputs": ...} as JSON, or the bytes of a file.')
    if media_type != JSON_TYPE:
        if task.input not in (Image, Audio, Video):
            raise UnsupportedMedia(
                f"{task.title} takes JSON, not {media_type or 'a body without a type'}.",
                hint=f'Send {{"inputs": ...}} with Content-Type: {JSON_TYPE}.',
            )
        return Payload((body,))
    document = read_json(body, hint=_FORM)
    parameters = document.pop("parameters", None)
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise BadParameters('"parameters" has to be an object.', hint='For example {"parameters": {"top_k": 3}}.')
    document.pop("options", None)  # what older clients tell the Hub's own servers
    stream = document.pop("stream", None) or False
    if not isinstance(stream, bool):
        raise BadParameters('"stream" has to be true or false.', hint="Leave it out for one answer at the end.")
    if stream and task.stream is None:
        raise BadParameters(f"{task.title} does not stream.", hint='Leave "stream" out.')
    inputs = document.pop("inputs", None)
    # Some clients send an input's fields, or the parameters, beside "inputs" instead of in it.
    names = {item.name for item in fields_of(task.input)} - {""}
    beside = {name: document.pop(name) for name in names & set(document)}
    if beside and not isinstance(inputs, Mapping):
        inputs = beside
    parameters = {name: document.pop(name) for name in set(document) & set(task.parameters.model_fields)} | parameters
    if inputs is None:
        raise BadInput('The body has no "inputs".', hint=_FORM)
    if document:
        raise BadInput(f'The body has a "{min(document)}", which has no meaning here.', hint=_FORM)
    details, stop = _generation(parameters) if task.stream is not None and task.output is Text else (False, ())
    if not _is_batch(task, inputs):
        return Payload((inputs,), parameters, stream=stream, details=details, stop=stop)
    if stream or stop:
        raise BadParameters("A batch can neither be streamed nor stopped.", hint="Send one input at a time.")
    if not inputs:
        raise BadInput("The list of inputs is empty.", hint="Send one input at least.")
    return Payload(tuple(inputs), parameters, batch=True)


def read_json(body: bytes, *, hint: str) -> dict[str, Any]:
    """Read a body that has to be a JSON object.

    Raises: BadInput if it is anything else.
    """
    try:
        document = json.loads(body)
    except ValueError as err:  # JSON that is not, or bytes that are not UTF-8
        raise BadInput(f"The body is not JSON: {err}.", hint=hint) from err
    except RecursionError as err:
        raise BadInput("The body is nested too deep.", hint=hint) from err
    if not isinstance(document, dict):
        raise BadInput("The body has to be a JSON object.", hint=hint)
    return document


def _generation(parameters: dict[str, Any]) -> tuple[bool, tuple[str, ...]]:
    """Take out what the protocol says of a generated text and no model has to know: (details, stop)."""
    if parameters.pop("return_full_text", None):
        raise BadParameters("The text that was sent is not sent back.", hint='Leave "return_full_text" out.')
    details = parameters.pop("details", None) or False
    stop = parameters.pop("stop", None) or []
    return bool(details), read_stop(stop)


def read_stop(stop: Any) -> tuple[str, ...]:
    """Read what ends a generated text: a text, or up to 16 of them.

    Raises: BadParameters.
    """
    texts = [stop] if isinstance(stop, str) else stop
    if not isinstance(texts, list) or len(texts) > 16 or not all(isinstance(one, str) and one for one in texts):
        raise BadParameters('"stop" has to be a list of up to 16 texts.', hint='For example {"stop": ["\\n"]}.')
    return tuple(texts)


def _is_batch(task: Task, inputs: Any) -> bool:
    """Return whether a list of inputs was sent, and not one input that is a list itself."""
    if not isinstance(inputs, list):
        return False
    fields = fields_of(task.input)
    if len(fields) == 1 and fields[0].many:  # a list of texts is one input of such a task
        return all(isinstance(one, list | dict) for one in inputs)
    if Chat in task.takes:  # and a list of messages is one conversation
        return not all(isinstance(one, dict) for one in inputs)
    return True


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
"""The JSON of each output type."""


def written(answer: Value) -> object:
    """Return an answer as JSON data."""
    return ANSWERS[type(answer)](answer)
