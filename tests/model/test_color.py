"""Moments of color: what they see, what they are blind to, and how they join the model."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForImageTextToText

from vqathinker.model.color import ColorProjector, color_channels, color_moments
from vqathinker.model.configuration import COLOR_SIZE

from .tiny_models import SIDE, make_config, make_model

LUMA, CB, CR, SUM, CHROMA = range(5)


def picture(seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(seed))


def test_a_gray_picture_has_no_color():
    gray = picture()[:, :1].expand(1, 3, 12, 12)
    channels = color_channels(gray)
    assert torch.allclose(channels[:, LUMA], gray[:, 0], atol=1e-6)
    assert channels[:, CB:].abs().max() < 1e-6


@given(st.floats(0.1, 0.9))
def test_a_paler_picture_keeps_its_luma_and_loses_chroma(kept):
    vivid = picture()
    gray = color_channels(vivid)[:, LUMA : LUMA + 1]
    pale = color_channels(gray + kept * (vivid - gray))
    assert torch.allclose(pale[:, LUMA], gray[:, 0], atol=1e-5)
    assert torch.allclose(pale[:, CHROMA], kept * color_channels(vivid)[:, CHROMA], atol=1e-5)


def test_a_cast_moves_the_means_and_a_turned_hue_the_covariance():
    cb = torch.rand(1, 12, 12, generator=torch.Generator().manual_seed(1)) - 0.5
    red_where_blue_is_not = rgb(torch.full((1, 12, 12), 0.5), cb, -cb)
    turned = rgb(torch.full((1, 12, 12), 0.5), cb, cb)
    cast = rgb(torch.full((1, 12, 12), 0.5), cb + 0.2, -cb)
    plain, hue, tint = (color_moments(x, [1])[0, 0] for x in (red_where_blue_is_not, turned, cast))
    assert tint[CB] - plain[CB] == pytest.approx(0.2, abs=1e-3)
    assert tint[CR] == pytest.approx(float(plain[CR]), abs=1e-3)
    deviations = slice(5, 10)
    assert plain[deviations][SUM] < 0.01 < 0.3 < hue[deviations][SUM]
    assert hue[deviations][CB] == pytest.approx(float(plain[deviations][CB]), abs=1e-3)


def rgb(luma: torch.Tensor, cb: torch.Tensor, cr: torch.Tensor) -> torch.Tensor:
    """The inverse of the first three channels."""
    blue, red = luma + cb / 0.564, luma + cr / 0.713
    return torch.stack([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue], dim=1)


def test_every_region_has_moments_of_its_own():
    half = torch.zeros(1, 3, 8, 8)
    half[:, 0, :, 4:] = 1.0
    moments = color_moments(half, [1, 2])
    assert moments.shape == (1, 5, COLOR_SIZE)
    assert moments[0, 1, CR] == 0 and moments[0, 2, CR] > 0.4
    assert moments[0, 0, 5 + CR] > moments[0, 2, 5 + CR]


def test_a_silent_projector_adds_nothing_until_it_is_trained():
    projector = ColorProjector(6)
    projector.silence()
    moments = torch.rand(3, COLOR_SIZE)
    assert projector(moments).abs().max() == 0
    projector(moments).sum().backward()
    assert projector.linear_2.weight.grad.abs().max() > 0


def test_color_joins_the_tokens_and_reaches_the_features(processor, tmp_path):
    model = make_model(processor)
    pixels = torch.rand(1, 3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        tokens = model.model.vision_tokens(pixels)
    assert tokens.shape[-1] == model.config.token_size == model.config.vision_config.hidden_size + COLOR_SIZE
    assert torch.equal(tokens[0, 0, :, -COLOR_SIZE:], color_moments(pixels[0, :1], model.config.vision_config.grids)[0])
    motion = torch.zeros(1, model.config.motion_config.hidden_size)
    other = tokens.clone()
    other[..., -COLOR_SIZE:] += 1
    with torch.inference_mode():
        assert not torch.allclose(model.model.project(tokens, motion), model.model.project(other, motion))
    model.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert again.config.color
    with torch.inference_mode():
        assert torch.equal(again.model.project(tokens, motion), model.model.project(tokens, motion))


def test_a_model_without_color_has_no_such_part(processor):
    config = make_config(processor)
    config.color = False
    model = AutoModelForImageTextToText.from_config(config)
    tokens = model.model.vision_tokens(torch.zeros(1, 1, 3, SIDE, SIDE))
    assert model.model.color_projector is None
    assert tokens.shape[-1] == config.vision_config.hidden_size
