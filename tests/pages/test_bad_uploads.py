"""A file that cannot be read: said once, beside the field where it can be mended, whether `Run` is pressed or not."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import BadInput
from core.settings import ROOT
from core.ui.inputs import pictures
from tests.pages.conftest import Visit
from tests.pages.test_task_pages import press_run, run_button

NOTES = b"just some text\nand no picture, no sound and no film"
PICTURE = (ROOT / "models" / "starters" / "shapes-detection" / "examples" / "shapes-apart.png").read_bytes()


def upload(app: AppTest, key: str, *contents: bytes) -> AppTest:
    """Upload files, where the field has several sources by way of that of files."""
    source = [group for group in app.get("button_group") if group.key == key.replace("upload", "source")]
    if source:
        source[0].set_value("Upload").run()
    widget = app.file_uploader(key=key)
    suffix = widget.allowed_type[0]
    files = [(f"file-{number}{suffix}", content, "") for number, content in enumerate(contents)]
    widget.set_value(files if len(files) > 1 else files[0]).run()
    assert not app.exception
    return app


def said(app: AppTest) -> list[str]:
    assert not app.exception
    return [error.value.replace("\\", "") for error in app.error]


@pytest.mark.parametrize(
    ("page", "task_id", "field", "noun"),
    [
        ("image", "object-detection", "upload", "picture"),
        ("image", "visual-question-answering", "image_upload", "picture"),
        ("image", "keypoint-matching", "second_upload", "picture"),
        ("audio", "automatic-speech-recognition", "upload", "sound"),
        ("video", "video-classification", "upload", "film"),
    ],
)
def test_run_does_not_say_again_what_stands_beside_the_field(
    page: str, task_id: str, field: str, noun: str, visit: Visit
) -> None:
    app = upload(visit(page, task=task_id), f"{task_id}.{field}", NOTES)
    (beside,) = said(app)
    assert f"not a {noun}" in beside
    for _ in range(2):
        run_button(app).click().run()  # type: ignore[attr-defined]
        assert said(app) == [beside]
    assert "run" not in app.query_params
    assert app.caption.values[-1] == "The answer will stand here."


def test_of_several_pictures_only_the_bad_ones_are_named_and_run_adds_nothing(visit: Visit) -> None:
    app = visit("image", task="image-feature-extraction")
    upload(app, "image-feature-extraction.images_upload", PICTURE, NOTES, PICTURE, NOTES)
    before = said(app)
    assert len(before) == 2
    assert "file-1.png" in before[0]
    assert "file-3.png" in before[1]
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert said(app) == before


def test_a_table_that_cannot_be_read_is_refused_once(visit: Visit) -> None:
    task_id = "table-question-answering"
    app = upload(visit("text", task=task_id), f"{task_id}.table_upload", b"only a heading")
    before = said(app)
    assert len(before) == 1
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert said(app) == before


def test_what_nothing_stands_beside_is_still_said_under_run(visit: Visit) -> None:
    task_id = "visual-question-answering"
    app = visit("image", task=task_id)
    app.text_input(key=f"{task_id}.question_text").set_value("").run()
    assert said(app) == []
    run_button(app).click().run()  # type: ignore[attr-defined]
    (error,) = said(app)
    assert "missing" in error


def test_a_file_that_replaces_the_bad_one_is_answered(visit: Visit) -> None:
    app = upload(visit("image", task="object-detection"), "object-detection.upload", NOTES)
    run_button(app).click().run()  # type: ignore[attr-defined]
    press_run(upload(app, "object-detection.upload", PICTURE))
    assert "run" in app.query_params


def test_a_file_that_can_be_read_after_all_is_answered(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = PICTURE + b"\0"  # which no other test has shown, as what could be read is not read again
    app = visit("image", task="object-detection")

    def refuse(*_: object, **__: object) -> None:
        raise BadInput("The process that decodes it was out of memory.", hint="Try again.")

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "read_image", refuse)
        upload(app, "object-detection.upload", picture)
        assert len(said(app)) == 1
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert not app.exception
    assert "run" in app.query_params
