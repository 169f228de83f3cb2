"""InternVL3-1B, 2B, 8B and 14B: the sizes follow from the configuration, as far as a model without weights can show."""

import pytest
import torch

from vqathinker import ModelError
from vqathinker.model.convert import expected_shapes
from vqathinker.model.modes import MODES
from vqathinker.model.official import ONLY, frame_side, native_config, setting

TOWER = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 448,
    "patch_size": 14,
    "qkv_bias": True,
    "qk_normalization": False,
    "norm_type": "layer_norm",
    "layer_norm_eps": 1e-6,
    "hidden_act": "gelu",
}
# hidden size, intermediate size, layers, heads, key-value heads of the Qwen2.5 inside (Qwen2.5 model cards), and the
# parameters of the whole InternVL in billions (InternVL3 model cards)
BACKBONES = {
    "1B": (896, 4864, 24, 14, 2, 0.94),
    "2B": (1536, 8960, 28, 12, 2, 2.09),
    "8B": (3584, 18944, 28, 28, 4, 7.94),
    "14B": (5120, 13824, 48, 40, 8, 15.1),
}


def official(hidden: int, inner: int, layers: int, heads: int, key_value_heads: int, **changes) -> dict:
    language = {
        "architectures": ["Qwen2ForCausalLM"],
        "vocab_size": 151674,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "rope_theta": 1000000.0,
        "rope_scaling": {"factor": 2.0, "rope_type": "dynamic", "type": "dynamic"},
        "max_position_embeddings": 32768,
        "tie_word_embeddings": False,
    }
    shown = {"force_image_size": 448, "downsample_ratio": 0.5, "select_layer": -1, "ps_version": "v2"}
    return {"llm_config": language, "vision_config": TOWER, **shown, **changes}


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_has_the_published_number_of_parameters(name):
    *sizes, billions = BACKBONES[name]
    config = native_config(official(*sizes), MODES["inference"], 151667)
    shapes = expected_shapes(config)
    counts = {key: torch.Size(shape).numel() for key, shape in shapes.items()}
    internvl = sum(count for key, count in counts.items() if ".motion_" not in key)
    assert internvl / 1e9 == pytest.approx(billions, rel=0.01)
    assert shapes["model.motion_projector.linear_1.weight"] == (sizes[0], 2304)
    assert shapes["model.multi_modal_projector.linear_1.weight"] == (sizes[0], 4096)
    assert config.text_config.rope_parameters["rope_theta"] == 1e6
    assert config.text_config.rope_parameters["rope_type"] == "dynamic"


@pytest.mark.parametrize(
    ("mode", "side", "tokens", "placeholders"), [("inference", 560, 400, 4801), ("training", 448, 256, 1537)]
)
def test_the_released_sizes_of_both_modes(mode, side, tokens, placeholders):
    settings = official(*BACKBONES["8B"][:5])
    config = native_config(settings, MODES[mode], 151667)
    assert frame_side(settings, MODES[mode]) == side
    assert (config.image_seq_length, config.video_seq_length) == (tokens, placeholders)


@pytest.mark.parametrize("name", ONLY)
def test_a_setting_of_another_architecture_is_named(name):
    settings = official(*BACKBONES["1B"][:5])
    assert setting(settings, name) == ONLY[name]
    section, _, key = name.rpartition(".")
    place = settings | ({section: dict(settings[section])} if section else {})
    (place[section] if section else place)[key] = "other"
    with pytest.raises(ModelError, match=f"{name} is 'other' in the official configuration"):
        native_config(place, MODES["inference"], 151667)
