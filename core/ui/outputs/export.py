"""An answer to take along: as text for the clipboard, as files for the disk."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from core.feedback.spreadsheet import defuse
from core.media import encode_png, encode_wav
from core.reading import to_wire
from core.ui.outputs.answers import NOWHERE
from core.ui.outputs.depth import colours_of_depth, depth_lines, glb_of
from core.ui.outputs.image import size_words
from core.ui.outputs.markup import percent
from core.ui.outputs.sound import sound_words
from core.ui.outputs.subtitles import cues_of, srt, vtt
from core.ui.outputs.transcript import clock
from core.values import (
    Answers,
    Audio,
    Boxes,
    Caption,
    Chat,
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
    atoms_in,
)


class Download(NamedTuple):
    """Be a file: its bytes, or what makes them once somebody asks; its name, its media type, its button's word."""

    data: bytes | Callable[[], bytes]
    name: str
    media_type: str
    title: str = ""

    @property
    def word(self) -> str:
        """Return what its button says: its title, else its kind, as in "JSON"."""
        return self.title or self.name.rpartition(".")[2].upper()


def downloads_of(output: Value, inputs: Value | None = None) -> list[Download]:
    """Return an answer's files: those of its type, then the JSON that every answer has."""
    files: list[Download] = []
    for number, part in enumerate(output.parts if isinstance(output, Several) else (output,), 1):
        possible = (make(part, inputs) for make in DOWNLOADS.get(type(part), ()))
        made = [file for file in possible if file is not None]
        files += [file._replace(name=f"{number}-{file.name}") for file in made] if isinstance(output, Several) else made
    return [*files, json_download_of(output, inputs)]


def json_download_of(output: Value, inputs: Value | None = None) -> Download:
    """Return an answer as JSON in the form the API gives it, beside the text that it answers.

    A picture or a sound is not put in: it is the visitor's own file, and far larger than the answer.
    """
    form = {"inputs": to_wire(inputs)} if inputs is not None and _is_words(inputs) else {}

    def make() -> bytes:
        whole = {**form, "output": output.to_json()}
        return json.dumps(whole, ensure_ascii=False, indent=2).encode("utf-8", "replace")

    # Pictures and depths are megabytes of JSON, and the page is drawn again at every click.
    large = isinstance(output, Depth | Image)
    return Download(make if large else make(), file_name(output, "json"), "application/json")


def file_name(output: Value, extension: str) -> str:
    """Return what a file of an answer is called."""
    return f"podium-{type(output).__name__.lower()}.{extension}"


def clipboard_text(output: Value) -> str:
    """Return what Copy copies: the text itself, or a table with tabs, which a sheet takes as one."""
    return COPIED[type(output)](output)


def _is_words(inputs: Value) -> bool:
    return all(isinstance(atom, Text | Table | Chat) for atom in atoms_in(inputs))


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    return "\n".join("\t".join(" ".join(str(cell).split()) for cell in row) for row in rows)


def _labels(labels: Labels) -> str:
    return _lines((one.label, percent(one.score)) for one in labels.labels)


def _entities(entities: Entities) -> str:
    return _lines((one.word, one.entity_group, percent(one.score), one.start, one.end) for one in entities.entities)


def _boxes(boxes: Boxes) -> str:
    return _lines((one.label, percent(one.score), *one.box.model_dump().values()) for one in boxes.detections)


def _masks(masks: Masks) -> str:
    return _lines((one.label, percent(one.area)) for one in masks.masks)


def _transcript(transcript: Transcript) -> str:
    return transcript.text or _lines((clock(one.start_s), one.text) for one in transcript.chunks)


def _answers(answers: Answers) -> str:
    return _lines((one.answer or NOWHERE, percent(one.score), one.start, one.end) for one in answers.answers)


def _fillings(fillings: Fillings) -> str:
    return _lines(
        (number, one.token_str, percent(one.score), one.sequence)
        for number, words in enumerate(fillings.gaps, 1)
        for one in words
    )


def _table_answer(answer: TableAnswer) -> str:
    return answer.answer


def _decisions(decisions: Decisions) -> str:
    return _lines(
        (one.name, option.label, percent(option.score)) for one in decisions.decisions for option in one.options
    )


def _matches(matches: Matches) -> str:
    return _lines((one.first.x, one.first.y, one.second.x, one.second.y, percent(one.score)) for one in matches.matches)


def _depth(depth: Depth) -> str:
    return _lines(depth_lines(depth))


def _table(sheet: Table) -> str:
    return _lines((sheet.columns, *sheet.rows))


def _several(several: Several) -> str:
    return "\n\n".join(f"{title}\n{clipboard_text(part)}".strip() for title, part in several.titled())


def _text(text: Text | Mixed) -> str:
    return text.text


def _page_answers(answers: PageAnswers) -> str:
    return _lines((one.answer, "" if one.score is None else percent(one.score)) for one in answers.answers)


def _similarities(similarities: Similarities) -> str:
    return _lines((f"{score:.4f}",) for score in similarities.scores)


def _embeddings(embeddings: Embeddings) -> str:
    return _lines(tuple(f"{value:.6g}" for value in vector) for vector in embeddings.array())


COPIED: Final[dict[type[Value], Callable[[Any], str]]] = {
    Labels: _labels,
    Entities: _entities,
    Text: _text,
    Boxes: _boxes,
    Masks: _masks,
    Depth: _depth,
    Image: lambda image: f"A picture of {size_words(image)}",
    Matches: _matches,
    Transcript: _transcript,
    Answers: _answers,
    Fillings: _fillings,
    Words: _text,
    Audio: sound_words,
    Table: _table,
    Several: _several,
    Decisions: _decisions,
    TableAnswer: _table_answer,
    Caption: _text,
    Replies: _labels,
    PageAnswers: _page_answers,
    FilmLabels: _labels,
    Mixed: _text,
    Summary: _text,
    Translation: _text,
    Similarities: _similarities,
    Embeddings: _embeddings,
}
"""What Copy makes of each type of answer."""


def _sheet_download(sheet: Table, _inputs: Value | None) -> Download:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([defuse(cell) for cell in row] for row in (sheet.columns, *sheet.rows))
    # With its mark, so that a spreadsheet reads it as UTF-8.
    return Download(file.getvalue().encode("utf-8-sig", "replace"), file_name(sheet, "csv"), "text/csv", "CSV")


def _text_download(output: Text | Transcript, _inputs: Value | None) -> Download:
    return Download(output.text.encode("utf-8", "replace"), file_name(output, "txt"), "text/plain", "Text")


def _depth_glb(depth: Depth, inputs: Value | None) -> Download:
    return Download(lambda: glb_of(depth, inputs), file_name(depth, "glb"), "model/gltf-binary", "3D (GLB)")


def _depth_png(depth: Depth, _inputs: Value | None) -> Download:
    return Download(lambda: encode_png(colours_of_depth(depth)), file_name(depth, "png"), "image/png")


def _image_png(image: Image, _inputs: Value | None) -> Download:
    return Download(lambda: encode_png(image), file_name(image, "png"), "image/png")


def _srt_download(output: Transcript, inputs: Value | None) -> Download | None:
    cues = cues_of(output, inputs)
    written = srt(cues).encode("utf-8", "replace")
    return Download(written, file_name(output, "srt"), "application/x-subrip") if cues else None


def _vtt_download(output: Transcript, inputs: Value | None) -> Download | None:
    cues = cues_of(output, inputs)
    return Download(vtt(cues).encode("utf-8", "replace"), file_name(output, "vtt"), "text/vtt") if cues else None


def _wav_download(output: Audio, _inputs: Value | None) -> Download:
    return Download(lambda: encode_wav(output), file_name(output, "wav"), "audio/wav")


DOWNLOADS: Final[dict[type[Value], tuple[Callable[[Any, Value | None], Download | None], ...]]] = {
    Text: (_text_download,),
    Caption: (_text_download,),
    Summary: (_text_download,),
    Translation: (_text_download,),
    Depth: (_depth_glb, _depth_png),
    Image: (_image_png,),
    Transcript: (_text_download, _srt_download, _vtt_download),
    Words: (_text_download,),
    Table: (_sheet_download,),
    Audio: (_wav_download,),
}
"""The files of each type of answer besides its JSON; None where one answer has none of a kind.

What takes long to make is made in `Download.data`.
"""
