"""What was asked, where an answer makes sense only beside it: a picture with its question, the frames of a film."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from core.ui.outputs.markup import Markup, element
from core.ui.outputs.pictures import picture_url
from core.ui.outputs.transcript import clock
from core.values import Caption, FilmLabels, Image, Text, Value, Video

_strips: WeakKeyDictionary[Video, tuple[str, ...]] = WeakKeyDictionary()


def image_in(inputs: Value | None) -> Image | None:
    """Return the picture that an input is or holds, if there is one."""
    if isinstance(inputs, Image):
        return inputs
    image = getattr(inputs, "image", None)
    return image if isinstance(image, Image) else None


def words_in(inputs: Value | None) -> str:
    """Return the question or message that stands beside a picture; empty where there is none."""
    parts = (getattr(inputs, name, None) for name in ("question", "text"))
    return next((part.text for part in parts if isinstance(part, Text)), "")


def asked_view(inputs: Value | None) -> Markup:
    """Return the view of what was asked, and of the picture it was asked about; nothing where it is not kept."""
    image, words = image_in(inputs), words_in(inputs)
    if not words:
        return Markup("")
    picture = element("img", src=picture_url(image), alt="The picture that this is about") if image else Markup("")
    return element("figure", picture, element("figcaption", words), class_="pd-asked")


def caption_view(caption: Caption, inputs: Value | None) -> Markup:
    """Return the view of a caption: its picture, and the caption below it."""
    image = image_in(inputs)
    picture = element("img", src=picture_url(image), alt=caption.text) if image is not None else Markup("")
    words = element("figcaption", caption.text or "The model wrote nothing.", class_="pd-said")
    return element("figure", picture, words, class_="pd-captioned")


def strip_view(labels: FilmLabels, inputs: Value | None) -> Markup:
    """Return the frames that the model saw, in their order, each with its time."""
    if not isinstance(inputs, Video):
        return element("p", f"The model saw {len(labels.frames)} frames; the film was not kept.", class_="pd-note")
    frames = [frame for frame in labels.frames if frame < inputs.frame_count]
    times = [clock((frame + 0.5) * inputs.duration_s / inputs.frame_count) for frame in frames]
    urls = _frame_urls(inputs)
    shown = (
        element("li", element("img", src=urls[frame], alt=f"The film at {time}"), element("time", time))
        for frame, time in zip(frames, times, strict=True)
    )
    heading = element("p", f"The {len(frames)} frames that the model saw", class_="pd-note")
    strip = element("ol", *shown, class_="pd-strip", aria_label="Frames in their order, with their times")
    return element("div", heading, strip, class_="pd-seen")


def _frame_urls(video: Video) -> tuple[str, ...]:
    urls = _strips.get(video)
    if urls is None:
        urls = _strips[video] = tuple(picture_url(Image.from_array(frame)) for frame in video.array())
    return urls
