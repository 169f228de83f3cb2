"""The temporal perturbations: what each may and may not do to a timeline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.video import PERTURBATIONS, disorder
from vqathinker.video.perturb import BLACK, unit

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "perturb.json").read_text())["cases"]
COUNTS = st.integers(1, 400)
SEEDS = st.integers(0, 2**32 - 1)


def perturbed(name: str, num_frames: int, seed: int) -> np.ndarray:
    return PERTURBATIONS[name](num_frames, np.random.default_rng(seed))


@pytest.mark.parametrize("name", PERTURBATIONS)
@given(COUNTS, SEEDS)
def test_a_timeline_is_one_index_per_position_and_repeats_by_seed(name, num_frames, seed):
    shown = perturbed(name, num_frames, seed)
    assert shown.shape == (num_frames,) and np.issubdtype(shown.dtype, np.integer)
    assert shown.min() >= (BLACK if name == "drop" else 0) and shown.max() < num_frames
    assert np.array_equal(shown, perturbed(name, num_frames, seed))


@pytest.mark.parametrize("name", ["shuffle", "local_shuffle", "reverse"])
@given(COUNTS, SEEDS)
def test_shuffles_and_reverse_show_every_frame_once(name, num_frames, seed):
    assert np.array_equal(np.sort(perturbed(name, num_frames, seed)), np.arange(num_frames))


@given(COUNTS, SEEDS)
def test_local_shuffle_stays_in_its_windows(num_frames, seed):
    width = 4 * unit(num_frames)
    assert np.array_equal(perturbed("local_shuffle", num_frames, seed) // width, np.arange(num_frames) // width)


@given(COUNTS, SEEDS)
def test_jitter_moves_by_a_unit_at_most(num_frames, seed):
    assert abs(perturbed("jitter", num_frames, seed) - np.arange(num_frames)).max() <= unit(num_frames)


@given(st.integers(2, 400), SEEDS)
def test_drop_blackens_one_to_three_units_and_moves_nothing(num_frames, seed):
    shown = perturbed("drop", num_frames, seed)
    black = shown == BLACK
    assert 1 <= black.sum() <= min(3 * unit(num_frames), num_frames - 1)
    assert np.array_equal(shown[~black], np.arange(num_frames)[~black])


@given(st.integers(2, 400), SEEDS)
def test_duplicate_holds_one_frame_and_keeps_the_others_in_order(num_frames, seed):
    shown = perturbed("duplicate", num_frames, seed)
    held = [i for i in range(num_frames) if _in_order_without_run_of(shown, i)]
    assert held, shown


def _in_order_without_run_of(shown: np.ndarray, frame: int) -> bool:
    """Whether taking out 1 to 3 units of consecutive `frame` leaves rising frames."""
    places = np.flatnonzero(shown == frame)
    for length in {min(k * unit(len(shown)), len(shown) - 1) for k in (1, 2, 3)}:
        for start in places:
            run = shown[start : start + length]
            if len(run) == length and (run == frame).all():
                if (np.diff(np.delete(shown, slice(start, start + length))) > 0).all():
                    return True
    return False


@pytest.mark.parametrize("case", [c for c in GOLDEN if c["mode"] == "duplicate"], ids=lambda c: str(c["frames"]))
def test_the_official_duplicates_fit_the_same_description(case):
    assert any(_in_order_without_run_of(np.array(case["frames"]), i) for i in range(case["T"]))


@pytest.mark.parametrize("name, mode", [(n, "random_drop" if n == "drop" else n) for n in PERTURBATIONS])
def test_every_official_outcome_can_happen(name, mode):
    """On 6 frames the outcomes are few enough to see each official one among many seeds (shuffle: 720)."""
    official = {tuple(c["frames"]) for c in GOLDEN if c["mode"] == mode and c["T"] == 6}
    rng = np.random.default_rng(0)
    ours = {tuple(PERTURBATIONS[name](6, rng).tolist()) for _ in range(12_000)}
    assert official and official <= ours


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_disorder_by_name_is_the_same_for_the_same_seed(name):
    first, again, other = disorder(name, 1)(48), disorder(name, 1)(48), disorder(name, 2)(48)
    assert first.tolist() == again.tolist() == PERTURBATIONS[name](48, np.random.default_rng(1)).tolist()
    assert name == "reverse" or first.tolist() != other.tolist()


def test_an_unknown_disorder_is_refused():
    with pytest.raises(ValueError, match="no perturbation 'blink'; choose one of shuffle"):
        disorder("blink")
