"""The views: one for each type of answer, every text shown as text, nothing said by colour alone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.media import png_of_mask
from core.reading import to_wire
from core.tasks import TASKS
from core.tasks.any_to_any import AnyInput
from core.tasks.document_question_answering import AskedPage
from core.tasks.feature_extraction import Texts
from core.tasks.image_text_to_text import PictureAndText
from core.tasks.question_answering import QuestionAnsweringInput
from core.tasks.sentence_similarity import SourceAndSentences
from core.tasks.table_question_answering import TableQuestionAnsweringInput
from core.tasks.visual_question_answering import AskedPicture
from core.ui.outputs import VIEWS, clipboard_text, downloads_of
from core.ui.outputs.asked import asked_view, strip_view
from core.ui.outputs.markup import Markup
from core.values import (
    Answer,
    Answers,
    Audio,
    Box,
    Boxes,
    Caption,
    Chunk,
    Decision,
    Decisions,
    Detection,
    Embeddings,
    Entities,
    Entity,
    Filling,
    Fillings,
    FilmLabels,
    Image,
    Label,
    Labels,
    Mask,
    Masks,
    Mixed,
    PageAnswer,
    PageAnswers,
    Replies,
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
    atoms_in,
)

HOSTILE = (
    "</span></style><img src=x onerror=alert(1)><script>alert(2)</script>\"'><svg onload=alert(3)> &lt;b&gt; \ud800"
)
SHOWN = HOSTILE.replace("\ud800", "?")

PICTURE = Image.from_array(np.full((30, 40, 3), 200, np.uint8))
SOUND = Audio.from_array(np.zeros(1600, np.float32), 16_000)
FILM = Video.from_array(np.full((3, 30, 40, 3), 90, np.uint8), 1.5)
VECTORS = np.array([[1, 0], [0.6, 0.8], [-1, 0]], np.float32)
HALF = np.zeros((30, 40), np.bool_)
HALF[:15] = True


def answers(word: str) -> list[tuple[Value, Value | None]]:
    """Return an answer of every type that says `word`, each with the input it answers."""
    entity = Entity(entity_group=word, score=0.9, word=word, start=0, end=len(word))
    label = Label(label=word, score=0.9)
    found = Detection(label=word, score=0.5, box=Box(xmin=1, ymin=2, xmax=20, ymax=25))
    filling = Filling(token_str=word, token=1, score=0.5, sequence=f"{word} stands here")
    on_page = PageAnswer(answer=word, score=0.5, boxes=(found.box, found.box))
    compared = SourceAndSentences(source_sentence=Text(text=word), sentences=(Text(text=word), Text(text="b")))
    mask = Mask(label=word, score=0.7, area=0.5, mask=png_of_mask(HALF))
    return [
        (Labels(labels=(label,) * 12), PICTURE),
        (Entities(text=f"{word} and more", entities=(entity,)), Text(text=word)),
        (Text(text=word), Text(text=word)),
        (Boxes(width=40, height=30, detections=(found,) * 9), PICTURE),
        (Masks(width=40, height=30, masks=(mask, mask)), PICTURE),
        (
            Answers(answers=(Answer(answer=word, score=0.9, start=4, end=4 + len(word)),) * 2),
            QuestionAnsweringInput(question=Text(text=word), context=Text(text=f"the {word} stands")),
        ),
        (Fillings(gaps=((filling,) * 3, (filling,))), Text(text=f"{word} ___ and [MASK]")),
        (
            TableAnswer(answer=word, coordinates=((0, 1),), cells=(word,)),
            TableQuestionAnsweringInput(
                query=Text(text=word), table=Table(columns=(word, "b"), rows=((word, word), ("1", "2")))
            ),
        ),
        (Decisions(decisions=(Decision(name=word, answer=word, options=(label, label)),) * 2), None),
        (Transcript(text=word, chunks=(Chunk(text=word, start_s=0.0, end_s=1.0),)), SOUND),
        (Transcript(text=word, chunks=(Chunk(text=word, start_s=0.0),) * 100), SOUND),
        (Words(text=word), PICTURE),
        (Words(text=word * 30), None),
        (Table(columns=(word, "n"), rows=((word, "1"), (word, "2.5"))), None),
        (Caption(text=word), PICTURE),
        (Text(text=word), PictureAndText(image=PICTURE, text=Text(text=word))),
        (Replies(labels=(label,) * 12), AskedPicture(image=PICTURE, question=Text(text=word))),
        (PageAnswers(width=40, height=30, answers=(on_page,) * 3), AskedPage(image=PICTURE, question=Text(text=word))),
        (FilmLabels(labels=(label,), frames=(0, 2)), FILM),
        (Mixed(text=word, image=PICTURE), AnyInput(text=Text(text=word), audio=SOUND)),
        (Mixed(text=word, audio=SOUND), AnyInput(text=Text(text=word), image=PICTURE)),
        (Summary(text=word, note=word), Text(text=word)),
        (Translation(text=word, note=word), Text(text=word)),
        (Similarities(scores=(0.2, -0.1), note=word), compared),
        (Embeddings.from_array(VECTORS, note=word), Texts(texts=(Text(text=word), Text(text="b"), Text(text="c")))),
    ]


def words_only(inputs: Value) -> bool:
    """Say whether an input is neither picture nor sound, so that it goes along with its answer."""
    return not any(isinstance(atom, Image | Audio | Video) for atom in atoms_in(inputs))


class Reader(HTMLParser):
    """Read markup as a browser does: its elements, their attributes and the text between them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.alts: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.alts += [value or "" for name, value in attrs if name == "alt"]

    def handle_data(self, data: str) -> None:
        self.text += data


def view(output: Value, inputs: Value | None) -> Markup:
    """Return the view of an answer."""
    return VIEWS[type(output)](output, inputs)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_tasks_answer_has_a_view(task: object) -> None:
    assert task.output in VIEWS


@pytest.mark.parametrize(("output", "inputs"), answers(HOSTILE), ids=lambda value: type(value).__name__)
def test_a_hostile_text_is_shown_as_text(output: Value, inputs: Value | None) -> None:
    calm = Reader(view(*next(pair for pair in answers("calm") if type(pair[0]) is type(output))))
    read = Reader(view(output, inputs))
    assert not {"script", "svg", "onerror", "onload"} & (read.elements | read.attributes)
    assert read.elements <= calm.elements | {
        "p",
        "details",
        "summary",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert SHOWN in read.text


@pytest.mark.parametrize(("output", "inputs"), answers("a word"), ids=lambda value: type(value).__name__)
def test_every_view_is_drawn_and_says_its_words(output: Value, inputs: Value | None) -> None:
    def page(output: object, inputs: object) -> None:
        from core.ui.outputs import show_output

        show_output(output, inputs=inputs, key="answer")

    at = AppTest.from_function(page, args=(output, inputs)).run()
    assert not at.exception
    *_, shown = at.get("html")  # before it may stand what was asked
    played = isinstance(inputs, Audio) or getattr(output, "audio", None) is not None
    assert "a word" in Reader(shown.proto.body).text or played
    assert len(at.get("audio")) == played
    (shown,) = at.get("html")
    assert "a word" in Reader(shown.proto.body).text
    assert len(at.get("bidi_component")) == isinstance(inputs, Audio)  # the player that the words follow


@pytest.mark.parametrize(
    "output",
    [
        Labels(labels=()),
        Entities(text="nothing", entities=()),
        Text(text=""),
        Boxes(width=4, height=3, detections=()),
        Masks(width=4, height=3, masks=()),
        Transcript(text=" "),
        Answers(answers=()),
        Fillings(gaps=()),
        Decisions(decisions=()),
        TableAnswer(answer="", coordinates=(), cells=()),
        TableAnswer(answer="7", coordinates=((3, 9),), cells=("7",), aggregator="SUM"),
        Fillings(gaps=((), ())),
        Answers(answers=(Answer(answer="", score=0.5, start=0, end=0),)),
        Caption(text=""),
        Replies(labels=()),
        PageAnswers(width=4, height=3, answers=()),
        FilmLabels(labels=(), frames=(0, 1)),
        Mixed(),
        Mixed(audio=SOUND),
        Summary(text=""),
        Translation(text=""),
        Similarities(scores=()),
        Embeddings.from_array(VECTORS[:1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_empty_answer_and_a_lost_input_are_shown_too(output: Value) -> None:
    assert view(output, None)


def test_a_view_without_its_picture_still_says_what_was_found() -> None:
    output = next(output for output, _ in answers("dog") if isinstance(output, Boxes))
    assert "was not kept" in view(output, None)
    assert "dog" in Reader(view(output, None)).text


@pytest.mark.parametrize("kind", [Boxes, Masks])
def test_a_picture_is_described_in_words(kind: type[Value]) -> None:
    output = next(output for output, _ in answers("dog") if isinstance(output, kind))
    alts = Reader(view(output, PICTURE)).alts
    assert sum("dog" in alt for alt in alts) == 1
    assert all(alt == "" or "dog" in alt for alt in alts)  # layers are decoration


def test_labels_stand_best_first_and_the_rest_are_folded() -> None:
    labels = Labels(labels=tuple(Label(label=f"label {at}", score=0.5 / (at + 1)) for at in range(20)))
    read = Reader(view(labels, None))
    assert [int(at) for at in re.findall(r"label (\d+)", read.text)] == [0, *range(20)]
    assert "12 more labels" in read.text
    assert "width:50.00%" in view(labels, None)


@pytest.mark.parametrize(("output", "inputs"), answers("a word"), ids=lambda value: type(value).__name__)
def test_an_answer_can_be_taken_along(output: Value, inputs: Value | None) -> None:
    assert ("a word" in clipboard_text(output)) != isinstance(output, Similarities | Embeddings)
    *others, download = downloads_of(output, inputs)
    form = json.loads(download.data)
    assert type(output).from_json(form["output"]) == output
    assert form.get("inputs") == (to_wire(inputs) if inputs is not None and words_only(inputs) else None)
    assert download.name.endswith(".json")
    assert download.media_type == "application/json"
    files = [other.data() if callable(other.data) else other.data for other in others]
    assert all(files)
    assert len({one.name for one in [*others, download]}) == len(others) + 1


@pytest.mark.parametrize(
    "inputs",
    [
        PictureAndText(image=PICTURE, text=Text(text=HOSTILE)),
        AskedPicture(image=PICTURE, question=Text(text=HOSTILE)),
        AnyInput(text=Text(text=HOSTILE), audio=SOUND),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_asked_is_shown_as_text(inputs: Value) -> None:
    read = Reader(asked_view(inputs))
    assert read.elements <= {"figure", "figcaption", "img"}
    assert SHOWN in read.text


def test_the_frames_that_a_model_saw_are_shown_with_their_times() -> None:
    labels = FilmLabels(labels=(), frames=(0, 2))
    assert Reader(strip_view(labels, FILM)).alts == ["The film at 00:00.2", "The film at 00:01.2"]
    assert "2 frames" in strip_view(labels, None)


def test_an_answer_is_marked_where_it_stands_on_the_page() -> None:
    box = Box(xmin=10, ymin=3, xmax=30, ymax=6)
    answers = PageAnswers(width=40, height=30, answers=(PageAnswer(answer="20.90", score=0.5, boxes=(box,)),))
    shown = view(answers, AskedPage(image=PICTURE, question=Text(text="What is the total?")))
    assert "left:25.00%;top:10.00%;width:50.00%;height:10.00%" in shown
    assert "The page, with 1 of 1 answers marked: 20.90" in Reader(shown).alts
    assert "What is the total?" in Reader(shown).text
