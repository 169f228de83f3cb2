import numpy as np
import pytest

from training.data import ffmpeg
from training.data.build.degrade import Op, frame_order
from training.data.build.families import VARIANTS, strength_at
from training.data.build.run import apply
from training.data.measure import measure_frame

FACTS = ffmpeg.Facts(160, 96, 24.0, 48, 2.0)


def order(family: str, variant: str, strength: float) -> np.ndarray:
    return frame_order(Op(family, variant, strength, "x"), FACTS, np.random.default_rng(0))


@pytest.mark.parametrize(("family", "variant"), [key for key in VARIANTS if key[0] in ("freeze", "disorder")])
def test_a_new_order_keeps_the_length_and_only_existing_frames(family, variant):
    for level in (0, 1.5, 3.2):
        frames = order(family, variant, strength_at(family, variant, level))
        assert len(frames) == 48 and frames.min() >= 0 and frames.max() < 48
        assert not np.array_equal(frames, np.arange(48))


def test_a_freeze_lasts_as_long_as_it_says():
    for seconds in (0.5, 1.0):
        assert np.sum(np.diff(order("freeze", "single", seconds)) == 0) == round(seconds * 24)
    assert np.sum(np.diff(order("freeze", "repeated", 1.2)) == 0) == 4 * round(0.3 * 24)


def test_duplication_leaves_the_stated_frame_rate():
    assert len(set(order("low_frame_rate", "duplicated", 3.0).tolist())) == 16
    assert len(set(order("low_frame_rate", "duplicated", 8.0).tolist())) == 6


def test_shuffling_permutes_inside_windows():
    frames = order("disorder", "shuffle", 8)
    for start in range(0, 48, 8):
        assert sorted(frames[start : start + 8]) == list(range(start, start + 8))
        assert list(frames[start : start + 8]) != list(range(start, start + 8))


def test_jumps_go_back_as_often_as_they_say():
    assert np.sum(np.diff(order("disorder", "jumps", 3)) < 0) == 3


@pytest.mark.parametrize(
    ("family", "variant", "changed"),
    [
        ("underexposure", "stops", lambda a, b: b.luma < 0.7 * a.luma),
        ("overexposure", "stops", lambda a, b: b.luma > a.luma and b.blown > a.blown),
        ("low_contrast", "flat", lambda a, b: b.spread < 0.6 * a.spread),
        ("low_contrast", "haze", lambda a, b: b.spread < 0.6 * a.spread and b.luma > a.luma),
        ("color", "desaturation", lambda a, b: b.colourfulness < 0.5 * a.colourfulness),
        ("color", "oversaturation", lambda a, b: b.colourfulness > 1.3 * a.colourfulness),
        ("noise", "gaussian", lambda a, b: b.noise > a.noise + 3),
    ],
)
def test_a_filter_does_what_its_name_says(clip, tmp_path, family, variant, changed):
    target = tmp_path / "out.mp4"
    apply(Op(family, variant, VARIANTS[family, variant].levels[2], "x"), clip, target, tmp_path, 0)
    assert changed(measure_frame(ffmpeg.middle_frame(clip)), measure_frame(ffmpeg.middle_frame(target)))


def test_blur_softens_more_with_strength(clip, tmp_path):
    scores = [apply(Op("blur", "gaussian", s, "x"), clip, tmp_path / f"{s}.mp4", tmp_path, 0)["vmaf"] for s in (12, 30)]
    assert 90 > scores[0] > scores[1]
    assert (
        measure_frame(ffmpeg.middle_frame(tmp_path / "30.mp4")).sharpness
        < measure_frame(ffmpeg.middle_frame(clip)).sharpness
    )


@pytest.mark.parametrize("variant", [variant for family, variant in VARIANTS if family == "compression"])
def test_stronger_compression_has_a_lower_vmaf(clip, tmp_path, variant):
    scores = []
    for index in (0, 3):
        op = Op("compression", variant, VARIANTS["compression", variant].levels[index], "x")
        scores.append(apply(op, clip, tmp_path / f"{index}.mp4", tmp_path, 0)["vmaf"])
        assert ffmpeg.facts(tmp_path / f"{index}.mp4").num_frames == 30
    assert scores[0] > scores[1]


def test_frozen_frames_come_out_frozen(clip, tmp_path):
    apply(Op("freeze", "single", 0.5, "x"), clip, tmp_path / "out.mp4", tmp_path, 0)
    motion = np.abs(np.diff(ffmpeg.grey_frames(tmp_path / "out.mp4").astype(float), axis=0)).mean(axis=(1, 2))
    assert np.sum(motion < 0.2 * np.median(motion)) == 12


def test_a_saved_frame_rate_and_size_are_real(clip, tmp_path):
    apply(Op("low_frame_rate", "saved", 4.0, "x"), clip, tmp_path / "slow.mp4", tmp_path, 0)
    apply(Op("low_resolution", "saved", 8.0, "x"), clip, tmp_path / "small.mp4", tmp_path, 0)
    assert ffmpeg.facts(tmp_path / "slow.mp4").fps == 6.0
    assert min(ffmpeg.facts(tmp_path / "small.mp4").height, 96) == 60


@pytest.mark.parametrize("variant", ["bits", "loss"])
def test_damage_is_real_and_measured(clip, tmp_path, variant):
    shares = [
        apply(Op("corruption", variant, s, "x"), clip, tmp_path / f"{s}.mp4", tmp_path, 0)["strength"]
        for s in (0.02, 0.2)
    ]
    assert 0 < shares[0] < shares[1] < 1
    assert abs(ffmpeg.facts(tmp_path / "0.2.mp4").num_frames - 30) <= 6
