"""The starter `shakespeare`: a small language model that goes on writing in the manner of the plays.

Owns its data, tokeniser, training loop and figures; nothing is shared with the other starters, because it is the
only one trained from scratch.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from training.starter import Metrics, Starter, main, seed_everything

END_OF_TEXT = "<|endoftext|>"
VOCAB_SIZE = 1024
# A mark keeps the line ends that follow it, so that ":\n" and ".\n\n" become single entries.
WORD_PATTERN = r" ?[^\W\d_]+| ?[^\w\s]+\n*|\n+|\s|\d|_"
CONTEXT = 256
LONGEST_TEXT = 4096
HIDDEN_SIZE = 256
NUM_LAYERS = 5
BATCH_SIZE = 16
STEPS = 1600
MUON_LEARNING_RATE = 0.02
ADAM_LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
# A share of the merges is left out at random while training, so that the model sees many spellings of few words.
# Source: BPE-dropout, https://arxiv.org/abs/1910.13267
MERGE_DROPOUT = 0.1
DROPOUT = 0.1
MEASURE_EVERY = 100


def read_parts(data: Path) -> tuple[str, str, str]:
    """Return the plays in three parts: 90 % to train on, 5 % to choose by, the last 5 % to measure on."""
    text = (data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    first, second = int(len(text) * 0.90), int(len(text) * 0.95)
    return text[:first], text[first:second], text[second:]


def train_tokenizer(text: str) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE tokeniser, which can spell any UTF-8 text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LONGEST_TEXT,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: PreTrainedTokenizerBase) -> MistralForCausalLM:
    """Build the decoder, with random weights."""
    end = tokenizer.eos_token_id
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN_SIZE,
        intermediate_size=HIDDEN_SIZE * 5 // 2,
        num_hidden_layers=NUM_LAYERS,
        num_attention_heads=HIDDEN_SIZE // 64,
        num_key_value_heads=HIDDEN_SIZE // 64,
        # Each token sees the CONTEXT before it, however long the text grows, so that generation may go on past what
        # was trained on.
        sliding_window=CONTEXT,
        max_position_embeddings=LONGEST_TEXT,
        head_dim=64,
        tie_word_embeddings=True,
        attention_dropout=0.0,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = MistralForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=0.8,
        top_p=0.9,
        max_new_tokens=200,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    return model


def add_dropout(model: MistralForCausalLM) -> None:
    """Drop a share of what the embedding and each half layer give on, while training; Mistral has no such setting."""
    for layer in model.model.layers:
        for module in (layer.self_attn.o_proj, layer.mlp.down_proj):
            module.register_forward_hook(_drop)
    model.model.embed_tokens.register_forward_hook(_drop)


def _drop(module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
    return nn.functional.dropout(output, DROPOUT, module.training)


def make_optimizers(model: nn.Module) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside the layers, AdamW for embeddings and norms.

    Source: Keller Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
    """
    matrices = [w for name, w in model.named_parameters() if w.ndim == 2 and "layers." in name]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MUON_LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        torch.optim.AdamW(others, lr=ADAM_LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0),
    ]


class Passages:
    """Draws random passages of the training text, spelled anew in every epoch.

    Shapes: a batch is (BATCH_SIZE, CONTEXT) token ids.
    """

    def __init__(self, text: str, tokenizer: PreTrainedTokenizerBase) -> None:
        self._text = text
        self._tokenizer = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.model.dropout = MERGE_DROPOUT
        self._rows = torch.empty(0, CONTEXT, dtype=torch.long)

    def next_batch(self) -> torch.Tensor:
        """Return the next batch, beginning another epoch where one ends."""
        if len(self._rows) < BATCH_SIZE:
            self._rows = self._spell_epoch()
        batch, self._rows = self._rows[:BATCH_SIZE], self._rows[BATCH_SIZE:]
        return batch

    def _spell_epoch(self) -> torch.Tensor:
        ids = torch.tensor(self._tokenizer.encode(self._text).ids)
        start = int(torch.randint(CONTEXT, ()))
        count = (len(ids) - start) // CONTEXT
        rows = ids[start : start + count * CONTEXT].view(count, CONTEXT)
        return rows[torch.randperm(count)]


def learning_rate_factor(progress: float) -> float:
    """Return the share of the full learning rate: a short warm-up, then a straight line down to nothing."""
    return min(progress / 0.02, 1.0, (1.0 - progress) / 0.7)


@torch.no_grad()
def measure_nats(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str) -> float:
    """Return the mean negative log-likelihood per character, in nats.

    A window slides by half a context and counts its second half, so that every token is counted once, after at least
    half a context of text; only the first half window has less.
    """
    model.eval()
    ids = torch.tensor([tokenizer.bos_token_id, *tokenizer(text, verbose=False)["input_ids"]])
    total, counted = 0.0, 1
    for start in range(0, len(ids), CONTEXT // 2):
        window = ids[start : start + CONTEXT]
        if start + len(window) <= counted:
            break
        logits = model(window[None]).logits[0, :-1].float()
        losses = nn.functional.cross_entropy(logits, window[1:], reduction="none")
        total += losses[counted - start - 1 :].sum().item()
        counted = start + len(window)
    return total / len(text)


def train(data: Path, out: Path) -> None:
    """Train from scratch on the first 90 % and keep the weights that are best on the next 5 %."""
    seed_everything(1599)
    text, held_out, _ = read_parts(data)
    tokenizer = train_tokenizer(text)
    model = make_model(tokenizer)
    add_dropout(model)
    optimizers = make_optimizers(model)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor((step + 1) / (STEPS + 1)))
        for optimizer in optimizers
    ]
    passages = Passages(text, tokenizer)
    best, started = math.inf, time.monotonic()
    for step in range(1, STEPS + 1):
        model.train()
        batch = passages.next_batch()
        # bfloat16 is about twice as fast as float32 here, on CPUs that have AVX512-BF16.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(batch).logits
        loss = nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        if step % MEASURE_EVERY == 0 or step == STEPS:
            nats = measure_nats(model, tokenizer, held_out)
            print(
                f"step {step}  loss {loss.item():.3f}  held out {nats:.4f}  {time.monotonic() - started:.0f} s",
                flush=True,
            )
            if nats < best:
                best = nats
                save_checkpoint(model, tokenizer, out)


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the checkpoint with float16 weights, leaving the model as it is."""
    copy.deepcopy(model).half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def evaluate(data: Path, folder: Path) -> Metrics:
    """Measure the checkpoint on the last 5 % of the plays, which it never saw."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return {"character_nats": measure_nats(model, tokenizer, read_parts(data)[2])}


STARTER = Starter(name="shakespeare", train=train, evaluate=evaluate, targets={"character_nats": 1.6})

if __name__ == "__main__":
    main(STARTER)
