"""The starter `parts-of-speech`: the grammatical class of every word of an English text.

Owns its data, its augmentation and its figures. The encoder it begins with, and how that is made small, is in
`encoder.py`. Labels are the 17 universal part-of-speech tags, https://universaldependencies.org/u/pos/.
"""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import torch
from torch import nn
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    pipeline,
)

from training.encoder import (
    CONTRACTIONS,
    build_tokenizer,
    choose_pieces,
    cut_encoder,
    drop_pieces,
    fine_tune,
    length_batches,
    load_pretrained,
    put_in,
    save_checkpoint,
)
from training.starter import Metrics, Starter, main, seed_everything

LABELS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
MAX_LENGTH = 256
NUM_PIECES = 8400
NUM_LAYERS = 3
INTERMEDIATE_SIZE = 768
BATCH_SIZE = 32
EPOCHS = 4
DROPPED_PIECES = 0.1
LEARNING_RATE = 2e-4
IGNORED = -100  # PyTorch's cross entropy leaves this label out
Sentence = list[tuple[str, str]]


def read_sentences(data: Path, split: str) -> list[Sentence]:
    """Read one split of the English Web Treebank: sentences of (word, tag)."""
    text = gzip.decompress((data / "ewt" / f"{split}.tsv.gz").read_bytes()).decode("utf-8")
    return [
        [(word, tag) for word, tag in (line.split("\t") for line in block.splitlines())]
        for block in text.strip().split("\n\n")
    ]


def augment(sentences: list[Sentence]) -> list[Sentence]:
    """Vary the sentences: some lose their full stop, some are followed by another one."""
    varied = []
    for sentence in sentences:
        longer = list(sentence)
        if random.random() < 0.15 and len(longer) > 1 and longer[-1][1] == "PUNCT":
            longer.pop()
        if random.random() < 0.15:
            longer += random.choice(sentences)
        varied.append(longer)
    return varied


def make_batches(
    tokenizer: PreTrainedTokenizerBase, sentences: list[Sentence], batch_size: int, first_piece_only: bool
) -> list[dict[str, torch.Tensor]]:
    """Tokenise into padded batches with `labels`, of (batch, length).

    Args:
        first_piece_only: whether only the first piece of a word bears its label; in training every piece does, so
            that a pipeline that merges equal neighbours keeps words whole.
    """
    encoded = tokenizer(
        [[word for word, _ in sentence] for sentence in sentences], is_split_into_words=True, truncation=True
    )
    labels = []
    for row, sentence in enumerate(sentences):
        owners = encoded.word_ids(row)
        labels.append(
            [
                IGNORED if owner is None or (first_piece_only and owner == before) else LABELS.index(sentence[owner][1])
                for before, owner in zip([None, *owners], owners, strict=False)
            ]
        )
    ids = encoded["input_ids"]
    batches = []
    for rows in length_batches([len(row) for row in ids], batch_size):
        batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        padded = torch.full_like(batch["input_ids"], IGNORED)
        for position, row in enumerate(rows):
            padded[position, : len(labels[row])] = torch.tensor(labels[row])
        batches.append({**batch, "labels": padded})
    return batches


def make_epoch(tokenizer: PreTrainedTokenizerFast, sentences: list[Sentence]) -> list[dict[str, torch.Tensor]]:
    """Return shuffled training batches; each of four parts of the sentences lacks other word pieces."""
    random.shuffle(sentences)
    batches = []
    for part in range(4):
        spelled = drop_pieces(tokenizer, DROPPED_PIECES)
        batches += make_batches(spelled, sentences[part::4], BATCH_SIZE, first_piece_only=False)
    random.shuffle(batches)
    return batches


@torch.no_grad()
def measure_accuracy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentences: list[Sentence]) -> float:
    """Return the share of all words, as the treebank splits them, whose first piece is labelled right."""
    model.eval()
    right = 0
    for batch in make_batches(tokenizer, sentences, 64, first_piece_only=True):
        labels = batch.pop("labels")
        right += int((model(**batch).logits.argmax(-1) == labels).sum())
    return right / sum(map(len, sentences))


def write_out(sentence: Sentence) -> tuple[str, list[int]]:
    """Join the words into text as people type it.

    Returns: the text and where each word starts in it. The treebank's own spacing is not in our data, so this
    follows the usual rules of English.
    """
    text, starts, glue = "", [], True
    for word, tag in sentence:
        closing = word in {".", ",", "!", "?", ":", ";", ")", "]", "%", "...", "-", "/"}
        shortened = tag in {"AUX", "PART", "PRON"} and (
            word.startswith(("'", "\u2019")) or word.lower() in {"n't", "n\u2019t"}
        )
        if text and not (glue or closing or shortened):
            text += " "
        starts.append(len(text))
        text += word
        glue = word in {"(", "[", "$", "#", "-", "/"}
    return text, starts


def measure_raw_accuracy(folder: Path, sentences: list[Sentence]) -> float:
    """Return the share of all words labelled right by the plain pipeline on running text.

    A word is right if a piece begins where it begins, and bears its tag.
    """
    pipe = pipeline("token-classification", model=str(folder), dtype=torch.float32, aggregation_strategy="none")
    written = [write_out(sentence) for sentence in sentences]
    right = 0
    for sentence, (_, starts), pieces in zip(sentences, written, pipe([text for text, _ in written]), strict=True):
        found = {piece["start"]: piece["entity"] for piece in pieces}
        right += sum(found.get(start) == tag for start, (_, tag) in zip(starts, sentence, strict=True))
    return right / sum(map(len, sentences))


def train(data: Path, out: Path) -> None:
    """Cut the pretrained encoder, fine-tune it on the train split and keep the best epoch on the dev split."""
    seed_everything(17)
    sentences, held_out = read_sentences(data, "train"), read_sentences(data, "dev")
    pretrained, vocab = load_pretrained()
    words = (" ".join(word for word, _ in sentence) for sentence in sentences)
    pieces = choose_pieces(words, vocab, NUM_PIECES, least_uses=3)
    encoder = cut_encoder(pretrained, vocab, pieces, CONTRACTIONS, NUM_LAYERS, INTERMEDIATE_SIZE, MAX_LENGTH)
    encoder.config.id2label = dict(enumerate(LABELS))
    encoder.config.label2id = {label: index for index, label in enumerate(LABELS)}
    tokenizer = build_tokenizer({piece: index for index, piece in enumerate([*pieces, *CONTRACTIONS])}, MAX_LENGTH)
    model = BertForTokenClassification(encoder.config)
    put_in(model, encoder)
    cross_entropy = nn.CrossEntropyLoss(ignore_index=IGNORED)
    fine_tune(
        model,
        make_epoch=lambda: make_epoch(tokenizer, augment(sentences)),
        compute_loss=lambda logits, batch: cross_entropy(logits.flatten(0, 1), batch["labels"].flatten()),
        measure=lambda: measure_accuracy(model, tokenizer, held_out),
        epochs=EPOCHS,
        learning_rate=LEARNING_RATE,
    )
    save_checkpoint(model, tokenizer, out)


def evaluate(data: Path, folder: Path) -> Metrics:
    """Measure the checkpoint on the test split, by words as the treebank splits them and as running text."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
    sentences = read_sentences(data, "test")
    return {
        "word_accuracy": measure_accuracy(model, tokenizer, sentences),
        "running_text_accuracy": measure_raw_accuracy(folder, sentences),
    }


STARTER = Starter(
    name="parts-of-speech",
    train=train,
    evaluate=evaluate,
    targets={"word_accuracy": 0.93, "running_text_accuracy": 0.92},
)

if __name__ == "__main__":
    main(STARTER)
