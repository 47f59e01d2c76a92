"""Corrections that are chosen or written: labels, texts, answers, words in gaps, decisions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.media import read_audio
from core.ui.outputs.answers import NOWHERE
from core.ui.outputs.fillings import word_of
from core.ui.outputs.table_answer import worked_out
from core.ui.state import runtime
from core.values import (
    Answer,
    Answers,
    Audio,
    Decision,
    Decisions,
    Filling,
    Fillings,
    Label,
    Labels,
    Mixed,
    PageAnswer,
    PageAnswers,
    TableAnswer,
    Text,
    Transcript,
)


def correct_labels(output: Labels, labels: Sequence[str], key: str) -> Labels | None:
    """Ask for the right label."""
    right = ask_for_one("The right label", list(labels) or [label.label for label in output.labels], key)
    return type(output)(labels=(Label(label=right, score=1.0),)) if right else None


def correct_text(output: Text, _: Sequence[str], key: str) -> Text | None:
    """Ask for the right text."""
    right = st.text_area("The right text", output.text, key=key, height=160)
    return output.model_copy(update={"text": right}) if right != output.text else None


def correct_transcript(output: Transcript, _: Sequence[str], key: str) -> Transcript | None:
    """Ask for what was really said."""
    right = st.text_area("What was really said", output.text, key=key, height=100)
    return Transcript(text=right) if right != output.text else None


def correct_audio(_output: Audio, _labels: Sequence[str], key: str) -> Audio | None:
    """Ask for the sound as it should be."""
    spoken = st.audio_input("Say it as it should sound", key=key)
    return read_audio(spoken.getvalue(), runtime().showcase.limits, name=spoken.name) if spoken else None


def correct_answers(output: Answers, _: Sequence[str], key: str) -> Answers | None:
    """Ask for the right answer."""
    right = ask_for_one("The right answer", [*(answer.answer or NOWHERE for answer in output.answers), NOWHERE], key)
    if right is None:
        return None
    words = "" if right == NOWHERE else right
    known = next((answer for answer in output.answers if answer.answer == words), None)
    # Where another answer stands is not known here; (0, 0) is how a reader says "nowhere in particular".
    place = (known.start, known.end) if known else (0, 0)
    return Answers(answers=(Answer(answer=words, score=1.0, start=place[0], end=place[1]),))


def correct_fillings(output: Fillings, _: Sequence[str], key: str) -> Fillings | None:
    """Ask for the right word in each gap."""
    several = len(output.gaps) > 1
    chosen = [
        ask_for_one(f"The right word in gap {number}" if several else "The right word", list(map(word_of, words)), at)
        for number, words in enumerate(output.gaps, 1)
        for at in [f"{key}_{number}" if several else key]
    ]
    gaps = tuple(_filled(words, right) if right else words for words, right in zip(output.gaps, chosen, strict=True))
    return Fillings(gaps=gaps) if any(chosen) else None


def _filled(words: Sequence[Filling], right: str) -> tuple[Filling, ...]:
    known = next((one for one in words if word_of(one) == right), None)
    if known is not None:
        return (known.model_copy(update={"score": 1.0}),)
    # Of a word that the model did not offer, neither the token nor the sentence is known here.
    return (Filling(token_str=right, token=-1, score=1.0, sequence=""),)


def correct_table_answer(output: TableAnswer, _: Sequence[str], key: str) -> TableAnswer | None:
    """Ask for the right answer."""
    right = st.text_input("The right answer", worked_out(output), key=key).strip()
    changed = right and right != worked_out(output)
    return TableAnswer(answer=right, coordinates=(), cells=(), aggregator="") if changed else None


def correct_decisions(output: Decisions, _: Sequence[str], key: str) -> Decisions | None:
    """Ask for the right decisions."""
    several = len(output.decisions) > 1
    chosen = [
        ask_for_one(f"The right answer: {one.name}", [option.label for option in one.options], at)
        for number, one in enumerate(output.decisions, 1)
        for at in [f"{key}_{number}" if several else key]
    ]
    decided = tuple(
        Decision(name=one.name, answer=right, options=(Label(label=right, score=1.0),)) if right else one
        for one, right in zip(output.decisions, chosen, strict=True)
    )
    return Decisions(decisions=decided) if any(chosen) else None


def correct_page_answers(output: PageAnswers, _: Sequence[str], key: str) -> PageAnswers | None:
    """Ask for the right answer."""
    found = output.answers[0].answer if output.answers else ""
    right = st.text_input("The right answer", found, key=key)
    return output.model_copy(update={"answers": (PageAnswer(answer=right, score=1.0),)}) if right != found else None


def correct_mixed(output: Mixed, _: Sequence[str], key: str) -> Mixed | None:
    """Ask for the right words."""
    right = st.text_area("The right answer, in words", output.text, key=key, height=160)
    return Mixed(text=right) if right != output.text else None


def ask_for_one(question: str, options: Sequence[str], key: str) -> str | None:
    """Show options of which one, or another word, can be chosen; return it, or None while there is none."""
    right = st.selectbox(
        question,
        list(dict.fromkeys(options)),
        index=None,
        key=key,
        placeholder="Choose, or type another",
        accept_new_options=True,
    )
    return right.strip() or None if right else None
