"""The starter `sentiment`: is an English sentence positive or negative?

Owns its data, its augmentation and its figures. The encoder it begins with, and how that is made small, is in
`encoder.py`.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from training.encoder import (
    CONTRACTIONS,
    build_tokenizer,
    choose_pieces,
    cut_encoder,
    fine_tune,
    length_batches,
    load_pretrained,
    put_in,
    save_checkpoint,
)
from training.starter import Metrics, Starter, main, seed_everything

LABELS = ("negative", "positive")
MAX_LENGTH = 256
NUM_PIECES = 7400
NUM_LAYERS = 4
INTERMEDIATE_SIZE = 1024
BATCH_SIZE = 32
EPOCHS = 4
LEARNING_RATE = 8e-5
# Film reviews as published hold no emoji. Each begins with the vector of a word that says the same.
EMOJI = {
    "👍": ("good",),
    "👎": ("bad",),
    "❤": ("love",),
    "😍": ("love",),
    "😀": ("happy",),
    "😊": ("happy",),
    "🎉": ("wonderful",),
    "🔥": ("great",),
    "😂": ("funny",),
    "😡": ("angry",),
    "😠": ("angry",),
    "🤮": ("disgusting",),
    "😞": ("disappointed",),
    "💩": ("awful",),
}
Example = tuple[str, int]


def read_examples(data: Path, split: str) -> list[Example]:
    """Read one split of the Stanford Sentiment Treebank: texts as published, and 1 for positive."""
    lines = (data / "sst2" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()
    return [(text, int(label)) for text, label in (line.rsplit("\t", 1) for line in lines)]


def as_typed(text: str) -> str:
    """Turn a published text, stripped of its marks, into something like what people type."""
    text = text.replace("lrb ", "(").replace(" rrb", ")").replace("``", '"').replace("''", '"')
    return text + random.choices(("", ".", "!", "!!", "...", "?"), (10, 60, 15, 5, 8, 2))[0]


def augment(examples: list[Example]) -> list[Example]:
    """Vary the texts: half become as typed, one in eight grows into a longer review of one opinion."""
    by_label = {label: [text for text, other in examples if other == label] for label in (0, 1)}
    varied = []
    for text, label in examples:
        if random.random() < 0.5:
            text = as_typed(text)
            if random.random() < 0.25:
                others = random.sample(by_label[label], random.choice((1, 1, 2, 3)))
                text = " ".join([text, *map(as_typed, others)])
        varied.append((text, label))
    return varied


def make_batches(
    tokenizer: PreTrainedTokenizerBase, examples: list[Example], batch_size: int
) -> list[dict[str, torch.Tensor]]:
    """Tokenise into padded batches with `labels`, of (batch,)."""
    texts = [text for text, _ in examples]
    ids = tokenizer(texts, truncation=True)["input_ids"]
    batches = []
    for rows in length_batches([len(row) for row in ids], batch_size):
        batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        batches.append({**batch, "labels": torch.tensor([examples[row][1] for row in rows])})
    return batches


@torch.no_grad()
def measure_accuracy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: list[Example]) -> float:
    """Return the share of the examples the model labels right."""
    model.eval()
    right = 0
    for batch in make_batches(tokenizer, examples, 64):
        labels = batch.pop("labels")
        right += int((model(**batch).logits.argmax(-1) == labels).sum())
    return right / len(examples)


def train(data: Path, out: Path) -> None:
    """Cut the pretrained encoder, fine-tune it on the train split and keep the best epoch on the dev split."""
    seed_everything(17)
    examples, held_out = read_examples(data, "train"), read_examples(data, "dev")
    pretrained, vocab = load_pretrained()
    pieces = choose_pieces((text for text, _ in examples), vocab, NUM_PIECES, least_uses=2)
    added = CONTRACTIONS | EMOJI
    encoder = cut_encoder(pretrained, vocab, pieces, added, NUM_LAYERS, INTERMEDIATE_SIZE, MAX_LENGTH)
    encoder.config.id2label = dict(enumerate(LABELS))
    encoder.config.label2id = {label: index for index, label in enumerate(LABELS)}
    tokenizer = build_tokenizer({piece: index for index, piece in enumerate([*pieces, *added])}, MAX_LENGTH)
    model = BertForSequenceClassification(encoder.config)
    put_in(model, encoder)
    smoothed = nn.CrossEntropyLoss(label_smoothing=0.05)
    fine_tune(
        model,
        make_epoch=lambda: make_batches(tokenizer, augment(examples), BATCH_SIZE),
        compute_loss=lambda logits, batch: smoothed(logits, batch["labels"]),
        measure=lambda: measure_accuracy(model, tokenizer, held_out),
        epochs=EPOCHS,
        learning_rate=LEARNING_RATE,
    )
    save_checkpoint(model, tokenizer, out)


def evaluate(data: Path, folder: Path) -> Metrics:
    """Measure the checkpoint on the test split: sentences of films it never saw, as published."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    return {"accuracy": measure_accuracy(model, tokenizer, read_examples(data, "test"))}


STARTER = Starter(name="sentiment", train=train, evaluate=evaluate, targets={"accuracy": 0.84})

if __name__ == "__main__":
    main(STARTER)
