"""Several pictures as input: each is shown, with the number by which the answer names it."""

from __future__ import annotations

from tests.pages.conftest import Visit


def test_every_one_of_several_pictures_is_shown_with_its_number(visit: Visit) -> None:
    app = visit("image", task="image-feature-extraction")
    captions = [caption for shown in app.get("image") for caption in shown.captions]
    assert sorted(captions) == [f"{number}. Written digits" for number in range(1, 10)]
