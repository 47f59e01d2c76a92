"""Tiny checkpoints that take several kinds of input at once, or write about what they see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.values import Audio, Text
from tests.tiny.base import ENCODER, LABEL_MAPS, SAMPLING_RATE, Tiny, save
from tests.tiny.texts import WORDS, text_tokenizer

VISION: Mapping[str, Any] = {"image_size": 32, "patch_size": 8, **ENCODER}
SPECIALS: Mapping[str, int] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}

CHAT = (
    "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %} {{ '<' + part['type'] + '>' }} {% endif %}{% endfor %}{% endfor %}"
)
"""A chat template that puts each part's text or placeholder one after the other."""


def _blip(folder: Path, class_name: str) -> Path:
    import transformers

    text_tokenizer(folder)
    transformers.BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    words = {
        "vocab_size": len(WORDS),
        "max_position_embeddings": 32,
        "sep_token_id": 3,
        "encoder_hidden_size": 16,
        "is_decoder": True,
        **SPECIALS,
        **ENCODER,
    }
    config = transformers.BlipConfig(
        text_config=words, vision_config=VISION, projection_dim=8, image_text_hidden_size=8
    )
    return save(getattr(transformers, class_name)(config), folder)


def captions(folder: Path) -> Path:
    """Write a BLIP that captions pictures."""
    return _blip(folder, "BlipForConditionalGeneration")


def written_replies(folder: Path) -> Path:
    """Write a BLIP that replies to questions in words of its own."""
    return _blip(folder, "BlipForQuestionAnswering")


def git(folder: Path) -> Path:
    """Write a GIT that captions pictures."""
    from transformers import CLIPImageProcessorPil, GitConfig, GitForCausalLM

    text_tokenizer(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessorPil(**size).save_pretrained(folder)
    config = GitConfig(vision_config=VISION, vocab_size=len(WORDS), max_position_embeddings=64, **SPECIALS, **ENCODER)
    return save(GitForCausalLM(config), folder)


def vit_gpt2(folder: Path) -> Path:
    """Write a ViT with a GPT-2 behind it."""
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessorPil,
    )

    text_tokenizer(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    decoder = GPT2Config(
        vocab_size=len(WORDS),
        n_positions=32,
        n_embd=16,
        n_layer=1,
        n_head=2,
        bos_token_id=2,
        eos_token_id=3,
        add_cross_attention=True,
        is_decoder=True,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**VISION), decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    return save(VisionEncoderDecoderModel(config), folder)


def known_replies(folder: Path) -> Path:
    """Write a ViLT that chooses among three replies."""
    from transformers import ViltConfig, ViltForQuestionAnswering, ViltImageProcessorPil

    text_tokenizer(folder)
    ViltImageProcessorPil(size={"shortest_edge": 32}, size_divisor=8).save_pretrained(folder)
    config = ViltConfig(vocab_size=len(WORDS), max_position_embeddings=32, max_image_length=-1, **VISION, **LABEL_MAPS)
    return save(ViltForQuestionAnswering(config), folder)


def donut(folder: Path) -> Path:
    """Write a Donut, which reads pages by itself."""
    from transformers import (
        BertTokenizerFast,
        DonutImageProcessorPil,
        DonutSwinConfig,
        MBartConfig,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
    )

    marks = ("<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>")
    vocabulary = {word: i for i, word in enumerate([*WORDS, *marks])}
    tokenizer = BertTokenizerFast(vocab=vocabulary, model_max_length=64, eos_token="[SEP]")
    tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    tokenizer.save_pretrained(folder)
    DonutImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    encoder = DonutSwinConfig(image_size=32, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4)
    decoder = MBartConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        is_decoder=True,
        add_cross_attention=True,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
        **SPECIALS,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    model = VisionEncoderDecoderModel(config)
    model.generation_config.max_length = 40
    return save(model, folder)


def layoutlm(folder: Path) -> Path:
    """Write a LayoutLM, which is given the words of a page."""
    from transformers import LayoutLMConfig, LayoutLMForQuestionAnswering

    text_tokenizer(folder)
    config = LayoutLMConfig(
        vocab_size=len(WORDS), max_position_embeddings=32, max_2d_position_embeddings=1024, **ENCODER
    )
    return save(LayoutLMForQuestionAnswering(config), folder)


def llava(folder: Path) -> Path:
    """Write a LLaVA that was taught to converse: a CLIP with a Llama behind it."""
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    tokenizer = _letters(("<image>",))
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(**size),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<image>",
        chat_template=CHAT,
    ).save_pretrained(folder)
    words = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=256, **_ends(tokenizer), **ENCODER)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**VISION),
        text_config=words,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    return save(LlavaForConditionalGeneration(config), folder)


def video_classification(folder: Path) -> Path:
    """Write a VideoMAE for four frames of 32 by 32 pixels."""
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEImageProcessorPil

    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    VideoMAEImageProcessorPil(**size).save_pretrained(folder)
    config = VideoMAEConfig(num_frames=4, tubelet_size=2, **VISION, **LABEL_MAPS)
    return save(VideoMAEForVideoClassification(config), folder)


def qwen2_audio(folder: Path) -> Path:
    """Write a Qwen2-Audio, which takes text and sound and needs no torchvision: a Whisper encoder with a Qwen2."""
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioEncoderConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        Qwen2Config,
        WhisperFeatureExtractor,
    )

    tokenizer = _letters(("<audio>", "<audio_bos>", "<audio_eos>"))
    Qwen2AudioProcessor(
        WhisperFeatureExtractor(feature_size=8, chunk_length=1, n_fft=200, sampling_rate=SAMPLING_RATE),
        tokenizer,
        chat_template=CHAT.replace(" {{ '<' + part['type'] + '>' }} ", "<audio_bos><audio><audio_eos>"),
        audio_token="<audio>",
        audio_bos_token="<audio_bos>",
        audio_eos_token="<audio_eos>",
    ).save_pretrained(folder)
    ear = Qwen2AudioEncoderConfig(
        num_mel_bins=8,
        d_model=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        max_source_positions=50,
    )
    words = Qwen2Config(
        vocab_size=len(tokenizer), max_position_embeddings=256, num_key_value_heads=2, **_ends(tokenizer), **ENCODER
    )
    config = Qwen2AudioConfig(
        audio_config=ear, text_config=words, audio_token_index=tokenizer.convert_tokens_to_ids("<audio>")
    )
    return save(Qwen2AudioForConditionalGeneration(config), folder)


def _letters(placeholders: tuple[str, ...]) -> Any:
    """Return a tokenizer of single letters, with a token for each placeholder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE(vocab={letter: i for i, letter in enumerate([*alphabet, "<s>", "</s>"])}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.add_special_tokens({"additional_special_tokens": list(placeholders)})
    return fast


def _ends(tokenizer: Any) -> dict[str, int]:
    return {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}


def _sound_and_text() -> Any:
    from core.tasks.any_to_any import AnyInput

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLING_RATE // 2).astype(np.float32)
    return AnyInput(text=Text(text="which word?"), audio=Audio.from_array(noise, SAMPLING_RATE))


ROWS: Mapping[str, Tiny] = {
    "image-to-text": Tiny(captions, {"max_new_tokens": 4}),
    "visual-question-answering": Tiny(known_replies),
    "document-question-answering": Tiny(donut),
    "image-text-to-text": Tiny(llava, {"max_new_tokens": 4}),
    "video-classification": Tiny(video_classification),
    "any-to-any": Tiny(qwen2_audio, {"max_new_tokens": 4}, inputs=_sound_and_text),
}
