"""Text generation: continuing and conversing as transformers does, ending where it should, refusing in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BadParameters, TooLarge
from core.tasks.stopping import before, settled
from core.values import Chat, Message, Text
from tests.tasks.writing import GREEDY, TASK, loaded, written
from tests.tiny import texts

TALK = Chat(
    messages=(
        Message(role="user", content="Hello."),
        Message(role="assistant", content="Hi."),
        Message(role="user", content="And?"),
    )
)


@pytest.fixture(scope="module")
def base(tiny_folder: Callable[[str], Path]) -> Any:
    return loaded(tiny_folder(TASK.id))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return loaded(texts.chat(tmp_path_factory.mktemp("chat")))


def streamed(pipe: Any, inputs: Text | Chat, **parameters: Any) -> tuple[str, list[str]]:
    grown: list[Text] = []
    assert TASK.stream is not None
    checked = TASK.checked_parameters({**GREEDY, **parameters})
    answer = TASK.stream(pipe, inputs, checked, grown.append, lambda: False)
    return answer.text, [text.text for text in grown]


def directly(pipe: Any, prompt: str) -> str:
    read = pipe.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    tokens = pipe.model.generate(**read, do_sample=False, max_new_tokens=12)
    return str(pipe.tokenizer.decode(tokens[0, read["input_ids"].shape[1] :], skip_special_tokens=True))


def test_a_base_model_continues_the_text(base: Any) -> None:
    assert written(base, Text(text="the film")) == directly(base, "the film")


def test_a_chat_model_answers_the_whole_conversation(chat: Any) -> None:
    assert written(chat, TALK) == directly(chat, "u:Hello.\na:Hi.\nu:And?\na:")


def test_a_plain_text_is_a_message_to_a_chat_model(chat: Any) -> None:
    assert written(chat, Text(text="Hello.")) == directly(chat, "u:Hello.\na:")


def test_the_system_prompt_stands_first_and_gives_way_to_the_conversations_own(chat: Any) -> None:
    told = directly(chat, "s:Be brief.\nu:Hello.\na:")
    assert written(chat, Text(text="Hello."), system_prompt="Be brief.") == told
    own = Chat(messages=(Message(role="system", content="Be brief."), Message(role="user", content="Hello.")))
    assert written(chat, own, system_prompt="Be long.") == told


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_before_a_stop_sequence(base: Any, stream: bool) -> None:
    import torch

    def answer(**parameters: Any) -> str:
        torch.manual_seed(0)
        given = {"do_sample": True, "temperature": 2.0, "max_new_tokens": 40, **parameters}
        return streamed(base, Text(text="the film"), **given)[0] if stream else written(base, Text(text="x"), **given)

    whole = answer()
    at = next(at for at in range(5, 40) if whole[at : at + 2].isascii() and whole.index(whole[at : at + 2]) == at)
    assert answer(stop=["never", whole[at : at + 2]]) == whole[:at]


def test_a_stop_sequence_ends_the_work_too(base: Any) -> None:
    whole = written(base, Text(text="the film"), max_new_tokens=40)
    counted: list[int] = []
    generate = base.model.generate

    def count(*args: Any, **options: Any) -> Any:
        tokens = generate(*args, **options)
        counted.append(tokens.sequences.shape[1])
        return tokens

    base.model.generate = count
    try:
        written(base, Text(text="the film"), max_new_tokens=40, stop=[whole[2]])
        written(base, Text(text="the film"), max_new_tokens=40)
    finally:
        del base.model.generate
    assert counted[0] < counted[1]


def test_nothing_that_is_shown_is_taken_back(base: Any) -> None:
    whole = written(base, Text(text="the film"))
    answer, grown = streamed(base, Text(text="the film"), stop=[whole[3:6]])
    assert all(answer.startswith(text) for text in grown)


@pytest.mark.parametrize(
    ("text", "stops", "cut", "sure"),
    [
        ("one END two", ("END",), "one ", "one "),
        ("one EN", ("END",), "one EN", "one "),
        ("one EN", ("END", "ENOUGH", "E"), "one ", "one "),
        ("one E and", ("END",), "one E and", "one E and"),
        ("", ("END",), "", ""),
        ("one", (), "one", "one"),
    ],
)
def test_what_a_stop_sequence_leaves(text: str, stops: tuple[str, ...], cut: str, sure: str) -> None:
    assert before(text, stops) == cut
    assert settled(text, stops) == sure


def test_a_base_model_takes_no_conversation_and_no_system_prompt(base: Any) -> None:
    with pytest.raises(BadInput, match="continues texts; it was not taught to converse"):
        written(base, TALK)
    with pytest.raises(BadParameters, match="takes no system prompt"):
        written(base, Text(text="the film"), system_prompt="Be brief.")


def test_a_prompt_that_leaves_no_room_is_refused_and_one_that_leaves_little_is_answered(base: Any) -> None:
    with pytest.raises(TooLarge, match="The text is 64 tokens long, and this model reads and writes 64 in all"):
        written(base, Text(text="x" * 64))
    assert len(base.tokenizer(written(base, Text(text="x" * 60)))["input_ids"]) <= 4


def test_what_a_template_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    template = "{{ raise_exception('System role not supported') if messages[0].role == 'system' }}u:a:"
    pipe = loaded(texts.text_generation(tmp_path, chat_template=template))
    with pytest.raises(BadInput, match=r"cannot take such a conversation: System role not supported\. Leave"):
        written(pipe, Text(text="Hello."), system_prompt="Be brief.")


def test_stop_sequences_are_checked() -> None:
    with pytest.raises(BadParameters, match="stop"):
        TASK.checked_parameters({"stop": [""]})
