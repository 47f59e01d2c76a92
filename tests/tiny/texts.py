"""Tiny checkpoints that read and write texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.values import Text
from tests.tiny.base import ENCODER, LABELS, Tiny, save

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "good", "bad", "the", "anna", "left", ".", "##s")


def text_tokenizer(folder: Path) -> None:
    """Write a WordPiece tokenizer of a few words."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS))
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}, model_max_length=32).save_pretrained(folder)


def _bert(folder: Path, class_name: str, labels: tuple[str, ...] = LABELS) -> Path:
    import transformers

    maps = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    config = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **ENCODER, **maps)
    text_tokenizer(folder)
    return save(getattr(transformers, class_name)(config), folder)


def text_classification(folder: Path) -> Path:
    """Write a BERT that sorts texts."""
    return _bert(folder, "BertForSequenceClassification")


def token_classification(folder: Path) -> Path:
    """Write a BERT that marks words."""
    return _bert(folder, "BertForTokenClassification")


def zero_shot_classification(folder: Path) -> Path:
    """Write a BERT that says what follows from a text."""
    return _bert(folder, "BertForSequenceClassification", ("contradiction", "neutral", "entailment"))


def question_answering(folder: Path) -> Path:
    """Write a BERT that points at answers."""
    return _bert(folder, "BertForQuestionAnswering", ("start", "end"))


def fill_mask(folder: Path) -> Path:
    """Write a BERT that fills gaps."""
    return _bert(folder, "BertForMaskedLM")


def table_question_answering(folder: Path) -> Path:
    """Write a TAPAS that points at cells."""
    from transformers import TapasConfig, TapasForQuestionAnswering, TapasTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    words = (*WORDS, "[EMPTY]", *(f"{start}{digit}" for start in ("", "##") for digit in range(10)))
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(words))
    TapasTokenizer(str(vocabulary), model_max_length=256).save_pretrained(folder)
    config = TapasConfig(
        vocab_size=len(words),
        max_position_embeddings=256,
        num_aggregation_labels=4,
        aggregation_labels={0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"},
        no_aggregation_label_index=0,
        **ENCODER,
    )
    return save(TapasForQuestionAnswering(config), folder)


CHAT = "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}{% endfor %}<s>assistant: "


def decision(folder: Path) -> Path:
    """Write a Llama that converses, and has a token for each label of an option."""
    return text_generation(folder, chat_template=CHAT, words=("Yes", "No"), positions=1024)


def sentences(folder: Path) -> Path:
    """Write a BERT without a head, as sentence-transformers saves one that pools by the mean."""
    from transformers import BertConfig, BertModel

    text_tokenizer(folder)
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **ENCODER)
    return save(BertModel(config, add_pooling_layer=False), folder)


def byte_tokenizer(folder: Path, words: Sequence[str] = (), **options: Any) -> Any:
    """Write a tokenizer of single bytes, and whole words where some are given; return it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE(vocab={letter: i for i, letter in enumerate([*alphabet, "<s>", "</s>"])}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>", **options
    )
    fast.add_tokens(list(words))
    fast.save_pretrained(folder)
    return fast


def text_generation(
    folder: Path, positions: int = 64, *, far: bool = False, window: int | None = None, **options: Any
) -> Path:
    """Write a Llama that writes letters; `options` are those of `byte_tokenizer`.

    With weights as small as models begin with, and one matrix for both ends, it repeats the last letter, also when it
    computes in half the precision.

    Args:
        far: has it write each letter by all that stands before it, which half the precision would change.
        window: makes a Mistral of it, whose layers look at so many letters only.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

    fast = byte_tokenizer(folder, **options)
    shape = {
        "vocab_size": len(fast),
        "max_position_embeddings": positions,
        "bos_token_id": fast.bos_token_id,
        "eos_token_id": fast.eos_token_id,
        "pad_token_id": fast.pad_token_id,
        "tie_word_embeddings": not far,
        "initializer_range": 1.0 if far else 0.02,
        **ENCODER,
    }
    model = (
        LlamaForCausalLM(LlamaConfig(**shape))
        if window is None
        else MistralForCausalLM(MistralConfig(**shape, num_key_value_heads=1, sliding_window=window))
    )
    if far:
        with torch.no_grad():
            for token, number in fast.get_vocab().items():  # half a letter's bytes are not read as they were written
                if not token.isascii() or token in fast.all_special_tokens:
                    model.lm_head.weight[number] = 0
    return save(model, folder)


def chat(folder: Path) -> Path:
    """Write a Llama that answers messages: each stands on a line of its own, after the first letter of its role.

    The same weights every time.
    """
    import torch

    torch.manual_seed(0)
    template = (
        "{% for message in messages %}{{ message.role[0] }}:{{ message.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}a:{% endif %}"
    )
    return text_generation(folder, positions=512, chat_template=template)


ROWS: Mapping[str, Tiny] = {
    "text-classification": Tiny(text_classification),
    "token-classification": Tiny(token_classification),
    "zero-shot-classification": Tiny(zero_shot_classification, {"candidate_labels": ("film", "good", "anna")}),
    "question-answering": Tiny(question_answering),
    "fill-mask": Tiny(fill_mask, inputs=lambda: Text(text="the ___ left [MASK] .")),
    "table-question-answering": Tiny(table_question_answering),
    "decision": Tiny(decision),
    "feature-extraction": Tiny(sentences),
    "sentence-similarity": Tiny(sentences),
    "text-generation": Tiny(text_generation, {"max_new_tokens": 4, "do_sample": False}),
}
