"""Colors: what a file states about them stays true through every codec, and no comparison trips over it."""

import av
import numpy as np
import pytest

from tests.training.conftest import moving
from training.data import ffmpeg
from training.data.build.degrade import Op
from training.data.build.families import VARIANTS, VMAF_FAMILIES
from training.data.build.run import apply

COMPRESSION = [variant for family, variant in VARIANTS if family == "compression"]
BT601, BT709 = 5, 1


@pytest.fixture(scope="module")
def saturated(tmp_path_factory):
    path = tmp_path_factory.mktemp("saturated") / "clip.mp4"
    frames = moving(np.random.default_rng(3), 20, 320, 192).astype(float)
    grey = frames.mean(axis=-1, keepdims=True)
    ffmpeg.encode_frames(np.clip(grey + 2.5 * (frames - grey), 0, 255).astype(np.uint8), 24, path)
    return path


def tags(path) -> tuple[int, int, int]:
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        return codec.colorspace, codec.color_primaries, codec.color_trc


def retagged(source, target, matrix: str):
    ffmpeg.encode_file(source, target, f"setparams=colorspace={matrix}")
    return target


def test_frames_are_encoded_with_all_three_tags(saturated):
    assert tags(saturated) == (BT709, BT709, BT709)


@pytest.mark.parametrize("variant", COMPRESSION)
def test_light_compression_keeps_tags_colors_and_vmaf(saturated, tmp_path, variant):
    done = apply(Op("compression", variant, 2, "x"), saturated, tmp_path / "out.mp4", tmp_path, 0)
    assert tags(tmp_path / "out.mp4") == tags(saturated)
    tint = ffmpeg.middle_frame(tmp_path / "out.mp4").astype(float) - ffmpeg.middle_frame(saturated)
    assert np.abs(tint.mean(axis=(0, 1))).max() < 1 and np.abs(tint).mean() < 6
    assert done["vmaf"] > 95


@pytest.mark.parametrize("key", [f"k{i}" for i in range(4)])
def test_damage_keeps_the_tags_in_raw_streams_that_have_none(saturated, tmp_path, key):
    apply(Op("corruption", "bits", 0.05, key), saturated, tmp_path / "out.mp4", tmp_path, 0)
    assert tags(tmp_path / "out.mp4") == tags(saturated)


@pytest.mark.parametrize("matrix", ["smpte170m", "unknown"])
def test_a_clip_of_another_matrix_keeps_its_own(saturated, tmp_path, matrix):
    source = retagged(saturated, tmp_path / "source.mp4", matrix)
    apply(Op("compression", "mjpeg", 3, "x"), source, tmp_path / "out.mp4", tmp_path, 0)
    assert tags(tmp_path / "out.mp4") == tags(source) != tags(saturated)


def test_vmaf_compares_samples_whatever_the_tags_say(saturated, tmp_path):
    assert "compression" in VMAF_FAMILIES
    same = ffmpeg.vmaf(retagged(saturated, tmp_path / "same.mp4", "bt709"), saturated, 320, 192)
    for matrix in ("smpte170m", "unknown", "bt2020nc"):
        other = retagged(saturated, tmp_path / f"{matrix}.mp4", matrix)
        assert ffmpeg.vmaf(other, saturated, 320, 192) == pytest.approx(same, abs=0.2)
