"""Texts that begin as earlier ones did: the same is written after them, and their beginning is not read again."""

from __future__ import annotations

from functools import wraps
from typing import Any

import pytest
import torch
from transformers import DynamicCache

from core.tasks import together
from core.tasks.kept import Kept, carry
from core.tasks.prefix_cache import FEWEST, PrefixCache
from core.tasks.spec import Watcher
from core.values import Text
from tests.tasks.writing import GREEDY, TASK, Door, Watching, loaded, until, written
from tests.tiny import texts

LONG = "a quiet old village by the sea"
ROOM = 10**6


@pytest.fixture(scope="module", params=[None, 7], ids=["all", "window"])
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model that reads and writes 128 letters, or looks at 7 of them at a time; always the same one."""
    torch.manual_seed(0)
    return loaded(texts.text_generation(tmp_path_factory.mktemp("base"), positions=128, far=True, window=request.param))


@pytest.fixture
def pipe(plain: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the same one, keeping what it reads."""
    monkeypatch.setattr(plain, "prefix_cache", PrefixCache(ROOM))
    return plain


@pytest.fixture
def read(plain: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Note how many texts, and tokens of each, the model reads at a time, of more than one token."""
    shapes: list[tuple[int, ...]] = []
    forward = plain.model.forward

    @wraps(forward)  # its signature is looked at
    def note(input_ids: Any, **options: Any) -> Any:
        if input_ids.shape[1] > 1:
            shapes.append(tuple(input_ids.shape))
        return forward(input_ids=input_ids, **options)

    monkeypatch.setattr(plain.model, "forward", note)
    return shapes


def alone(pipe: Any, text: str, **parameters: Any) -> str:
    """Return what is written after a text by a model that has read nothing before."""
    kept, pipe.prefix_cache = pipe.prefix_cache, PrefixCache(0)
    try:
        return written(pipe, Text(text=text), **parameters)
    finally:
        pipe.prefix_cache = kept


def reused(pipe: Any, *inputs: str, **parameters: Any) -> tuple[list[str], list[int]]:
    """Return what is written after texts, and how much of each was known."""
    watching = [Watching() for _ in inputs]
    checked = TASK.checked_parameters({**GREEDY, **parameters})
    answers = TASK.stream_together(pipe, [Text(text=text) for text in inputs], checked, watching)
    return [answer.text for answer in answers], [one.known for one in watching]


def test_a_text_goes_on_from_what_was_read_and_written(pipe: Any, read: list[tuple[int, ...]]) -> None:
    first = written(pipe, Text(text=LONG))
    longer = LONG + first + " and then"
    expected = alone(pipe, longer)
    read.clear()
    (answer,), (known,) = reused(pipe, longer)
    assert answer == expected
    assert known == len(LONG + first) - 1  # its last letter was written, and not read
    assert read == [(1, len(longer) - known)]
    assert reused(pipe, longer) == ([expected], [len(longer) - 1])  # the same again: its last token is read


def test_of_texts_that_part_what_they_share_is_used(pipe: Any) -> None:
    written(pipe, Text(text=LONG))
    other = LONG[:20] + "town"
    assert reused(pipe, other) == ([alone(pipe, other)], [20])
    assert reused(pipe, LONG) == ([alone(pipe, LONG)], [len(LONG) - 1])


def test_little_that_is_known_is_read_again(pipe: Any, read: list[tuple[int, ...]]) -> None:
    written(pipe, Text(text=LONG))
    short, longer, other = LONG[:FEWEST], LONG[:FEWEST] + "x" * (FEWEST + 1), "the clock"
    expected = [alone(pipe, text) for text in (short, longer, other)]
    read.clear()
    assert reused(pipe, short) == (expected[:1], [0])
    assert reused(pipe, longer, other) == (expected[1:], [0, 0])  # they are read in rows
    assert read == [(1, len(short)), (2, len(longer))]
    assert reused(pipe, longer)[1] == [len(longer) - 1]


def test_who_knows_half_is_read_beside_others_by_itself(pipe: Any, read: list[tuple[int, ...]]) -> None:
    written(pipe, Text(text=LONG))
    inputs = [LONG + "!", "the clock", "a"]
    expected = [alone(pipe, text) for text in inputs]
    read.clear()
    assert reused(pipe, *inputs) == (expected, [len(LONG), 0, 0])
    assert read == [(2, len("the clock"))]  # of the first its last letter alone


@pytest.mark.parametrize("others", [("y" * 40,), ()], ids=["more than half are left", "half is left"])
def test_who_ends_before_others_can_be_gone_on_from(others: tuple[str, ...], pipe: Any) -> None:
    """Behind its tokens stands what fills up."""
    short, going_on = LONG, "x" * 40
    checked = TASK.checked_parameters({**GREEDY, "max_new_tokens": 30})
    inputs = [Text(text=text) for text in (*others, going_on, short)]
    watchers = [*(Watcher() for _ in inputs[1:]), until(4)]
    answers = [answer.text for answer in TASK.stream_together(pipe, inputs, checked, watchers)]
    for text, answer in zip((short, going_on), reversed(answers), strict=False):
        longer = text + answer + " and so"
        got, (known,) = reused(pipe, longer)
        assert got == [alone(pipe, longer)]
        assert known >= len(text + answer) - 1


def test_who_joins_goes_on_from_one_that_has_ended(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "WRITING_PER_PAUSE", 0)
    beginning = alone(pipe, LONG, max_new_tokens=3)
    longer = [Text(text=LONG + beginning + more) for more in (" one", " another")]
    door = Door([Text(text="the clock"), *longer], after=4)
    checked = TASK.checked_parameters(GREEDY)
    begun = [until(3), Watcher(), Watcher()]
    inputs = [Text(text=LONG), Text(text="x" * 40), Text(text="y" * 40)]
    answers = [answer.text for answer in TASK.stream_together(pipe, inputs, checked, begun, door)]
    assert answers[0] == beginning
    assert answers[1:] == [
        alone(pipe, text) for text in ("x" * 40, "y" * 40, "the clock", *(one.text for one in longer))
    ]
    first, *later = (one.known for one in door.watching)
    assert first == 0  # with it the first is set apart from those that go on
    assert later == [len(LONG) + 3] * 2


@pytest.mark.parametrize("parameters", [{"repetition_penalty": 1.5}, {"do_sample": True, "seed": 3}], ids=str)
def test_what_has_to_be_the_same_to_the_last_bit_is_read_anew(parameters: dict[str, Any], pipe: Any) -> None:
    written(pipe, Text(text=LONG))
    assert reused(pipe, LONG, **parameters)[1] == [0]


def test_after_a_failure_nothing_is_kept(pipe: Any) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("gone")

    written(pipe, Text(text=LONG))
    assert pipe.prefix_cache.size_bytes
    with pytest.raises(RuntimeError, match="gone"):
        TASK.stream_together(pipe, [Text(text="the film")], TASK.checked_parameters(GREEDY), [Watcher(end=fail)])
    assert not pipe.prefix_cache.size_bytes


def put(cache: PrefixCache, tokens: list[int], read: int, behind: int = 0) -> bool:
    """Have a cache keep a text of one layer, 8 bytes a token; return whether it wanted it.

    Each token's keys are its place. So many tokens were read, and so many others stand behind them.
    """
    written = DynamicCache()
    places = torch.arange(read + behind, dtype=torch.float32).reshape(1, 1, -1, 1)
    written.update(places, -places, 0)
    wanted = cache.wanted(tokens, Kept(written, 0, read, behind))
    if wanted is not None:
        _, (apart,) = carry([], [wanted])
        cache.keep(tokens[: wanted.tokens], apart)
    return wanted is not None


def test_those_used_longest_ago_make_room() -> None:
    cache = PrefixCache(3 * 20 * 8)
    several = [[number] * 20 for number in range(4)]
    assert all(put(cache, tokens, 20) for tokens in several[:3])
    assert cache.size_bytes == 3 * 20 * 8
    assert cache.longest([*several[0], 9]) is not None
    assert not put(cache, several[2], 20)  # which is known, and used again
    assert put(cache, several[3], 20)
    assert put(cache, [9] * 20, 20)
    found = [cache.longest([*tokens, 9]) is not None for tokens in several]
    assert found == [False, False, True, True]


def test_a_text_that_goes_on_takes_the_place_of_its_beginning() -> None:
    cache, tokens = PrefixCache(ROOM), list(range(60))
    assert put(cache, tokens[:20], 20)
    assert put(cache, tokens, 40, behind=7)
    assert cache.size_bytes == 40 * 8
    assert not put(cache, tokens[:30], 30)  # which is known
    found = cache.longest([*tokens[:30], 99])
    assert found is not None
    assert (found.tokens, found.behind) == (30, 10)
    assert found.cache.layer(0)[0].flatten().tolist() == list(range(40))


def test_of_a_text_that_is_too_long_its_beginning_is_kept() -> None:
    cache, tokens = PrefixCache(25 * 8 + 7), list(range(60))
    put(cache, tokens, 40)  # of which it learns what a token takes
    put(cache, tokens, 40)
    assert cache.size_bytes == 25 * 8
    found = cache.longest(tokens[:31])
    assert found is not None
    assert (found.tokens, found.behind) == (25, 0)
    assert not put(PrefixCache(0), tokens, 40)
    assert not put(PrefixCache(ROOM), tokens, FEWEST - 1)
