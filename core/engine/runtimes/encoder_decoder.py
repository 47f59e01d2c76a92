"""A model that writes of what it has read, as three programs of OpenVINO: translators, Whisper, captions of pictures.

Owns their export and what answers in place of the module's encoder and of its forward. What one request has read is
`core.engine.runtimes.decoder`'s. The encoder reads once; of its answer a second program makes the keys and values that
every token looks at; the third writes, and keeps those of what it has written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.engine.runtimes.decoder import CACHE_IN, Reading, fed, inputs_of, refuse_all_but
from core.engine.runtimes.exported import Program, compiled, finish_graph, is_narrow
from core.engine.runtimes.graph import cut_outputs, take_from_outside, with_narrow_ports
from core.engine.runtimes.rungs import Rung

TAKES: Final = frozenset(
    {
        "decoder_input_ids",
        "encoder_outputs",
        "attention_mask",
        "past_key_values",
        "use_cache",
        "return_dict",
    }
)
"""What `generate` gives to the forward of a model with an encoder, beside what the encoder reads."""

_CROSSED: Final = "cross_attention_cache"
_ENCODER, _CROSSING, _DECODER = "encoder", "crossing", "decoder"


class EncoderDecoderExport:
    """Export a model once for all rungs.

    Args:
        read: tensors by name that the encoder was given, of one input or several.

    Raises: whatever the exporter does: not every architecture can be exported.
    """

    def __init__(self, model: Any, read: Mapping[str, Any]) -> None:
        import torch
        from transformers.exporters import ExportedModel, OpenVINOConfig, OpenVINOExporter

        encoder = model.get_encoder()
        # A program made of a single input takes no two, and one made of inputs of one length does not look at a mask.
        inputs = {name: torch.cat([one[:1], one[:1]]) for name, one in read.items()}
        if "attention_mask" in inputs:
            inputs["attention_mask"][0, -1] = 0
        with torch.no_grad():
            begun, gone_on = _questions(model, encoder(**inputs, return_dict=True), inputs)
        exporter, config = OpenVINOExporter(), OpenVINOConfig(dynamic=True)
        programs = {
            name: exporter.export(module, given, config).components["model"]
            for name, module, given in (
                (_ENCODER, encoder, inputs),
                (_CROSSING, model, begun),
                (_DECODER, model, gone_on),
            )
        }
        cut_outputs(programs[_CROSSING].program, _CROSSED)
        cut_outputs(programs[_DECODER].program, "logits")
        take_from_outside(programs[_DECODER].program, _CROSSED)
        self._made = ExportedModel(programs, exporter.export_format, config=model.config)

    def save(self, rung: Rung, folder: Path) -> None:
        """Write the programs of a rung into a folder; those of 8 bits come last, as they change what is written."""
        from transformers.exporters import ExportedModel
        from transformers.exporters.base import ExportedComponent

        written = {}
        for name, component in self._made.components.items():
            finish_graph(component.program, rung)
            # Handed on as it is computed with: Whisper's decoder took 0.64 of the time in 8 bits for it.
            program = with_narrow_ports(component.program, _CROSSED) if is_narrow(rung) else component.program
            written[name] = ExportedComponent(program, component.metadata)
        ExportedModel(written, self._made.export_format, config=self._made.config).save_pretrained(folder)


def _questions(model: Any, encoded: Any, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a model is asked at the beginning of two texts, and how it is asked to go on with them."""
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    start = getattr(model.generation_config, "decoder_start_token_id", None) or 0
    given = {"decoder_input_ids": torch.full((2, 2), start), "encoder_outputs": encoded, "use_cache": True}
    if "attention_mask" in inputs:
        given["attention_mask"] = inputs["attention_mask"]
    nothing, kept = (EncoderDecoderCache(DynamicCache(), DynamicCache()) for _ in range(2))
    model(**given, past_key_values=kept)
    return {**given, "past_key_values": nothing}, {**given, "past_key_values": kept}


def open_encoder_decoder(folder: Path, rung: Rung, threads: int) -> tuple[Program, Program]:
    """Return what a module's forward and its encoder's are replaced by; any thread may ask them."""
    runners = compiled(folder, rung, threads, {"KV_CACHE_PRECISION": CACHE_IN[rung.dtype]})
    own = threading.local()

    def mine() -> _Writer:
        if not hasattr(own, "writer"):
            own.writer = _Writer(runners)
        writer: _Writer = own.writer
        return writer

    return lambda **inputs: mine().write(**inputs), lambda **inputs: mine().read(**inputs)


class _Writer:
    """Read and write for one thread: one text after the other, or several at once.

    Args:
        runners: the programs by name.
    """

    def __init__(self, runners: Mapping[str, Any]) -> None:
        self._encoder, self._crossing = runners[_ENCODER], runners[_CROSSING].compiled_model
        self._encoding = self._encoder.compiled_model.create_infer_request()
        self._read_by, self._crossed_by = inputs_of(self._encoder.compiled_model), inputs_of(self._crossing)
        self._takes = frozenset(self._encoder.metadata.kwargs)
        self._decoder = Reading(runners[_DECODER].compiled_model)
        self._looking: Any = None
        self._crossed: dict[str, Any] = {}
        self._last_read: tuple[dict[str, Any], list[Any]] | None = None

    def read(self, **inputs: Any) -> Any:
        """Return what the encoder makes of inputs, which is known if these are the last ones.

        A Whisper that finds out the language by itself hears each sound twice.
        """
        from transformers.exporters.runners.runner_openvino import openvino_output_tensor

        refuse_all_but(self._takes | {"return_dict"}, inputs)
        given = fed(self._read_by, inputs)
        if self._last_read is None or not _alike(given, self._last_read[0]):
            found = self._encoding.infer(given, share_inputs=True)
            answer = [openvino_output_tensor(found[port], port) for port in self._encoder.compiled_model.outputs]
            self._last_read = ({name: one.copy() for name, one in given.items()}, answer)
        return self._encoder.unflatten(list(self._last_read[1]))

    def write(
        self,
        *,
        decoder_input_ids: Any,
        encoder_outputs: Any = None,
        attention_mask: Any = None,
        past_key_values: Any = None,
        **asked: Any,
    ) -> Any:
        """Read tokens of what is written, and answer what may come after each.

        Args:
            attention_mask: 0 for what is no part of what was read.
            asked: what the encoder reads, where it was not asked before.

        Raises: ValueError for what a program was not made for.
        """
        from transformers.modeling_outputs import Seq2SeqLMOutput

        refuse_all_but(TAKES | (frozenset() if encoder_outputs is not None else self._takes), asked)
        if encoder_outputs is None:
            masked = {} if attention_mask is None else {"attention_mask": attention_mask}
            read = {name: one for name, one in {**asked, **masked}.items() if name in self._takes}
            encoder_outputs = self.read(**read)
        encoded = {f"encoder_outputs.{name}": one for name, one in encoder_outputs.items()}
        given = {"decoder_input_ids": decoder_input_ids, **encoded}
        if attention_mask is not None:
            given["attention_mask"] = attention_mask
        is_begun = past_key_values is not None and past_key_values.get_seq_length() > 0
        if is_begun and past_key_values is not self._decoder.kept:
            raise ValueError("another text was read in between, and what this one looks at is not kept")
        if not self._decoder.goes_on_after(past_key_values):
            self._crossed = self._looked_at(given)
        logits = self._decoder.read({**given, **self._crossed}, *decoder_input_ids.shape)
        return Seq2SeqLMOutput(logits=logits, past_key_values=self._decoder.kept)

    def _looked_at(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys and values of what was read, in OpenVINO's memory, by the decoder's names of them.

        Wordings of the same text look at one row of them: Whisper's five then take 0.44 of the time for each token.
        """
        read = given["encoder_outputs.last_hidden_state"]
        rows = 1 if read[1:].equal(read[:-1]) else len(read)
        self._looking = self._crossing.create_infer_request()  # kept, as what it answers is its own memory
        self._looking.infer(fed(self._crossed_by, {name: one[:rows] for name, one in given.items()}))
        return {port.get_any_name(): self._looking.get_tensor(port) for port in self._crossing.outputs}


def _alike(these: Mapping[str, Any], those: Mapping[str, Any]) -> bool:
    return these.keys() == those.keys() and all(np.array_equal(one, those[name]) for name, one in these.items())
