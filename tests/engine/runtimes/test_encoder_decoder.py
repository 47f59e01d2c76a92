"""What writes of what it has read, as programs of OpenVINO: the same tokens as the module's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine.runtimes.encoder_decoder import EncoderDecoderExport, open_encoder_decoder
from core.engine.runtimes.exported import put_in_place
from core.engine.runtimes.rungs import Rung, named
from tests.engine.runtimes.programs import gone_wrong
from tests.tiny.sequences import SIZES

# What the libraries that convert say of each other's newer versions.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")

FLOAT32, BFLOAT16, INT8 = map(named, ("openvino float32", "openvino bfloat16", "openvino int8"))
LETTERS = 64
"""How many tokens the models know."""

IDS: Mapping[str, int] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
BART = {**SIZES, "vocab_size": LETTERS, "d_model": 32, "decoder_layers": 2, "max_position_embeddings": 64, **IDS}


def sure(model: Any) -> Any:
    """Return a model of weights so large that what it writes depends on what it has read."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and not any(table in name for table in ("embed", "shared", "wte", "wpe")):
                weights.mul_(12)
    return model.eval()


def bart() -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(3)
    return sure(BartForConditionalGeneration(BartConfig(forced_eos_token_id=None, **BART)))


def t5() -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(vocab_size=LETTERS, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=2, **IDS)
    return sure(T5ForConditionalGeneration(config))


def whisper() -> Any:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    config = WhisperConfig(num_mel_bins=8, max_source_positions=50, max_target_positions=48, **BART)
    return sure(WhisperForConditionalGeneration(config))


def captioner() -> Any:
    from transformers import GPT2Config, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig

    torch.manual_seed(0)
    vit = ViTConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8
    )
    gpt = GPT2Config(vocab_size=LETTERS, n_positions=64, n_embd=32, n_layer=2, n_head=2, add_cross_attention=True)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(vit, gpt)
    model = VisionEncoderDecoderModel(config)
    model.generation_config.update(**IDS)
    return sure(model)


def texts(*lengths: int) -> dict[str, Any]:
    """Return texts of these lengths, filled up behind."""
    draw = torch.Generator().manual_seed(sum(lengths))
    rows = torch.randint(3, LETTERS, (len(lengths), max(lengths)), generator=draw)
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    return {"input_ids": rows * mask, "attention_mask": mask}


def numbers(name: str, *shape: int) -> dict[str, Any]:
    return {name: torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))}


@dataclass
class Made:
    """Hold a model, what its encoder may be given, and its programs in folders by rung."""

    make: Callable[[], Any]
    inputs: Mapping[str, Any]
    export: EncoderDecoderExport
    folder: Path
    saved: dict[Rung, Path] = field(default_factory=dict)

    def programs(self, rung: Rung) -> Path:
        if rung not in self.saved:
            self.saved[rung] = self.folder / rung.name.replace(" ", "-")
            self.export.save(rung, self.saved[rung])
        return self.saved[rung]

    def in_programs(self, rung: Rung = FLOAT32) -> Any:
        model = self.make()
        write, read = open_encoder_decoder(self.programs(rung), rung, 1)
        put_in_place(model, write, gone_wrong, encoder=read)
        return model


INPUTS: Mapping[Callable[[], Any], Mapping[str, Any]] = {
    bart: texts(9, 20),
    t5: texts(9, 20),
    whisper: numbers("input_features", 2, 8, 100),
    captioner: numbers("pixel_values", 2, 3, 32, 32),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[], Any]], Made]:
    """Return what exports a model when it is first asked for."""

    @cache
    def once(make: Callable[[], Any]) -> Made:
        inputs = INPUTS[make]
        return Made(make, inputs, EncoderDecoderExport(make(), inputs), tmp_path_factory.mktemp(make.__name__))

    return once


def written(model: Any, inputs: Mapping[str, Any], **options: Any) -> list[list[int]]:
    """Return what a model writes of inputs, as long as it is asked to."""
    from transformers import GenerationMixin

    torch.manual_seed(1)
    with torch.inference_mode():  # Whisper's own way is for sounds that are longer than it hears
        found = GenerationMixin.generate(
            model, **inputs, max_new_tokens=24, min_new_tokens=24, **({"do_sample": False} | options)
        )
    rows: list[list[int]] = found.tolist()
    return rows


WAYS: Mapping[str, Mapping[str, Any]] = {
    "likeliest": {},
    "drawn": {"do_sample": True, "temperature": 3.0},
    "beams": {"num_beams": 3, "num_return_sequences": 3},
    "nothing kept": {"use_cache": False},
}


@pytest.mark.parametrize("make", INPUTS, ids=lambda make: make.__name__)
def test_programs_write_what_their_module_writes(make: Any, made: Any) -> None:
    its, plain = made(make), make()
    model = its.in_programs()
    for way, options in WAYS.items():
        expected = written(plain, its.inputs, **options)
        assert len({token for row in expected for token in row}) > 3, way  # or it would prove little
        assert written(model, its.inputs, **options) == expected, way


@pytest.mark.parametrize("make", [bart, whisper], ids=lambda make: make.__name__)
def test_wordings_of_one_text_are_compared_as_by_torch(make: Any, made: Any) -> None:
    its, plain = made(make), make()
    model, one = its.in_programs(), {name: rows[1:] for name, rows in its.inputs.items()}
    several = {"num_beams": 4, "num_return_sequences": 4}
    begun = {"decoder_input_ids": torch.tensor([[1, 9, 17]])}
    for options in (several, {**several, **begun}):
        expected = written(plain, one, **options)
        assert len({tuple(row) for row in expected}) == 4
        assert written(model, one, **options) == expected


def test_every_text_begins_anew_whatever_its_length(made: Any) -> None:
    plain, model = bart(), made(bart).in_programs()
    asked = [texts(5), texts(31), texts(5), texts(12, 30, 7), texts(31)]
    expected = [written(plain, one) for one in asked]
    assert expected[0] != expected[1]
    assert [written(model, one) for one in asked] == expected


def test_threads_write_beside_each_other(made: Any) -> None:
    plain, model = bart(), made(bart).in_programs()
    asked = [texts(length) for length in (5, 9, 13, 21)] * 2
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda one: written(model, one), asked))
    assert found == [written(plain, one) for one in asked]


def test_what_was_read_last_is_known_and_nothing_else_is_taken_for_it(made: Any) -> None:
    its = made(bart)
    _, read = open_encoder_decoder(its.programs(FLOAT32), FLOAT32, 1)
    asked = texts(12, 20)
    first = read(**asked)
    first["last_hidden_state"] = first["last_hidden_state"].repeat_interleave(3, dim=0)  # as beams do in place
    other = {**asked, "input_ids": asked["input_ids"].clone()}
    other["input_ids"][1, 4] = 3
    again, changed = read(**asked), read(**other)
    assert again["last_hidden_state"].equal(first["last_hidden_state"][::3])
    assert not changed["last_hidden_state"][1].equal(again["last_hidden_state"][1])
    encoder = bart().get_encoder()
    with torch.inference_mode():
        for given, found in ((asked, again), (other, changed)):
            assert torch.allclose(encoder(**given).last_hidden_state, found["last_hidden_state"], atol=1e-4)


@pytest.mark.parametrize("rung", [BFLOAT16, INT8], ids=lambda rung: rung.dtype)
def test_lower_precision_thinks_nearly_the_same(rung: Rung, made: Any) -> None:
    """Each next token of what float32 writes, without what is filled up behind."""
    its, plain, asked = made(bart), bart(), texts(9, 20)
    its.programs(BFLOAT16)  # before what changes the graph
    said = torch.tensor(written(plain, asked))
    with torch.inference_mode():
        expected = plain(**asked, decoder_input_ids=said).logits.softmax(-1)
    write, read = open_encoder_decoder(its.programs(rung), rung, 1)
    found = write(decoder_input_ids=said, encoder_outputs=read(**asked), attention_mask=asked["attention_mask"])
    assert (found.logits.float().softmax(-1) - expected).abs().mean() < 0.01


def test_what_another_text_has_kept_is_refused_and_so_is_what_no_program_gives(made: Any) -> None:
    from transformers import DynamicCache, EncoderDecoderCache

    its = made(bart)
    write, read = open_encoder_decoder(its.programs(FLOAT32), FLOAT32, 1)
    asked = texts(12)

    def ask(**more: Any) -> Any:
        mask = asked["attention_mask"]
        return write(
            decoder_input_ids=torch.tensor([[1, 5]]), encoder_outputs=read(**asked), attention_mask=mask, **more
        )

    first = ask(past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache())).past_key_values
    assert first.get_seq_length() == 2
    ask(past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache()))
    with pytest.raises(ValueError, match="another text"):
        ask(past_key_values=first)
    with pytest.raises(ValueError, match="output_attentions"):
        ask(output_attentions=True)
    with pytest.raises(ValueError, match="output_hidden_states"):
        read(**asked, output_hidden_states=True)


def test_a_whole_question_is_read_and_answered_at_once(made: Any) -> None:
    """As Whisper asks for the language."""
    its = made(whisper)
    write, _ = open_encoder_decoder(its.programs(FLOAT32), FLOAT32, 1)
    asked = {**its.inputs, "decoder_input_ids": torch.tensor([[1], [1]]), "use_cache": False}
    with torch.inference_mode():
        expected = whisper()(**asked).logits
    assert torch.allclose(write(**asked).logits, expected, atol=1e-3)


@pytest.mark.parametrize("fails", ["reading", "writing"])
def test_what_fails_leaves_both_to_torch(fails: str, made: Any) -> None:
    its, plain, model = made(bart), bart(), bart()
    write, read = open_encoder_decoder(its.programs(FLOAT32), FLOAT32, 1)
    failures: list[Exception] = []

    def fail(**_: Any) -> Any:
        raise OSError("its files are gone")

    def instead(failure: Exception) -> Any:
        failures.append(failure)
        return plain

    put_in_place(model, fail if fails == "writing" else write, instead, encoder=fail if fails == "reading" else read)
    asked = texts(12)
    assert [written(model, asked) for _ in range(2)] == [written(plain, asked)] * 2
    assert len(failures) == 1
    assert model.get_encoder().forward == plain.get_encoder().forward
