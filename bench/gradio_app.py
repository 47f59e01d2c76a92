"""The same checkpoint behind Gradio, as its users write it: run by the benchmarks in a venv of its own.

Usage: python gradio_app.py KIND FOLDER PORT BATCH, where KIND is text, image, audio or writing and BATCH 0 for one by
one.
"""

from __future__ import annotations

import sys
from typing import Any

import gradio as gr
import torch
from transformers import pipeline

TASKS = {
    "text": "text-classification",
    "image": "image-classification",
    "audio": "audio-classification",
    "writing": "text-generation",
}
WRITING = {"max_new_tokens": 64, "do_sample": False, "return_full_text": False}


def main(kind: str, folder: str, port: int, batch: int) -> None:
    """Serve the checkpoint."""
    torch.set_num_threads(2)
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    pipe = pipeline(TASKS[kind], model=folder, device=device, dtype=torch.float32)

    def sound(given: tuple[int, Any]) -> dict[str, Any]:
        rate, samples = given
        return {"raw": samples.astype("float32") / 32768, "sampling_rate": rate}

    prepare = {"audio": sound}.get(kind, lambda given: given)

    def one(given: Any) -> dict[str, float]:
        return {row["label"]: row["score"] for row in pipe(prepare(given), top_k=3)}

    def many(given: list[Any]) -> list[list[dict[str, float]]]:
        answers = pipe([prepare(item) for item in given], top_k=3, batch_size=len(given))
        return [[{row["label"]: row["score"] for row in rows} for rows in answers]]

    def write(text: str) -> str:
        return pipe(text, **WRITING)[0]["generated_text"]

    def write_many(texts: list[str]) -> list[list[str]]:
        return [[rows[0]["generated_text"] for rows in pipe(list(texts), batch_size=len(texts), **WRITING)]]

    entry = {"image": gr.Image(type="pil"), "audio": gr.Audio(type="numpy")}.get(kind) or gr.Textbox()
    writes = kind == "writing"
    alone, together = (write, write_many) if writes else (one, many)
    face = gr.Interface(
        together if batch else alone,
        entry,
        gr.Textbox() if writes else gr.Label(),
        api_name="predict",
        flagging_mode="never",
        **({"batch": True, "max_batch_size": batch} if batch else {}),
    )
    face.queue(max_size=None).launch(server_name="127.0.0.1", server_port=port, quiet=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
