"""Translations that are written at once: each as it would be alone, part by part before its own caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from core.errors import TooLarge
from core.tasks import get_task, sequences, translation
from core.tasks.spec import Checkpoint
from core.values import Text
from tests.tasks.writing import Door, Watching
from tests.tiny.sequences import marian

TASK = get_task("translation")
BEAMS = 2
SHORT = TASK.checked_parameters({"max_new_tokens": 8, "num_beams": BEAMS})
LINES = Text(text="\n".join(f"the film left {word}." for word in ("anna", "bob", "carl", "dora", "eve")))
SEVERAL = [LINES, Text(text="a good one"), Text(text="bad.\nvery bad.\nquite good."), Text(text="it rained")]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Any:
    torch.manual_seed(0)
    made = TASK.load(Checkpoint(marian(tmp_path_factory.mktemp("marian")), "float32", "cpu"))
    made.model.eval()
    return made


@pytest.fixture
def runs(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return how many parts each generation was given; four of them at most."""
    monkeypatch.setattr(sequences, "ROWS_AT_ONCE", 4 * BEAMS)
    sizes: list[int] = []
    generate = pipe.model.generate

    def count(**options: Any) -> Any:
        sizes.append(len(options["input_ids"]))
        return generate(**options)

    pipe.model.generate = count
    yield sizes
    del pipe.model.generate


def alone(pipe: Any, text: Text) -> Watching:
    watching = Watching()
    watching.end(TASK.stream(pipe, text, SHORT, watching.emit, watching.stopped))
    return watching


def test_each_is_as_alone_and_ends_when_its_last_part_is_written(pipe: Any, runs: list[int]) -> None:
    each = [alone(pipe, text) for text in SEVERAL]
    assert len({one.whole.text for one in each}) > 1
    runs.clear()
    order: list[Watching] = []
    together = [Watching(order=order) for _ in SEVERAL]
    answers = TASK.stream_together(pipe, SEVERAL, SHORT, together)
    assert runs == [4, 4, 2]  # ten parts: the first of each, then what is left of two
    assert answers == [one.whole for one in each] == [one.whole for one in together]
    assert TASK.answers(pipe, SEVERAL, SHORT) == answers
    assert order == [together[1], together[3], together[2], together[0]]
    first = together[0]
    assert len(first.seen) == 3
    assert all(answers[0].text.startswith(seen) for seen in first.seen)


def test_who_has_seen_enough_keeps_it_and_the_others_go_on(pipe: Any, runs: list[int]) -> None:
    whole = [alone(pipe, text).whole.text for text in SEVERAL]
    runs.clear()
    order: list[Watching] = []
    together = [Watching(1 if at == 0 else 10**9, order) for at in range(len(SEVERAL))]
    answers = TASK.stream_together(pipe, SEVERAL, SHORT, together)
    assert runs == [4, 2]
    assert whole[0].startswith(answers[0].text)
    assert 0 < len(answers[0].text) < len(whole[0])
    assert together[0].seen == [answers[0].text]
    assert order[0] is together[0]
    assert [answer.text for answer in answers[1:]] == whole[1:]


@pytest.mark.parametrize("has_end", [True, False], ids=["ends", "endless"])
def test_who_stops_within_a_part_has_what_there_is_at_once(
    has_end: bool, pipe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a model that knows no end: transformers then fills up with -1 what others have gone on after."""
    if not has_end:
        monkeypatch.setattr(pipe.model.generation_config, "eos_token_id", None)
        monkeypatch.setattr(pipe.model.generation_config, "pad_token_id", 0)
    whole = [alone(pipe, text).whole.text for text in SEVERAL]
    seen_by_others: list[int] = []

    class Impatient(Watching):
        """Have enough after so many tokens."""

        looked = 0

        def stopped(self) -> bool:
            self.looked += 1
            return self.looked > 4

        def end(self, whole: Any) -> None:
            super().end(whole)
            seen_by_others.extend(len(one.seen) for one in together if one is not self)

    together = [Watching(), Impatient(), Watching(), Watching()]
    answers = TASK.stream_together(pipe, SEVERAL, SHORT, together)
    assert seen_by_others == [0, 0, 0]  # none of their parts was written yet
    assert together[1].whole == answers[1]
    assert whole[1].startswith(answers[1].text)
    assert 0 < len(answers[1].text) < len(whole[1])
    assert [answers[at].text for at in (0, 2, 3)] == [whole[at] for at in (0, 2, 3)]


def test_who_stops_a_text_of_many_parts_has_the_beginnings_of_those_that_were_written(pipe: Any) -> None:
    class Impatient(Watching):
        """Have enough after being asked so often, once for each token."""

        looked = 0

        def stopped(self) -> bool:
            self.looked += 1
            return self.looked > 4

    together = [Impatient(), *(Watching() for _ in SEVERAL[1:])]
    answers = TASK.stream_together(pipe, SEVERAL, SHORT, together)
    begun, whole = answers[0].text.split("\n"), alone(pipe, LINES).whole.text.split("\n")
    assert together[0].whole == answers[0]
    assert len(begun) == len(whole) == 5
    for beginning, line in zip(begun, whole, strict=True):
        assert line.startswith(beginning)
        assert 0 < len(beginning) < len(line)


def test_long_parts_are_read_fewer_at_once(pipe: Any, runs: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = TASK.answers(pipe, SEVERAL, SHORT)
    longest = max(len(pipe.tokenizer(line)["input_ids"]) for text in SEVERAL for line in text.text.split("\n"))
    runs.clear()
    monkeypatch.setattr(sequences, "READ_AT_ONCE", 2 * longest)
    assert TASK.answers(pipe, SEVERAL, SHORT) == answers
    assert max(runs) >= 2
    assert runs[0] == 2  # the first is the longest
    assert sum(runs) == 10


def test_who_comes_later_joins_with_the_next_parts(pipe: Any, runs: list[int]) -> None:
    each = [alone(pipe, text) for text in [LINES, *SEVERAL[1:]]]
    runs.clear()
    door, order = Door(SEVERAL[1:], at_once=3), list[Watching]()
    first = Watching(order=order)
    for watching in door.watching:
        watching.order = order
    answers = TASK.stream_together(pipe, [LINES], SHORT, [first], door)
    assert runs == [4, 4, 2]  # four of ten parts; the first ones of all newcomers and the second of one; the last ones
    assert answers == [one.whole for one in each]
    assert [one.whole for one in [first, *door.watching]] == answers
    assert order == [door.watching[0], door.watching[2], first, door.watching[1]]


def test_one_whose_language_is_wrong_is_refused_by_itself(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(SEVERAL[1:3], at_once=2)
    passages = translation.passages_of

    def refuse(text: str, fits: Any) -> list[str]:
        if text == SEVERAL[1].text:
            raise TooLarge("Too long.")
        return passages(text, fits)

    monkeypatch.setattr(translation, "passages_of", refuse)
    answers = TASK.stream_together(pipe, [LINES], SHORT, [Watching()], door)
    assert [str(error) for error in door.refused] == ["Too long."]
    assert answers == [alone(pipe, text).whole for text in (LINES, SEVERAL[2])]


def test_summaries_are_joined_too(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "MOST_READ", 8)
    task = get_task("summarization")
    checked = task.checked_parameters({"max_new_tokens": 8, "min_new_tokens": 0, "num_beams": 1})
    texts = [Text(text="it rained. anna left. bob left. the film was good."), Text(text="bad.")]
    expected = [task.answers(pipe, [text], checked)[0] for text in texts]
    door = Door(texts[1:])
    answers = task.stream_together(pipe, texts[:1], checked, [Watching()], door)
    assert answers == expected
    assert door.watching[0].whole == answers[1]


def test_a_long_text_is_not_held_up_by_those_who_come(pipe: Any, runs: list[int]) -> None:
    door, order = Door([SEVERAL[1]] * 40, at_once=4), list[Watching]()
    first = Watching(order=order)
    for watching in door.watching:
        watching.order = order
    TASK.stream_together(pipe, [LINES], SHORT, [first], door)
    assert sum(runs) == 5 + 40
    assert order.index(first) < 20
