"""The forms of answers about pictures and films."""

from __future__ import annotations

import base64
from typing import Any, Final

import numpy as np

from core.media import mask_array, png_of_depth, png_of_mask, read_audio, read_image
from core.protocol.form import Asked, Form, fields, only, rows
from core.protocol.texts import best_first, read_labels, write_labels
from core.reading import from_base64, to_wire
from core.values import (
    Box,
    Boxes,
    Caption,
    Depth,
    Detection,
    FilmLabels,
    Image,
    Label,
    Mask,
    Masks,
    Match,
    Matches,
    Mixed,
    PageAnswer,
    PageAnswers,
    Point,
    Replies,
    Value,
    atoms_in,
)


def _picture_of(asked: Asked) -> Image:
    """Return the picture that was asked about."""
    return next(atom for atom in atoms_in(asked.inputs) if isinstance(atom, Image))


def _write_boxes(answer: Boxes) -> object:
    return [detection.model_dump() for detection in answer.detections]


def _read_boxes(given: Any, asked: Asked) -> Boxes:
    picture = _picture_of(asked)
    found = tuple(
        Detection(**fields(row, "label", "score"), box=Box(**fields(row["box"], "xmin", "ymin", "xmax", "ymax")))
        for row in rows(given)
    )
    return Boxes(width=picture.width, height=picture.height, detections=found)


def _write_masks(answer: Masks) -> object:
    # `score` is left out where the model gives none: the specification knows no null there.
    return [
        {"label": mask.label, "mask": base64.b64encode(mask.mask).decode()}
        | ({} if mask.score is None else {"score": mask.score})
        for mask in answer.masks
    ]


def _read_masks(given: Any, asked: Asked) -> Masks:
    picture = _picture_of(asked)
    masks = []
    for row in rows(given):
        array = mask_array(from_base64(row["mask"]), max_pixels=asked.limits.max_image_pixels)
        if array.shape != (picture.height, picture.width):
            raise ValueError("a mask is not of the picture's size")
        area = float(array.mean())
        masks.append(Mask(label=row["label"], score=row.get("score"), area=area, mask=png_of_mask(array)))
    masks.sort(key=lambda mask: -mask.area)
    return Masks(width=picture.width, height=picture.height, masks=tuple(masks))


def _write_depth(answer: Depth) -> object:
    # Six digits are what float32 holds; a tensor has no form of its own in JSON, so it is a list of rows.
    table = [[float(f"{value:.6g}") for value in row] for row in answer.array().tolist()]
    return {"predicted_depth": table, "depth": base64.b64encode(png_of_depth(answer)).decode()}


def _read_depth(given: Any, asked: Asked) -> Depth:
    # The protocol does not say what larger values mean; those models that do not measure metres give nearness.
    nearness = getattr(asked.parameters, "larger_values", "auto") != "farther"
    array = np.asarray(given["predicted_depth"], np.float32)
    return Depth.from_array(array.reshape(array.shape[-2], array.shape[-1]), nearness=nearness)


def _write_matches(answer: Matches) -> object:
    return [
        {
            "keypoint_image_0": match.first.model_dump(),
            "keypoint_image_1": match.second.model_dump(),
            "score": match.score,
        }
        for match in answer.matches
    ]


def _read_matches(given: Any, _: Asked) -> Matches:
    return Matches(
        matches=tuple(
            Match(
                first=Point(**fields(row["keypoint_image_0"], "x", "y")),
                second=Point(**fields(row["keypoint_image_1"], "x", "y")),
                score=row["score"],
            )
            for row in rows(given)
        )
    )


def _write_picture(answer: Image) -> object:
    return {"image": to_wire(answer)}


def _read_picture(given: Any, asked: Asked) -> Image:
    return read_image(given if isinstance(given, bytes) else from_base64(given["image"]), asked.limits)


def _write_caption(answer: Caption) -> object:
    return [{"generated_text": answer.text}]  # a list, as the Hub answers and its client expects it


def _read_caption(given: Any, _: Asked) -> Caption:
    return Caption(text=only(given)["generated_text"])


def _write_replies(answer: Replies) -> object:
    return [{"answer": label.label, "score": label.score} for label in answer.labels]


def _read_replies(given: Any, asked: Asked) -> Replies:
    # A model that writes its reply gives no score for it in some servers.
    found = [Label(label=row["answer"], score=row.get("score", 1.0)) for row in rows(given)]
    return Replies(labels=best_first(found, asked))


def _write_page_answers(answer: PageAnswers) -> object:
    # What a model does not say is left out: Donut has neither a score nor words of the page.
    return [one.model_dump(include={"answer", "score", "start", "end"}, exclude_none=True) for one in answer.answers]


def _read_page_answers(given: Any, asked: Asked) -> PageAnswers:
    page = _picture_of(asked)
    found = tuple(
        PageAnswer(answer=row["answer"], score=row.get("score"), start=row.get("start"), end=row.get("end"))
        for row in rows(given)
    )
    return PageAnswers(width=page.width, height=page.height, answers=found)


def _write_mixed(answer: Mixed) -> object:
    parts = {"generated_image": answer.image, "generated_audio": answer.audio}
    written_out = {name: to_wire(part) for name, part in parts.items() if part is not None}
    return ({"generated_text": answer.text} if answer.text or not written_out else {}) | written_out


def _read_mixed(given: Any, asked: Asked) -> Mixed:
    row = only(given)
    picture, sound = row.get("generated_image"), row.get("generated_audio")
    return Mixed(
        text=row.get("generated_text", "") if picture or sound else row["generated_text"],
        image=read_image(from_base64(picture), asked.limits) if picture else None,
        audio=read_audio(from_base64(sound), asked.limits) if sound else None,
    )


PICTURES: Final[dict[type[Value], Form]] = {
    Boxes: Form(_write_boxes, _read_boxes),
    Masks: Form(_write_masks, _read_masks),
    Depth: Form(_write_depth, _read_depth),
    Matches: Form(_write_matches, _read_matches),
    Image: Form(_write_picture, _read_picture),
    Caption: Form(_write_caption, _read_caption),
    Replies: Form(_write_replies, _read_replies),
    PageAnswers: Form(_write_page_answers, _read_page_answers),
    FilmLabels: Form(write_labels, read_labels),
    Mixed: Form(_write_mixed, _read_mixed),
}
