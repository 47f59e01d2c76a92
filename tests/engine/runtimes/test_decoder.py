"""What writes, as a program of OpenVINO: the same tokens as the module's own, whoever else writes beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine import Answer, ModelKey, Partial
from core.engine.runtimes.decoder import DecoderExport, open_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.findings import PROGRAM, Tried, write
from core.engine.runtimes.rungs import PLAIN, named
from core.engine.runtimes.survey import survey
from core.engine.runtimes.surveyor import Surveyor
from core.engine.runtimes.writing import tried_writing
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import Text
from tests.engine.runtimes.surveyed_site import PATIENCE_S, Site
from tests.tiny.texts import byte_tokenizer

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

FLOAT32, INT8 = named("openvino float32"), named("openvino int8")
RUNGS = tuple(map(named, ("onnx int8", "openvino int8", "openvino bfloat16", "openvino float32", "torch float32")))
WINDOW = 24
"""Tokens that the model looks back on."""


def gone_wrong(failure: Exception) -> Any:
    raise failure


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Mistral that looks back as far as its window, of weights that make it sure of what it writes."""
    from transformers import MistralConfig, MistralForCausalLM

    folder = tmp_path_factory.mktemp("mistral")
    torch.manual_seed(0)
    fast = byte_tokenizer(folder)
    config = MistralConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        sliding_window=WINDOW,
        initializer_range=0.2,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    return folder


def loaded(checkpoint: Path) -> Any:
    pipe = get_task("text-generation").load(Checkpoint(checkpoint, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def tokens(text: str) -> Any:
    return torch.tensor([list(text.encode())])


@pytest.fixture(scope="module")
def program_folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    DecoderExport(loaded(checkpoint).model, tokens("a short text")).save(FLOAT32, folder)
    return folder


@pytest.fixture
def plain(checkpoint: Path) -> Any:
    return loaded(checkpoint).model


@pytest.fixture
def program(checkpoint: Path, program_folder: Path) -> Any:
    model = loaded(checkpoint).model
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


def test_texts_of_several_lengths_at_once_are_torchs(checkpoint: Path, program_folder: Path, plain: Any) -> None:
    model, failures = loaded(checkpoint).model, []

    def instead(failure: Exception) -> Any:
        failures.append(str(failure))
        return plain

    put_in_place(model, open_decoder(program_folder, FLOAT32, 1), instead)
    given, mask = torch.tensor([[0, 97, 98], [99, 100, 101]]), torch.tensor([[0, 1, 1], [1, 1, 1]])
    with torch.inference_mode():
        found, expected = (one(input_ids=given, attention_mask=mask).logits for one in (model, plain))
    assert found.equal(expected)
    assert failures == ["texts of several lengths at once are not read by a program"]


def test_a_program_that_fails_within_a_text_ends_it_and_torch_writes_the_next(
    checkpoint: Path, program_folder: Path, plain: Any
) -> None:
    model, read = loaded(checkpoint).model, open_decoder(program_folder, FLOAT32, 1)
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


def test_what_another_text_has_kept_is_refused(program_folder: Path) -> None:
    read = open_decoder(program_folder, FLOAT32, 1)
    from transformers import DynamicCache

    first = read(input_ids=tokens("one"), past_key_values=DynamicCache()).past_key_values
    assert first.get_seq_length() == 3
    read(input_ids=tokens("another"), past_key_values=DynamicCache())
    with pytest.raises(ValueError, match="another text"):
        read(input_ids=tokens("e"), past_key_values=first)
    with pytest.raises(ValueError, match="output_attentions"):
        read(input_ids=tokens("e"), output_attentions=True)


def test_all_of_its_rungs_are_tried_and_the_best_is_kept(checkpoint: Path, tmp_path: Path) -> None:
    tried = {one.rung: one for one in survey(get_task("text-generation"), checkpoint, RUNGS, 1, tmp_path)}
    assert tried["onnx int8"].verdict == "skipped"
    assert tried["openvino float32"].difference < 1e-4
    ran = [one for one in tried.values() if one.verdict in ("chosen", "slower")]
    assert len(ran) >= 3
    assert all(one.probe_ms > 0 for one in ran)
    (best,) = [one for one in tried.values() if one.verdict == "chosen"]
    assert [path.name for path in tmp_path.iterdir()] == (["program"] if best.rung.startswith("openvino") else [])


def test_a_text_grows_as_torchs_does(checkpoint: Path, program_folder: Path) -> None:
    task = get_task("text-generation")
    parameters = task.checked_parameters(
        {"max_new_tokens": 240, "seed": 5, "temperature": 2.0, "top_p": 1.0, "top_k": 500}
    )

    def parts(pipe: Any) -> list[str]:
        seen: list[str] = []
        task.stream(pipe, Text(text="Go on"), parameters, lambda part: seen.append(part.text), lambda: len(seen) > 4)
        return seen

    plain, by_program = loaded(checkpoint), loaded(checkpoint)
    put_in_place(by_program.model, open_decoder(program_folder, FLOAT32, 1), gone_wrong)
    with torch.inference_mode():
        assert parts(by_program) == parts(plain)
        assert len(parts(plain)) > 1


def test_a_model_that_was_surveyed_writes_for_visitors_as_torch_does(
    checkpoint: Path, program_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    by_torch = Site(checkpoint, tmp_path / "torch", "torch", task=task)
    site = Site(checkpoint, tmp_path / "findings", task=task)
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


def test_what_cannot_be_exported_is_said_of_each_rung_and_tried_once(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: list[Any] = []

    def cannot(model: Any, _prompt: Any) -> Any:
        exports.append(model)
        raise RuntimeError("no such operation")

    monkeypatch.setattr("core.engine.runtimes.writing.DecoderExport", cannot)

    def make(dtype: str) -> Any:
        return get_task("text-generation").load(Checkpoint(checkpoint, dtype, "cpu"))

    tried = tried_writing(get_task("text-generation"), make, (INT8, FLOAT32, PLAIN), 1, tmp_path)
    assert [one.verdict for one in tried] == ["failed", "failed", "slower"]
    assert tried[0].note == "RuntimeError: no such operation"
    assert len(exports) == 1


def test_what_writes_of_more_than_a_text_is_left_to_torch(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    task = get_task("translation")

    def make(dtype: str) -> Any:
        return task.load(Checkpoint(tiny_folder("translation"), dtype, "cpu"))

    program, plain = tried_writing(task, make, (FLOAT32, PLAIN), 1, tmp_path)
    assert (program.verdict, program.note) == ("skipped", "it writes of more than a text, as no program does")
    assert plain.verdict == "slower"
