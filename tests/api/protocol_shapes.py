"""JSON schemas of the answers, written from the Hugging Face inference protocol's description of each task."""

from __future__ import annotations

from typing import Any, Final

NUMBER: Final = {"type": "number"}
STRING: Final = {"type": "string"}
INTEGER: Final = {"type": "integer", "minimum": 0}


def rows_of(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe a list of objects with these properties and no others."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": required | (optional or {}),
            "required": list(required),
            "additionalProperties": False,
        },
    }


CLASSIFICATION: Final = rows_of({"label": STRING, "score": NUMBER})
BOX: Final = {
    "type": "object",
    "properties": {"xmin": INTEGER, "ymin": INTEGER, "xmax": INTEGER, "ymax": INTEGER},
    "required": ["xmin", "ymin", "xmax", "ymax"],
}
CHUNK: Final = {
    "type": "object",
    "properties": {"text": STRING, "timestamp": {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}},
    "required": ["text", "timestamp"],
}

POINT: Final = {"type": "object", "properties": {"x": NUMBER, "y": NUMBER}, "required": ["x", "y"]}
PNG: Final = {"contentMediaType": "image/png"}

OUTPUTS: Final[dict[str, dict[str, Any]]] = {
    "text-classification": CLASSIFICATION,
    "image-classification": CLASSIFICATION,
    "audio-classification": CLASSIFICATION,
    "zero-shot-classification": CLASSIFICATION,
    "zero-shot-audio-classification": CLASSIFICATION,
    "question-answering": rows_of({"answer": STRING, "score": NUMBER, "start": INTEGER, "end": INTEGER}),
    "fill-mask": rows_of({"sequence": STRING, "score": NUMBER, "token": INTEGER, "token_str": STRING}),
    "table-question-answering": {
        "type": "object",
        "properties": {
            "answer": STRING,
            "coordinates": {"type": "array", "items": {"type": "array", "items": INTEGER}},
            "cells": {"type": "array", "items": STRING},
            "aggregator": STRING,
        },
        "required": ["answer", "coordinates", "cells"],
        "additionalProperties": False,
    },
    "decision": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "answer": STRING,
                "probabilities": {"type": "object", "additionalProperties": NUMBER, "minProperties": 2},
            },
            "required": ["answer", "probabilities"],
            "additionalProperties": False,
        },
        "minProperties": 1,
    },
    "token-classification": rows_of(
        {"entity_group": STRING, "score": NUMBER, "word": STRING, "start": INTEGER, "end": INTEGER}
    ),
    "text-generation": {"type": "object", "properties": {"generated_text": STRING}, "required": ["generated_text"]},
    "summarization": {"type": "object", "properties": {"summary_text": STRING}, "required": ["summary_text"]},
    "translation": {"type": "object", "properties": {"translation_text": STRING}, "required": ["translation_text"]},
    "sentence-similarity": {"type": "array", "items": NUMBER},
    "feature-extraction": {"type": "array", "items": {"type": "array", "items": NUMBER}},
    "object-detection": rows_of({"label": STRING, "score": NUMBER, "box": BOX}),
    "zero-shot-image-classification": CLASSIFICATION,
    "zero-shot-object-detection": rows_of({"label": STRING, "score": NUMBER, "box": BOX}),
    "depth-estimation": {
        "type": "object",
        "properties": {
            "predicted_depth": {"type": "array", "items": {"type": "array", "items": NUMBER}},
            "depth": STRING,
        },
        "required": ["predicted_depth", "depth"],
        "additionalProperties": False,
    },
    "image-to-image": PNG,
    "mask-generation": rows_of({"label": STRING, "mask": STRING}, {"score": NUMBER}),
    "keypoint-matching": rows_of({"keypoint_image_0": POINT, "keypoint_image_1": POINT, "score": NUMBER}),
    "image-feature-extraction": {"type": "array", "items": {"type": "array", "items": NUMBER}},
    "image-segmentation": rows_of({"label": STRING, "mask": STRING}, {"score": NUMBER}),
    "image-to-text": rows_of({"generated_text": STRING}),
    "visual-question-answering": rows_of({"answer": STRING, "score": NUMBER}),
    "document-question-answering": rows_of({"answer": STRING}, {"score": NUMBER, "start": INTEGER, "end": INTEGER}),
    "image-text-to-text": {"type": "object", "properties": {"generated_text": STRING}, "required": ["generated_text"]},
    "any-to-any": {
        "type": "object",
        "properties": {"generated_text": STRING, "generated_image": STRING, "generated_audio": STRING},
        "minProperties": 1,
        "additionalProperties": False,
    },
    "video-classification": CLASSIFICATION,
    "text-to-speech": {
        "type": "object",
        "properties": {"audio": STRING, "sampling_rate": NUMBER},
        "required": ["audio"],
        "additionalProperties": False,
    },
    "automatic-speech-recognition": {
        "type": "object",
        "properties": {"text": STRING, "chunks": {"type": "array", "items": CHUNK}},
        "required": ["text"],
    },
}

STREAM_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "index": INTEGER,
        "token": {
            "type": "object",
            "properties": {
                "id": INTEGER,
                "text": STRING,
                "logprob": {"type": ["number", "null"]},
                "special": {"type": "boolean"},
            },
            "required": ["id", "text", "logprob", "special"],
        },
        "generated_text": {"type": ["string", "null"]},
        "details": {
            "type": ["object", "null"],
            "properties": {
                "finish_reason": {"enum": ["length", "eos_token", "stop_sequence"]},
                "generated_tokens": INTEGER,
                "input_length": INTEGER,
            },
            "required": ["finish_reason", "generated_tokens", "input_length"],
        },
    },
    "required": ["index", "token"],
}
"""One event of a stream of generated text."""
