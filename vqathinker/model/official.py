"""A checkpoint folder as its authors released it: settings and tokenizer, in the terms of this package."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub.errors import StrictDataclassError
from transformers import InternVLVisionConfig, Qwen2Config, Qwen2Tokenizer

from ..errors import ModelError
from .configuration import SlowFastConfig, VQAThinkerConfig
from .modes import Mode, make_processor, show_frames
from .processing import VQAThinkerProcessor
from .prompts import IMG_CONTEXT, IMG_END, IMG_START, TURN_END, TURN_START

OFFICIAL_TYPE = "internvl_chat"
ONLY = {
    "select_layer": -1,
    "ps_version": "v2",
    "llm_config.architectures": ["Qwen2ForCausalLM"],
    "vision_config.norm_type": "layer_norm",
    "vision_config.qk_normalization": False,
}
"""Settings of which this package knows one value: that of InternVL3-1B, 2B, 8B and 14B."""
LANGUAGE = (
    "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads hidden_act "
    "max_position_embeddings rms_norm_eps initializer_range attention_dropout use_sliding_window sliding_window "
    "max_window_layers rope_theta rope_scaling tie_word_embeddings bos_token_id eos_token_id pad_token_id"
).split()
VISION = (
    "hidden_size intermediate_size num_hidden_layers num_attention_heads hidden_act layer_norm_eps image_size "
    "patch_size initializer_range"
).split()
SHAPING = {
    "llm_config": "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
    "num_key_value_heads".split(),
    "vision_config": "hidden_size intermediate_size num_hidden_layers num_attention_heads patch_size".split(),
}
"""Settings that say which shapes the weights have: no default may stand in for one that is missing."""
NEEDED_TOKENS = (TURN_START, TURN_END, IMG_START, IMG_CONTEXT, IMG_END)
TOKENIZER_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))


def setting(official: dict, name: str):
    """A setting by its dotted name. Raises ModelError when the configuration lacks it."""
    value = official
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            raise ModelError(f"the official configuration lacks {name}")
        value = value[part]
    return value


def section_settings(official: dict, section: str, names: list[str]) -> dict:
    """The settings of a section that are among `names`. Raises ModelError when one is missing that shapes weights."""
    for name in SHAPING[section]:
        setting(official, f"{section}.{name}")
    return {name: value for name, value in setting(official, section).items() if name in names}


def native_config(official: dict, mode: Mode, image_token_id: int, side: int | None = None) -> VQAThinkerConfig:
    """The configuration of an official `config.json`, for one mode; `side` overrides the size of the frames in pixels.

    Raises ModelError for an architecture that is not a VQAThinker's.
    """
    for name, only in ONLY.items():
        if (found := setting(official, name)) != only:
            raise ModelError(f"{name} is {found!r} in the official configuration, only {only!r} is known here")
    bias, ratio = setting(official, "vision_config.qkv_bias"), setting(official, "downsample_ratio")
    try:
        vision = InternVLVisionConfig(**section_settings(official, "vision_config", VISION), attention_bias=bias)
        text = Qwen2Config(**section_settings(official, "llm_config", LANGUAGE))
        config = VQAThinkerConfig(
            vision_config=vision,
            text_config=text,
            motion_config=SlowFastConfig(),
            image_token_id=image_token_id,
            downsample_ratio=ratio,
            tie_word_embeddings=text.tie_word_embeddings,
        )
    except StrictDataclassError as error:
        raise ModelError(f"the official configuration describes no model: {' '.join(str(error).split())}") from None
    show_frames(config, mode, side or frame_side(official, mode))
    return config


def frame_side(official: dict, mode: Mode) -> int:
    """Pixels of a frame's side in a mode: 560 or 448 for the released model."""
    trained = official.get("force_image_size") or setting(official, "vision_config.image_size")
    return round(trained * mode.enlarge)


def require_tokenizer(folder: Path) -> None:
    """Raises ModelError when a folder lacks the files of a tokenizer."""
    if not any(all((folder / name).is_file() for name in names) for names in TOKENIZER_FILES):
        raise ModelError(f"{folder} holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt")


def load_tokenizer(folder: Path):
    """The tokenizer of an official folder, padding on the left. Raises ModelError when it is missing or another one."""
    require_tokenizer(folder)
    try:
        # not AutoTokenizer: it reads config.json, finds the authors' code there and asks whether to run it
        tokenizer = Qwen2Tokenizer.from_pretrained(folder, padding_side="left", local_files_only=True)
    except Exception as error:  # the tokenizers library raises bare Exception for a damaged file
        raise ModelError(f"the tokenizer in {folder} cannot be read: {error}") from None
    known = tokenizer.get_vocab()
    if absent := [token for token in NEEDED_TOKENS if token not in known]:
        raise ModelError(f"the tokenizer in {folder} does not know {', '.join(absent)}")
    return tokenizer


def load_official(folder: Path, official: dict, mode: Mode) -> tuple[VQAThinkerConfig, VQAThinkerProcessor]:
    """Configuration and processor of an official folder, whose `config.json` has been read. Raises ModelError."""
    tokenizer = load_tokenizer(folder)
    config = native_config(official, mode, tokenizer.convert_tokens_to_ids(IMG_CONTEXT))
    largest = max(tokenizer.get_vocab().values())
    if largest >= config.text_config.vocab_size:
        raise ModelError(
            f"the tokenizer in {folder} does not fit: it writes token {largest}, "
            f"the model knows {config.text_config.vocab_size}"
        )
    return config, make_processor(tokenizer, config, mode, frame_side(official, mode))
