"""What is written on a page: its words and where they stand, read by Tesseract.

Owns how pytesseract is asked, and what is said where it, or the program it calls, is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ModelUnavailable
from core.media import to_pil
from core.values import Box, Image


@dataclass(frozen=True)
class Word:
    """Hold a word and its box on the page, in pixels."""

    text: str
    box: Box


def check_tesseract() -> None:
    """Make sure that pages can be read here.

    Raises: ModelUnavailable naming what to install.
    """
    try:
        import pytesseract
    except ImportError as err:
        raise ModelUnavailable(
            "This model cannot read by itself: it needs the Python package pytesseract and the program Tesseract.",
            hint="Install both (pip install pytesseract, apt install tesseract-ocr), or choose a model such as Donut.",
        ) from err
    try:
        pytesseract.get_tesseract_version()
    except (pytesseract.TesseractNotFoundError, SystemExit) as err:
        raise ModelUnavailable(
            "This model cannot read by itself: it needs the program Tesseract, which is not installed.",
            hint="Install it (apt install tesseract-ocr), or choose a model such as Donut.",
        ) from err


def words_on(image: Image, language: str) -> list[Word]:
    """Return the words on a page in reading order.

    Args:
        language: as Tesseract calls it, such as eng or deu; it has to be installed with it.

    Raises: ModelUnavailable if Tesseract does not know the language, or gives up.
    """
    import pytesseract

    try:
        rows = pytesseract.image_to_data(to_pil(image), lang=language, output_type="dict", timeout=60)
    except RuntimeError as err:  # TesseractError is one
        raise ModelUnavailable(
            f"Tesseract could not read the page in '{language}'.",
            hint=f"Install that language (apt install tesseract-ocr-{language}), or choose another.",
        ) from err
    columns = (rows[name] for name in ("text", "left", "top", "width", "height"))
    return [
        Word(text.strip(), Box(xmin=left, ymin=top, xmax=left + width, ymax=top + height))
        for text, left, top, width, height in zip(*columns, strict=True)
        if text.strip()
    ]
