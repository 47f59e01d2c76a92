"""Texts that are written at once: each as it would be alone, seen growing by its own caller, ended where it ends."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core.values import Text
from tests.tasks.writing import GREEDY, TASK, Watching, loaded, written
from tests.tiny import texts


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model that reads and writes 64 letters; always the same one."""
    torch.manual_seed(0)
    return loaded(texts.text_generation(tmp_path_factory.mktemp("base"), far=True))


@pytest.fixture(scope="module")
def spaced(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model many of whose tokens are words, so that what it writes is often shown; always the same one."""
    torch.manual_seed(0)
    words = [f"{letter}{letter} " for letter in "abcdefghijklmnopqrstuvwxyz"]
    return loaded(texts.text_generation(tmp_path_factory.mktemp("spaced"), positions=128, far=True, words=words))


SEVERAL = [Text(text=text) for text in ("the film", "a", "a quiet old village by the sea", "the clock", "a", "x" * 58)]


@pytest.mark.parametrize(
    "parameters",
    [{}, {"do_sample": True, "seed": 3, "temperature": 1.5}, {"repetition_penalty": 1.5}, {"stop": ["e", "\x00"]}],
    ids=["likeliest", "drawn", "penalised", "stopped"],
)
def test_texts_written_together_are_as_each_alone(base: Any, parameters: dict[str, Any]) -> None:
    checked = TASK.checked_parameters({**GREEDY, **parameters})
    alone = [written(base, text, **parameters) for text in SEVERAL]
    assert len(set(alone)) > 2
    assert [answer.text for answer in TASK.answers(base, SEVERAL, checked)] == alone


def test_texts_of_several_lengths_share_a_run(base: Any) -> None:
    rows: list[int] = []
    generate = base.model.generate

    def count(*args: Any, **options: Any) -> Any:
        rows.append(len(options["input_ids"]))
        return generate(*args, **options)

    base.model.generate = count
    try:
        for parameters in ({}, {"repetition_penalty": 1.5}):
            TASK.answers(base, SEVERAL, TASK.checked_parameters({**GREEDY, **parameters}))
    finally:
        del base.model.generate
    # The last has less room, so that the others go on without it; what fills up would be penalised.
    assert rows == [6, 5, 1, 2, 1, 1, 1]


def test_what_ends_early_is_not_gone_on_with(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(base, SEVERAL[0])
    ends = base.tokenizer(whole[3], add_special_tokens=False)["input_ids"][0]
    monkeypatch.setattr(base.model.generation_config, "eos_token_id", ends)
    alone = [written(base, text) for text in SEVERAL]
    assert len({len(text) for text in alone}) > 1
    together = TASK.answers(base, SEVERAL, TASK.checked_parameters(GREEDY))
    assert [answer.text for answer in together] == alone


DRAWN = {"do_sample": True, "seed": 3, "temperature": 2.0, "top_p": 1.0, "top_k": 500, "max_new_tokens": 60}


@pytest.mark.parametrize("parameters", [DRAWN, {**DRAWN, "stop": ["q", "\x00"]}, {**DRAWN, "repetition_penalty": 1.5}])
def test_texts_grow_together_as_each_alone(spaced: Any, parameters: dict[str, Any]) -> None:
    checked = TASK.checked_parameters(parameters)
    alone = [Watching() for _ in SEVERAL]
    texts = [
        TASK.stream(spaced, text, checked, one.emit, one.stopped) for text, one in zip(SEVERAL, alone, strict=True)
    ]
    assert "stop" in parameters or max(len(one.seen) for one in alone) > 2
    together = [Watching() for _ in SEVERAL]
    assert TASK.stream_together(spaced, SEVERAL, checked, together) == texts
    assert [one.seen for one in together] == [one.seen for one in alone]
    assert [one.whole for one in together] == texts
    assert TASK.answers(spaced, SEVERAL, checked) == texts


def test_who_stops_keeps_what_there_is_and_the_others_go_on(spaced: Any) -> None:
    checked = TASK.checked_parameters(DRAWN)
    whole = [answer.text for answer in TASK.answers(spaced, SEVERAL, checked)]
    order: list[Watching] = []
    watching = [Watching(2 if at == 1 else 10**9, order) for at in range(len(SEVERAL))]
    found = TASK.stream_together(spaced, SEVERAL, checked, watching)
    assert whole[1].startswith(found[1].text)
    assert 0 < len(found[1].text) < len(whole[1])
    assert watching[1].seen[-1] == found[1].text
    assert order[0] is watching[1]
    assert [answer.text for answer in found[2:]] == whole[2:]


def test_each_is_one_text_whatever_the_models_makers_recommend(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [written(base, text) for text in SEVERAL]
    monkeypatch.setattr(base.model.generation_config, "num_beams", 3)
    monkeypatch.setattr(base.model.generation_config, "num_return_sequences", 2)
    assert [answer.text for answer in TASK.answers(base, SEVERAL, TASK.checked_parameters(GREEDY))] == expected
