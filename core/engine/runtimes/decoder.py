"""A decoder of text as a program of OpenVINO that keeps what it has read: its cache of keys and values never leaves it.

Owns the export, and what transformers' `generate` calls instead of the module's forward. Of torch's time for a token
most went into reaching each of its operations from Python: a program does a token in one call. What writes of what an
encoder has read is `core.engine.runtimes.encoder_decoder`'s.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any, Final

from core.engine.runtimes.exported import Program, compiled, finish_graph
from core.engine.runtimes.rungs import Rung
from core.tasks.kept import Kind, Put, Rows

TAKES: Final = frozenset(
    {
        "input_ids",
        "attention_mask",
        "position_ids",
        "past_key_values",
        "use_cache",
        "return_dict",
        "logits_to_keep",
    }
)
"""What `generate` gives to the forward of a decoder of text alone."""

CACHE_IN: Final[Mapping[str, str]] = {"float32": "f32", "bfloat16": "bf16", "int8": "u8"}
"""What keys and values are kept in, by the dtype of the rung; OpenVINO would keep all in 8 bits."""

SMALL: Final[Mapping[str, str]] = {"f32": "float32", "bf16": "bfloat16", "u8": "float16"}
"""The dtype of torch that loses nothing of each of these: float16 tells the 256 steps of 8 bits apart.

What else a processor may keep them in is kept as it is handed out, in float32.
"""

_STATE: Final = re.compile(r"layers\.(\d+)\.(keys|values)$")
"""How the exporter calls what a program keeps."""


class DecoderExport:
    """Export a model once for all rungs.

    Args:
        prompt: tokens of a text, of shape (1, tokens).

    Raises: whatever the exporter does: not every architecture can be exported.
    """

    def __init__(self, model: Any, prompt: Any) -> None:
        from transformers.exporters import OpenVINOConfig, OpenVINOExporter
        from transformers.exporters.utils import decompose_for_generation

        # A program made of a single text takes no two, and one made of texts of one length does not look at a mask.
        prompts = prompt.repeat(2, 1)
        mask = prompts.new_ones(prompts.shape)
        mask[0, 0] = 0
        given = {"input_ids": prompts, "attention_mask": mask}
        module, inputs = decompose_for_generation(model, given, multi_token_decode=True)["decode"]
        # Of a long prompt only what comes after its last token is asked for.
        self._made = OpenVINOExporter().export(module, {**inputs, "logits_to_keep": 1}, OpenVINOConfig(dynamic=True))

    def save(self, rung: Rung, folder: Path) -> None:
        """Write the program of a rung into a folder; those of 8 bits come last, as they change what is written."""
        finish_graph(self._made.program, rung)
        self._made.save_pretrained(folder)


def open_decoder(folder: Path, rung: Rung, threads: int) -> Program:
    """Return what a decoder's forward is replaced by. Any thread may ask; each goes on with what it read last."""
    runner = compiled(folder, rung, threads, {"KV_CACHE_PRECISION": CACHE_IN[rung.dtype]})["model"]
    own = threading.local()

    def ask(**inputs: Any) -> Any:
        if not hasattr(own, "reader"):
            own.reader = _Reader(runner.compiled_model)
        return own.reader.read(**inputs)

    return ask


class Reading:
    """Hold one request of a program that keeps what it reads: of one text or several, and which these are.

    Each text has a new one, which takes 0.06 ms: one that is reset keeps the room that its longest text took.

    Args:
        compiled_model: a program whose answer of what comes next is called logits.
    """

    def __init__(self, compiled_model: Any) -> None:
        self._program = compiled_model
        self._request: Any = None
        self._inputs = inputs_of(compiled_model)
        self._logits = next(port for port in compiled_model.outputs if "logits" in port.get_names())
        self.kept: Any = None

    def goes_on_after(self, past_key_values: Any) -> int:
        """Return how many tokens of a text were read; 0 where one begins, which it is made ready for.

        Args:
            past_key_values: what stands for the text; None if nobody will go on with it.
        """
        read = int(past_key_values.get_seq_length()) if past_key_values is not None else 0
        if read and past_key_values is self.kept:
            return read
        request = past_key_values.request if read else None
        self._request = self._program.create_infer_request() if request is None else request
        is_new = past_key_values is not None and request is None
        self.kept = _kept_elsewhere()(self._request, 0) if is_new else past_key_values
        return read

    def read(self, given: Mapping[str, Any], rows: int, tokens: int) -> Any:
        """Read so many tokens of each of so many texts; return the logits of what comes next.

        Args:
            given: tensors by name, or OpenVINO's own; what the program does not take is left out.
        """
        import torch

        feed = fed(self._inputs, given)
        if "beam_idx" in self._inputs:
            going_on = None if self.kept is None else self.kept.going_on()
            feed["beam_idx"] = (torch.arange(rows) if going_on is None else going_on).to(torch.int32).numpy()
        logits = torch.from_numpy(self._request.infer(feed, share_inputs=True)[self._logits])
        if self.kept is not None:
            self.kept.length += tokens
        return logits


def inputs_of(compiled_model: Any) -> dict[str, str]:
    """Return what each input of a program is called where it is given, by its own name.

    One that has the name of an output was exported with a word before it.
    """
    return {name: name.removeprefix("input.") for port in compiled_model.inputs for name in port.get_names()}


def fed(inputs: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a program takes of what is given by name: tensors of torch as arrays on the same memory.

    Args:
        inputs: as `inputs_of` returns them.
    """
    import torch

    taken = {name: given[source] for name, source in inputs.items() if source in given}
    return {name: one.contiguous().numpy() if isinstance(one, torch.Tensor) else one for name, one in taken.items()}


def asked_for(by_name: Mapping[str, Any]) -> set[str]:
    """Return the names of what a module is given or asked for: what is None or False is neither."""
    return {name for name, value in by_name.items() if value is not None and value is not False}


def refuse_all_but(takes: Set[str], by_name: Mapping[str, Any]) -> None:
    """Refuse what a program was not made for.

    Raises: ValueError if it is given more than it takes, or asked for more of an answer than what comes next.
    """
    unknown = asked_for(by_name) - takes
    if unknown:
        raise ValueError(f"a program takes {', '.join(sorted(takes))}, and was asked {', '.join(sorted(unknown))}")


class _Reader:
    """Read texts for one thread, one after the other."""

    def __init__(self, compiled_model: Any) -> None:
        self._reading = Reading(compiled_model)

    def read(
        self,
        *,
        input_ids: Any,
        past_key_values: Any = None,
        attention_mask: Any = None,
        position_ids: Any = None,
        **asked: Any,
    ) -> Any:
        """Read tokens, and answer what may come after the last one.

        Args:
            attention_mask: of shape (texts, tokens so far and new ones); 0 for what stands before a shorter text.

        Raises: ValueError for what a program was not made for.
        """
        from transformers.modeling_outputs import CausalLMOutputWithPast

        refuse_all_but(TAKES, asked)
        read = self._reading.goes_on_after(past_key_values)
        rows, new = input_ids.shape
        if attention_mask is None:
            attention_mask = input_ids.new_ones((rows, read + new))
        if position_ids is None:
            position_ids = (attention_mask.cumsum(-1) - 1).clamp_min(0)[:, -new:]
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "position_ids": position_ids}
        logits = self._reading.read(given, rows, new)
        return CausalLMOutputWithPast(logits=logits, past_key_values=self._reading.kept)


def _states(request: Any) -> dict[tuple[int, str], Any]:
    """Return what a request keeps, by the number of the layer and whether it is its keys or its values."""
    states = {}
    for state in request.query_state():
        found = _STATE.search(state.name)
        if found is None:
            raise ValueError(f"a program keeps more of a text than keys and values: {state.name}")
        states[int(found[1]), found[2]] = state
    return states


class _OfProgram:
    """Make what stands for caches of a program's requests. Satisfies `core.tasks.kept.Kind`.

    OpenVINO gives and takes all as float32, and finds the same numbers in 8 bits again.
    """

    def __init__(self, compiled_model: Any) -> None:
        self._program = compiled_model
        self._small = SMALL.get(compiled_model.get_property("KV_CACHE_PRECISION").get_type_name(), "float32")

    def opened(self, tokens: int) -> tuple[Any, Put]:
        """Return what stands for the cache of a new request, and what puts a layer there."""
        from openvino import Tensor  # type: ignore[import-untyped]  # it has no types

        request = self._program.create_infer_request()
        states = _states(request)

        def put(layer: int, keys: Any, values: Any) -> None:
            for which, numbers in (("keys", keys), ("values", values)):
                states[layer, which].state = Tensor(numbers.float().numpy())

        return _kept_elsewhere()(request, tokens), put

    def small(self, numbers: Any) -> Any:
        """Return a copy in the dtype that the numbers were kept in, or one that tells the steps of 8 bits apart."""
        import torch

        return numbers.to(getattr(torch, self._small), copy=True)


class _ReadByRequest:
    """Hand out what a request keeps. Satisfies `core.tasks.kept.Rows`."""

    def __init__(self, request: Any) -> None:
        self.kind: Kind = _OfProgram(request.get_compiled_model())
        self._states = _states(request)

    def layers_count(self) -> int:
        """Return how many layers there are."""
        return len(self._states) // 2

    def layer(self, number: int) -> tuple[Any, Any]:
        """Return the keys and values of a layer."""
        import torch

        keys, values = (torch.from_numpy(self._states[number, which].state.data) for which in ("keys", "values"))
        return keys, values


@cache
def _kept_elsewhere() -> type:
    """Return the class of what stands for a request's cache in `generate`; late, as the server starts without it."""
    from transformers import DynamicCache

    class KeptElsewhere(DynamicCache):  # type: ignore[misc]  # transformers has no types
        """Say how much was read, and note which of several texts or wordings go on."""

        def __init__(self, request: Any, length: int) -> None:
            super().__init__()
            self.request, self.length = request, length
            self._going_on: Any = None

        def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002  # all layers have read the same
            return self.length

        def reorder_cache(self, beam_idx: Any) -> None:
            self._going_on = beam_idx

        def batch_select_indices(self, indices: Any) -> None:
            self._going_on = indices

        def rows(self) -> Rows:
            """Return what is kept now."""
            return _ReadByRequest(self.request)

        def going_on(self) -> Any:
            """Return the rows that the next tokens go on from, once; None if each goes on from itself."""
            rows, self._going_on = self._going_on, None
            return rows

    return KeptElsewhere
