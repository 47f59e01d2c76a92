"""Texts that join others while these are written: each as it would be alone, whenever it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import (
    Lfm2Config,
    Lfm2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from core.errors import TooLarge
from core.tasks import together
from core.tasks.together import can_be_joined
from core.values import Text
from tests.tasks.writing import GREEDY, TASK, Door, Watching, loaded, until, written
from tests.tiny import texts

FIRST = [Text(text=text) for text in ("the film", "a")]
LATER = [Text(text=text) for text in ("a quiet old village by the sea", "x" * 58, "the clock", "b", "y" * 40)]


@pytest.fixture(scope="module", params=[None, 7], ids=["all", "window"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model that reads and writes 64 letters, or looks at 7 of them at a time; always the same one."""
    torch.manual_seed(0)
    return loaded(texts.text_generation(tmp_path_factory.mktemp("base"), far=True, window=request.param))


@pytest.fixture
def generated(base: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the texts of each call of `generate`."""
    rows: list[int] = []
    generate = base.model.generate

    def count(**options: Any) -> Any:
        rows.append(len(options["input_ids"]))
        return generate(**options)

    monkeypatch.setattr(base.model, "generate", count)
    return rows


@pytest.fixture(autouse=True)
def pause_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for newcomers after every token."""
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 0)


@pytest.mark.parametrize("parameters", [{}, {"stop": ["e", "\x00"]}, {"max_new_tokens": 30}], ids=str)
@pytest.mark.parametrize(("at_once", "after"), [(1, 0), (2, 3), (5, 1)])
def test_each_is_as_alone(at_once: int, after: int, parameters: dict[str, Any], base: Any) -> None:
    checked = TASK.checked_parameters({**GREEDY, **parameters})
    alone = [written(base, text, **parameters) for text in [*FIRST, *LATER]]
    assert len(set(alone)) > 3
    door = Door(LATER, at_once, after)
    begun = [Watching() for _ in FIRST]
    answers = TASK.stream_together(base, FIRST, checked, begun, door)
    assert [answer.text for answer in answers] == alone[: len(answers)]
    assert len(answers) > len(FIRST)
    everybody = [*begun, *door.watching][: len(answers)]
    assert [one.whole for one in everybody] == answers
    for one, text in zip(everybody, [*FIRST, *LATER], strict=False):
        by_itself = Watching()
        TASK.stream(base, text, checked, by_itself.emit, by_itself.stopped)
        assert one.seen == by_itself.seen


def test_who_ends_first_is_written_no_further(base: Any, generated: list[int]) -> None:
    """The run has as many rows as texts that go on, once half of them have ended, or one has no more places."""
    door = Door(LATER[2:4], at_once=2, after=4)
    TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], door)
    assert generated == [2, 2, 4, 2]  # two; two more read; all; the last two
    generated.clear()
    full = Door(LATER[1:2])
    TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], full)
    assert generated == [2, 1, 3, 2]


def test_a_long_prompt_is_read_in_pieces_while_others_are_written(
    base: Any, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PIECE_S", 1e-9)  # a token at a time
    monkeypatch.setattr(together, "WRITING_PER_PIECE", 0)
    everybody = [*FIRST, *LATER[1:4]]
    alone = [written(base, text) for text in everybody]
    generated.clear()
    door = Door(LATER[1:4], at_once=3)
    answers = TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == alone
    begun, *then = generated
    assert begun == 2
    assert then[:22] == [1, 2] * 11  # a token of one, then one of both of the first, until these are whole
    assert then[22:] == [1, 1, 1, 3, 2]  # nobody stands still any more


def test_a_long_prompt_that_nobody_waits_for_is_read_no_further(
    base: Any, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "PIECE_S", 1e-9)
    monkeypatch.setattr(together, "WRITING_PER_PIECE", 0)
    alone = [written(base, text) for text in FIRST]
    generated.clear()
    door = Door([LATER[1]])
    door.watching[0].enough = 0
    answers = TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == [*alone, ""]
    assert door.watching[0].whole == answers[2]
    assert generated == [2, 2]


def test_short_texts_are_written_apart_from_long_ones(
    base: Any, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "APART", 30)
    monkeypatch.setattr(together, "TURN_S", 0)
    everybody = [*FIRST, LATER[4], LATER[2]]
    alone = [written(base, text) for text in everybody]
    generated.clear()
    door = Door(everybody[2:])
    answers = TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == alone
    # Two; a long one is read; both by turns, a token each; a short one is read; it joins the two; its end.
    assert generated == [2, 1, 2, 1, 1, *[3, 1] * 10, 1]
    generated.clear()
    monkeypatch.setattr(together, "APART", 200)
    TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), [Watching(), Watching()], Door(everybody[2:]))
    assert generated[:4] == [2, 1, 3, 1]


def test_texts_that_begin_at_once_are_read_apart_too(base: Any, generated: list[int], monkeypatch: Any) -> None:
    monkeypatch.setattr(together, "APART", 30)
    inputs = [*FIRST, LATER[4], LATER[2]]
    alone = [written(base, text) for text in inputs]
    generated.clear()
    answers = TASK.answers(base, inputs, TASK.checked_parameters(GREEDY))
    assert [answer.text for answer in answers] == alone
    assert generated[:2] == [3, 1]


@pytest.mark.parametrize("parameters", [{"repetition_penalty": 1.5}, {"do_sample": True, "seed": 3}])
def test_nobody_joins_where_that_would_change_what_is_written(parameters: dict[str, Any], base: Any) -> None:
    door = Door(LATER)
    checked = TASK.checked_parameters({**GREEDY, **parameters})
    assert len(TASK.stream_together(base, FIRST, checked, [Watching(), Watching()], door)) == 2
    assert door.asked == 0


def test_one_that_is_too_long_is_refused_by_itself(base: Any) -> None:
    door = Door([Text(text="z" * 70), LATER[0]])
    checked = TASK.checked_parameters(GREEDY)
    answers = TASK.stream_together(base, FIRST, checked, [Watching(), Watching()], door)
    assert [answer.text for answer in answers] == [written(base, text) for text in [*FIRST, LATER[0]]]
    assert [type(error) for error in door.refused] == [TooLarge]


def test_one_that_ends_with_its_first_token_was_there_all_the_same(base: Any) -> None:
    door = Door([LATER[3], LATER[2]], at_once=2)
    door.watching[0].enough = 0
    checked = TASK.checked_parameters(GREEDY)
    answers = TASK.stream_together(base, FIRST, checked, [Watching(), Watching()], door)
    alone = [written(base, text) for text in [*FIRST, LATER[3], LATER[2]]]
    assert [answer.text for answer in answers] == [*alone[:2], alone[2][:1], alone[3]]


def test_it_is_not_asked_more_often_than_pauses_are_short(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 10**9)
    door = Door(LATER)
    checked = TASK.checked_parameters(GREEDY)
    assert len(TASK.stream_together(base, FIRST, checked, [Watching(), Watching()], door)) == 3
    assert door.asked == 1  # after the first token, before which nothing had paused


def test_several_long_texts_that_begin_beside_short_ones_are_read_in_pieces(
    base: Any, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "APART", 30)
    monkeypatch.setattr(together, "PIECE_S", 1e-9)
    monkeypatch.setattr(together, "WRITING_PER_PIECE", 0)
    inputs = [*FIRST, LATER[4], Text(text="z" * 41)]
    alone = [written(base, text) for text in inputs]
    generated.clear()
    answers = TASK.answers(base, inputs, TASK.checked_parameters(GREEDY))
    assert [answer.text for answer in answers] == alone
    assert generated[:6] == [2, 1] * 3


def test_whoever_waits_joins_when_half_have_ended(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 10**9)
    door = Door(LATER[2:4])
    begun = [until(3), until(5)]
    answers = TASK.stream_together(base, FIRST, TASK.checked_parameters(GREEDY), begun, door)
    assert [answer.text for answer in answers[2:]] == [written(base, text) for text in LATER[2:4]]
    assert door.asked >= 2


def small(kind: Callable[[Any], Any], config: type, **changes: Any) -> Any:
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
    return kind(config(vocab_size=16, num_key_value_heads=2, **sizes, **changes))


def test_models_that_keep_something_else_are_not_joined() -> None:
    assert can_be_joined(small(LlamaForCausalLM, LlamaConfig))
    assert can_be_joined(small(MistralForCausalLM, MistralConfig, sliding_window=8))
    assert not can_be_joined(small(LlamaForCausalLM, LlamaConfig, attention_chunk_size=8))
    assert not can_be_joined(small(Lfm2ForCausalLM, Lfm2Config, layer_types=["conv", "full_attention"]))
    for said in ({"cache_implementation": "static"}, {"use_cache": False}):
        model = small(LlamaForCausalLM, LlamaConfig)
        model.generation_config.update(**said)
        assert not can_be_joined(model)
