"""Where a long text is cut."""

from __future__ import annotations

import pytest

from core.tasks.passages import passages_of

STORY = "The clock stopped. Nobody noticed! Was it late? It was. The cat slept on.\n\nThen the door opened."


@pytest.mark.parametrize("most", [5, 12, 20, 40, 60])
def test_nothing_but_blanks_is_lost_and_every_passage_fits(most: int) -> None:
    passages = passages_of(STORY, lambda text: len(text) <= most)
    assert all(0 < len(passage) <= most for passage in passages)
    assert "".join("".join(passages).split()) == "".join(STORY.split())


def test_a_passage_ends_with_a_sentence_where_it_can() -> None:
    passages = passages_of(STORY, lambda text: len(text) <= 40)
    assert passages[:2] == ["The clock stopped. Nobody noticed!", "Was it late? It was. The cat slept on."]


def test_a_text_that_fits_is_left_alone() -> None:
    assert passages_of(f"  {STORY}\n", lambda text: len(text) <= 200) == [STORY]


def test_a_script_without_blanks_is_cut_after_its_own_full_stop() -> None:
    text = "猫在沙发上睡觉。火车中午出发。汤里需要更多的盐。"
    assert passages_of(text, lambda passage: len(passage) <= 12) == [
        "猫在沙发上睡觉。",
        "火车中午出发。",
        "汤里需要更多的盐。",
    ]


def test_a_model_with_room_for_nothing_still_comes_to_an_end() -> None:
    assert passages_of("abc", lambda text: len(text) <= 1) == ["a", "b", "c"]
