"""The same checkpoint behind Gradio, as its users write it: run by the benchmarks in a venv of its own.

Usage: python gradio_app.py KIND FOLDER PORT BATCH, where KIND is text, image, audio, writing, answering, conversing,
translating or hearing, and BATCH 0 for one by one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import gradio as gr
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, pipeline

TASKS = {
    "text": "text-classification",
    "image": "image-classification",
    "audio": "audio-classification",
    "writing": "text-generation",
    "answering": "text-generation",
    "conversing": "text-generation",
    "hearing": "automatic-speech-recognition",
}
LABELS = {"top_k": 3}
DRAWN = {"do_sample": True, "temperature": 1.0, "top_p": 1.0, "top_k": 500}
OPTIONS = {
    "writing": {"max_new_tokens": 64, "do_sample": False, "return_full_text": False},
    "answering": {"max_new_tokens": 256, **DRAWN, "return_full_text": False},
    "conversing": {"max_new_tokens": 32, "do_sample": False, "return_full_text": False},
    "hearing": {},
}
TRANSLATING = {"max_new_tokens": 40, "num_beams": 4, "do_sample": False}

One = Callable[[Any], Any]
Many = Callable[[list[Any]], list[Any]]


def main(kind: str, folder: str, port: int, batch: int) -> None:
    """Serve the checkpoint."""
    torch.set_num_threads(2)
    one, many = translator(folder) if kind == "translating" else piped(kind, folder)
    entry = {"image": gr.Image(type="pil")}.get(kind) or (gr.Audio(type="numpy") if is_sound(kind) else gr.Textbox())
    face = gr.Interface(
        (lambda given: [many(given)]) if batch else one,
        entry,
        gr.Label() if kind in ("text", "image", "audio") else gr.Textbox(),
        api_name="predict",
        flagging_mode="never",
        **({"batch": True, "max_batch_size": batch} if batch else {}),
    )
    face.queue(max_size=None).launch(server_name="127.0.0.1", server_port=port, quiet=True)


def is_sound(kind: str) -> bool:
    """Return whether a sound is given."""
    return kind in ("audio", "hearing")


def piped(kind: str, folder: str) -> tuple[One, Many]:
    """Return what answers one input, and several, by a pipeline."""
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    pipe = pipeline(TASKS[kind], model=folder, device=device, dtype=torch.float32)
    options = OPTIONS.get(kind, LABELS)

    def prepared(given: Any) -> Any:
        if not is_sound(kind):
            return given
        rate, samples = given
        return {"raw": samples.astype("float32") / 32768, "sampling_rate": rate}

    def told(answer: Any) -> Any:
        if kind == "hearing":
            return answer["text"]
        if TASKS[kind] == "text-generation":
            return answer[0]["generated_text"]
        return {row["label"]: row["score"] for row in answer}

    def one(given: Any) -> Any:
        return told(pipe(prepared(given), **options))

    def many(given: list[Any]) -> list[Any]:
        return [told(answer) for answer in pipe([prepared(item) for item in given], batch_size=len(given), **options)]

    return one, many


def translator(folder: str) -> tuple[One, Many]:
    """Return what translates one text, and several; transformers 5 has no pipeline for it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()

    def many(given: list[str]) -> list[str]:
        texts = [f"translate English to German: {text}" for text in given]
        read = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            tokens = model.generate(input_ids=read["input_ids"], attention_mask=read["attention_mask"], **TRANSLATING)
        return tokenizer.batch_decode(tokens, skip_special_tokens=True)

    return lambda given: many([given])[0], many


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
