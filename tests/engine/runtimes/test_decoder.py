"""What writes, as a program of OpenVINO: the same tokens as the module's own, whoever else writes beside it."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import DynamicCache

from core.engine import Answer, ModelKey, Partial
from core.engine.runtimes.decoder import DecoderExport, open_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.findings import PROGRAM, Tried, write
from core.engine.runtimes.rungs import PLAIN, Rung, named
from core.engine.runtimes.surveyor import Surveyor
from core.tasks import get_task
from core.tasks.kept import Kept, carry
from core.tasks.spec import Checkpoint
from core.values import Text
from tests.engine.runtimes.programs import gone_wrong
from tests.engine.runtimes.surveyed_site import PATIENCE_S, Site

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

FLOAT32, INT8 = named("openvino float32"), named("openvino int8")


def loaded(mistral: Path) -> Any:
    pipe = get_task("text-generation").load(Checkpoint(mistral, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def tokens(text: str) -> Any:
    return torch.tensor([list(text.encode())])


@pytest.fixture(scope="module")
def program_folder(mistral: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    DecoderExport(loaded(mistral).model, tokens("a short text")).save(FLOAT32, folder)
    return folder


@pytest.fixture
def plain(mistral: Path) -> Any:
    return loaded(mistral).model


@pytest.fixture
def program(mistral: Path, program_folder: Path) -> Any:
    model = loaded(mistral).model
    put_in_place(model, open_decoder(program_folder, FLOAT32, 1), gone_wrong)
    return model


def written(model: Any, text: str, **options: Any) -> list[list[int]]:
    """Return what a model writes after a text, as long as it is asked to."""
    given = tokens(text)
    torch.manual_seed(1)
    with torch.inference_mode():
        found = model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=40,
            min_new_tokens=40,
            **({"do_sample": False} | options),
        )
    return [row[given.shape[1] :].tolist() for row in found]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a", {}),
        ("a text longer than the window of this model, which forgets how it began", {}),
        ("drawn by chance", {"do_sample": True, "temperature": 0.9}),
        ("several wordings", {"num_beams": 3, "num_return_sequences": 3}),
        ("several drawn", {"do_sample": True, "num_return_sequences": 2}),
        ("with nothing kept", {"use_cache": False}),
    ],
    ids=["one token", "beyond the window", "drawn", "beams", "several", "nothing kept"],
)
def test_a_program_writes_what_its_module_writes(text: str, options: dict[str, Any], plain: Any, program: Any) -> None:
    expected = written(plain, text, **options)
    assert len({token for row in expected for token in row}) > 5  # or it would prove little
    assert written(program, text, **options) == expected


def test_every_text_begins_anew(plain: Any, program: Any) -> None:
    first, second = (written(plain, text) for text in ("one text", "another"))
    assert [written(program, text) for text in ("one text", "another", "one text")] == [first, second, first]


def test_threads_write_beside_each_other(plain: Any, program: Any) -> None:
    texts = ["one text", "a second one", "and a third", "one more"] * 2
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: written(program, text), texts))
    assert found == [written(plain, text) for text in texts]


def test_a_text_given_up_half_way_is_not_gone_on_with(plain: Any, program: Any) -> None:
    def give_up(input_ids: Any, _scores: Any, **_: Any) -> Any:
        if input_ids.shape[1] > 20:
            raise InterruptedError
        return torch.zeros(len(input_ids), dtype=torch.bool)

    with pytest.raises(InterruptedError):
        written(program, "never to be ended", stopping_criteria=[give_up])
    assert written(program, "one text") == written(plain, "one text")


def test_texts_of_several_lengths_are_written_together(plain: Any, program: Any) -> None:
    texts = ["a", "one text", "another one, longer than the window of this model"]
    longest = max(map(len, texts))
    together = torch.cat([torch.nn.functional.pad(tokens(text), (longest - len(text), 0)) for text in texts])
    mask = torch.tensor([[0] * (longest - len(text)) + [1] * len(text) for text in texts])
    with torch.inference_mode():
        found = program.generate(
            input_ids=together, attention_mask=mask, max_new_tokens=40, min_new_tokens=40, do_sample=False
        )
    assert [row[longest:].tolist() for row in found] == [written(plain, text)[0] for text in texts]


def test_what_fills_up_is_not_read_in_8_bits_either(mistral: Path, tmp_path: Path) -> None:
    DecoderExport(loaded(mistral).model, tokens("a short text")).save(INT8, tmp_path)
    read = open_decoder(tmp_path, INT8, 1)
    long, short = tokens("a text of some length"), tokens("a text")
    gap = long.shape[1] - short.shape[1]
    together = torch.cat([long, torch.nn.functional.pad(short, (gap, 0))])
    mask = torch.ones_like(together)
    mask[1, :gap] = 0
    found = read(input_ids=together, attention_mask=mask).logits[:, -1].softmax(-1)
    for row, text in zip(found, (long, short), strict=True):
        assert torch.allclose(row, read(input_ids=text).logits[0, -1].softmax(-1), atol=0.02)


def test_a_program_that_fails_within_a_text_ends_it_and_torch_writes_the_next(
    mistral: Path, program_folder: Path, plain: Any
) -> None:
    model, read = loaded(mistral).model, open_decoder(program_folder, FLOAT32, 1)
    tokens_left = [5]

    def fail_later(**inputs: Any) -> Any:
        tokens_left[0] -= 1
        if tokens_left[0] < 0:
            raise OSError("its files are gone")
        return read(**inputs)

    put_in_place(model, fail_later, lambda _: plain)
    with pytest.raises(OSError, match="files are gone"):
        written(model, "one text")
    assert written(model, "one text") == written(plain, "one text")


def test_what_a_program_was_not_made_for_is_refused(program_folder: Path) -> None:
    read = open_decoder(program_folder, FLOAT32, 1)
    with pytest.raises(ValueError, match="output_attentions"):
        read(input_ids=tokens("e"), output_attentions=True)


def test_texts_are_read_by_turns(program_folder: Path) -> None:
    read = open_decoder(program_folder, FLOAT32, 1)

    def next_after(text: str, more: str) -> Any:
        kept = read(input_ids=tokens(text), past_key_values=DynamicCache()).past_key_values
        return read(input_ids=tokens(more), past_key_values=kept).logits

    expected = [next_after("one", "e"), next_after("another", "r")]
    kept = [read(input_ids=tokens(text), past_key_values=DynamicCache()).past_key_values for text in ("one", "another")]
    assert [one.get_seq_length() for one in kept] == [3, 7]
    found = [read(input_ids=tokens(more), past_key_values=one) for one, more in zip(kept, "er", strict=True)]
    assert all(torch.equal(one.logits, its) for one, its in zip(found, expected, strict=True))
    assert [one.past_key_values.get_seq_length() for one in found] == [4, 8]


@pytest.mark.parametrize("rung", [FLOAT32, INT8], ids=lambda rung: rung.dtype)
def test_what_is_kept_can_be_carried_to_another_request(rung: Rung, mistral: Path, tmp_path: Path) -> None:
    DecoderExport(loaded(mistral).model, tokens("a short text")).save(rung, tmp_path)
    read = open_decoder(tmp_path, rung, 1)
    texts, more = ("one text", "another"), ("e", "r")
    kept = [read(input_ids=tokens(text), past_key_values=DynamicCache()).past_key_values for text in texts]
    rows = [Kept(kept[1], 0, 7), Kept(kept[0], 0, 8), Kept(kept[0], 0, 8)]
    (carried, alone), (apart,) = carry([rows, rows[:1]], rows[1:2])
    assert alone.get_seq_length() == 7
    assert (carried.get_seq_length(), kept[0].get_seq_length()) == (8, 8)
    mask = torch.tensor([[0] + [1] * 8, [1] * 9, [1] * 9])
    found = read(input_ids=torch.cat([tokens(one) for one in "ree"]), past_key_values=carried, attention_mask=mask)
    assert found.past_key_values.get_seq_length() == 9
    by_itself = [read(input_ids=tokens(one), past_key_values=its).logits for one, its in zip(more, kept, strict=True)]
    expected = torch.cat([by_itself[1], by_itself[0], by_itself[0]])
    assert torch.allclose(found.logits, expected, atol=1e-4)
    assert apart.layers[0][0].dtype == (torch.float32 if rung is FLOAT32 else torch.float16)
    (again,), _ = carry([[Kept(apart, 0, 8)]])
    assert torch.allclose(read(input_ids=tokens("e"), past_key_values=again).logits, by_itself[0], atol=1e-4)
    (beginning,), _ = carry([[Kept(apart, 0, 3, behind=5)]])
    one = read(input_ids=tokens(" text"), past_key_values=beginning)
    assert torch.allclose(
        read(input_ids=tokens("e"), past_key_values=one.past_key_values).logits, by_itself[0], atol=0.05
    )


def test_a_text_grows_as_torchs_does(mistral: Path, program_folder: Path) -> None:
    task = get_task("text-generation")
    parameters = task.checked_parameters(
        {"max_new_tokens": 240, "seed": 5, "temperature": 2.0, "top_p": 1.0, "top_k": 500}
    )

    def parts(pipe: Any) -> list[str]:
        seen: list[str] = []
        task.stream(pipe, Text(text="Go on"), parameters, lambda part: seen.append(part.text), lambda: len(seen) > 4)
        return seen

    plain, by_program = loaded(mistral), loaded(mistral)
    put_in_place(by_program.model, open_decoder(program_folder, FLOAT32, 1), gone_wrong)
    with torch.inference_mode():
        assert parts(by_program) == parts(plain)
        assert len(parts(plain)) > 1


def test_a_model_that_was_surveyed_writes_for_visitors_as_torch_does(
    mistral: Path, program_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = get_task("text-generation")

    def found_before(_: Surveyor, key: ModelKey, folder: Path, scratch: Path) -> bool:
        shutil.copytree(program_folder, scratch / PROGRAM)
        write(scratch, [Tried(FLOAT32.name, "chosen"), Tried(PLAIN.name, "slower")])
        return True

    monkeypatch.setattr(Surveyor, "_run", found_before)
    parameters = task.checked_parameters({"max_new_tokens": 40, "seed": 5})

    def told(site: Site, text: str, *, stop: bool = False) -> Answer:
        ticket = site.engine.submit(task, site.key, Text(text=text), parameters, streaming=True)
        return ticket.watch(lambda event: ticket.stop() if stop and isinstance(event, Partial) else None)

    by_torch = Site(mistral, tmp_path / "torch", "torch", task=task)
    site = Site(mistral, tmp_path / "findings", task=task)
    expected = told(by_torch, "Go on").output
    assert told(site, "Go on").runtime == "torch"  # until it was surveyed
    assert site.renewed.wait(PATIENCE_S)
    while told(site, "Let it be loaded anew.").runtime == "torch":
        pass
    told(site, "Another, that may be stopped half way", stop=True)
    answer = told(site, "Go on")
    by_torch.close()
    site.close()
    assert (answer.runtime, answer.dtype) == ("openvino", "float32")
    assert answer.output == expected
