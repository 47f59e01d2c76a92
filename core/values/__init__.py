"""What goes into a task and what comes out of it: plain, frozen, comparable values.

    base             what all values share
    inputs           the atoms that visitors give: text, picture, sound, video, table, conversation
    fields           what a task's input is made of: one atom, or several by name
    text_answers     answers about texts and sounds
    picture_answers  answers about pictures
    joined_answers   answers of functions: words by themselves, several answers at once
    size             how much memory a value takes

Owns the shape of every input and answer and their JSON form. Knows nothing of files, models, pages
or storage: identity, times and clients belong to the store, decoding belongs to `core.media`.
"""

from collections.abc import Mapping

from core.values.base import Score, Value
from core.values.fields import NOUNS, OWN_NAMES, InputField, atoms_in, fields_of
from core.values.inputs import ATOMS, Atom, Audio, Chat, Image, Message, Table, Text, Video
from core.values.joined_answers import Several, Words
from core.values.picture_answers import (
    Box,
    Boxes,
    Caption,
    Depth,
    Detection,
    FilmLabels,
    Mask,
    Masks,
    Match,
    Matches,
    Mixed,
    PageAnswer,
    PageAnswers,
    Point,
    Replies,
)
from core.values.size import about_bytes, is_small
from core.values.text_answers import (
    Answer,
    Answers,
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
    TableAnswer,
    Transcript,
    Translation,
)

VALUE_TYPES: Mapping[str, type[Value]] = {
    value_type.__name__: value_type
    for value_type in (
        Text,
        Image,
        Audio,
        Video,
        Table,
        Chat,
        Labels,
        Entities,
        Boxes,
        Masks,
        Transcript,
        Answers,
        TableAnswer,
        Fillings,
        Similarities,
        Embeddings,
        Summary,
        Translation,
        Decisions,
        Depth,
        Matches,
        PageAnswers,
        Caption,
        Replies,
        FilmLabels,
        Mixed,
        Words,
        Several,
    )
}
"""Every type that an answer can have, by the name that the store and the API write."""

__all__ = [
    "ATOMS",
    "NOUNS",
    "OWN_NAMES",
    "VALUE_TYPES",
    "Answer",
    "Answers",
    "Atom",
    "Audio",
    "Box",
    "Boxes",
    "Caption",
    "Chat",
    "Chunk",
    "Decision",
    "Decisions",
    "Depth",
    "Detection",
    "Embeddings",
    "Entities",
    "Entity",
    "Filling",
    "Fillings",
    "FilmLabels",
    "Image",
    "InputField",
    "Label",
    "Labels",
    "Mask",
    "Masks",
    "Match",
    "Matches",
    "Message",
    "Mixed",
    "PageAnswer",
    "PageAnswers",
    "Point",
    "Replies",
    "Score",
    "Several",
    "Similarities",
    "Summary",
    "Table",
    "TableAnswer",
    "Text",
    "Transcript",
    "Translation",
    "Value",
    "Video",
    "Words",
    "about_bytes",
    "atoms_in",
    "fields_of",
    "is_small",
]
