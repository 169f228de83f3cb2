"""Settings, plan of the samples, rewards of a step, twins and stored features: the parts that need no training."""

import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.model.tiny_models import make_model
from tests.rewards.goldens import QUICK, close
from tests.training.grpo_small import answer_text
from training.data.datasets import Item
from training.grpo.config import GrpoSettings, load_grpo_settings, present_settings
from training.grpo.logs import reward_metrics
from training.grpo.sampler import group_shares, limited_groups, plan_steps, twin_choices
from training.policy.clips import read_variants, sample_key, twins_of
from training.policy.features import DecodedClips, StoredClips, features_hash, fill
from training.policy.policy import choose_trained, frozen_parts
from training.policy.rollouts import pack
from vqathinker.errors import VQAThinkerError
from vqathinker.renamed import OLD_SETTINGS
from vqathinker.rewards import RewardSpec, score_with_twins
from vqathinker.rewards.registry import removable
from vqathinker.video import PERTURBATIONS, load_clip

SHIPPED = Path(__file__).parents[3] / "training" / "configs" / "tiny_grpo.yaml"


# Settings


def test_the_shipped_settings_load():
    settings = load_grpo_settings(SHIPPED)
    assert settings.cache and settings.perturbs
    assert settings.micro_batches(1) * settings.micro_batch == settings.videos_per_step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed: 1\n", "run.yaml: unknown key 'sed'; known keys: .*seed"),
        ("reward:\n  sigmo: 1\n", "section reward: unknown key 'sigmo'"),
        ("lora:\n  r: 1\n", "section lora: unknown key 'r'"),
        ("learning_rate: fast\n", "run.yaml: learning_rate: input should be a valid number"),
        ("learning_rate: .nan\n", "run.yaml: learning_rate: input should be a finite number"),
        ("max_steps: 1.5\n", "run.yaml: max_steps: input should be a valid integer"),
        ("max_steps: true\n", "run.yaml: max_steps: input should be a valid integer"),
        ("train: language_model\n", "run.yaml: train: input should be a valid tuple"),
        ("loss_type: ppo\n", "run.yaml: loss_type: input should be 'grpo', 'dr_grpo' or 'dapo'"),
        ("num_generations: 0\n", "run.yaml: num_generations: input should be greater than or equal to 1"),
        ("weights:\n  clive: -1\n", "run.yaml: weights.clive: input should be greater than or equal to 0"),
        ("lora:\n  rank: 0\n", "section lora: rank: input should be greater than or equal to 1"),
        ("reward: 3\n", "section reward: expected keys and values, got 3"),
        ("reward:\n  weights:\n    speed: 1\n", "run.yaml: weights in reward: there is no reward 'speed'"),
        ("lr: 1.0e-5\nlearning_rate: 1.0e-5\n", "run.yaml: 'lr' is the old name of 'learning_rate': give one of them"),
        ("temperature: 0\n", "temperature: input should be greater than 0"),
        ("reward:\n  sigma: 0\n", "RewardSpec.sigma must be a positive number"),
        ("- 1\n", "run.yaml: expected keys and values, got a list"),
    ],
)
def test_a_bad_key_or_value_is_named_with_its_file(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_grpo_settings(path)


def test_missing_keys_keep_their_defaults_and_sections_are_read(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("learning_rate: 3e-5\nreward:\n  ranking_weight: 2.0\nlora:\n  rank: 4\nweights:\n  clive: 3\n")
    settings = load_grpo_settings(path)
    assert (settings.learning_rate, settings.reward.ranking_weight, settings.lora.rank) == (3e-5, 2.0, 4)
    assert settings.num_generations == GrpoSettings().num_generations and settings.weights == {"clive": 3}


def test_the_names_of_the_release_before_are_read(tmp_path):
    old = "steps: 3\nvideos: 4\ngroup: 6\nmax_new_tokens: 9\nkind: dapo\nclip: 0.1\nclip_high: 0.3\ninner_updates: 2\n"
    old += "scale_advantages: false\nlr: 2.0e-5\nwarmup: 0.1\nsave_every: 7\nepochs: 0.5\nschedule: constant\n"
    (tmp_path / "old.yaml").write_text(old)
    found = load_grpo_settings(tmp_path / "old.yaml")
    assert found == GrpoSettings(
        max_steps=3,
        videos_per_step=4,
        num_generations=6,
        max_completion_length=9,
        loss_type="dapo",
        epsilon=0.1,
        epsilon_high=0.3,
        num_iterations=2,
        scale_rewards=False,
        learning_rate=2e-5,
        warmup_ratio=0.1,
        save_steps=7,
        num_train_epochs=0.5,
        lr_scheduler_type="constant",
    )
    noted = {old: found.to_dict()[new] for old, new in OLD_SETTINGS.items()}
    noted |= {name: value for name, value in found.to_dict().items() if name not in OLD_SETTINGS.values()}
    del noted["reward"]["weights"]  # it was not there either
    assert present_settings(noted) == found.to_dict()


def test_settings_that_trl_has_are_called_as_there():
    from trl import GRPOConfig  # takes seconds

    theirs = {item.name for item in fields(GRPOConfig)}
    ours = {item.name for item in fields(GrpoSettings)} & set(OLD_SETTINGS.values()) - {"videos_per_step"}
    # transformers 5 calls the share of the steps warmup_steps, as a float; the name from before says what it is
    assert len(ours) == len(OLD_SETTINGS) - 1 and ours - {"warmup_ratio"} <= theirs


@pytest.mark.parametrize("name", removable())
def test_dropping_a_reward_removes_that_one(name):
    default, dropped = GrpoSettings().reward, GrpoSettings().without(name).reward
    field = "bonus" if name == "temporal" else f"{name}_weight"
    assert dropped == replace(default, **{field: 0.0})
    assert GrpoSettings().without(name).perturbs == (name != "temporal")


def test_an_unknown_reward_cannot_be_dropped():
    with pytest.raises(ValueError, match="unknown reward 'speed'"):
        GrpoSettings().without("speed")


def test_videos_have_to_be_shared_out_evenly():
    settings = GrpoSettings(videos_per_step=8, micro_batch=2)
    assert (settings.micro_batches(1), settings.micro_batches(4)) == (4, 1)
    with pytest.raises(ValueError, match=r"videos_per_step \(8\) must be a multiple of processes \(3\)"):
        settings.micro_batches(3)


@pytest.mark.parametrize(
    ("train", "frozen"),
    [
        (GrpoSettings().train, (True, True)),
        (("motion_encoder.facts",), (True, True)),
        (("model.motion_encoder.facts", "motion_projector"), (True, True)),
        (("motion_encoder",), (True, False)),
        (("motion_encoder.spatial.0",), (True, False)),
        (("language_model", "vision_tower"), (False, True)),
    ],
)
def test_what_is_trained_decides_which_features_can_be_kept(train, frozen, processor):
    choose_trained(model := make_model(processor), train)
    assert frozen_parts(model) == dict(zip(("tower", "motion"), frozen, strict=True))


def test_epochs_count_the_samples():
    assert GrpoSettings(num_train_epochs=1.5, videos_per_step=8).total_steps(100) == 19
    assert GrpoSettings(max_steps=7).total_steps(100) == 7


# Plan


groups = st.lists(st.sampled_from(["a", "b", "c"]), min_size=6, max_size=30)


@QUICK
@given(groups, st.integers(1, 5), st.integers(0, 3))
def test_no_sample_stands_twice_in_a_step_and_longer_runs_begin_alike(names, videos, seed):
    plan = plan_steps(names, {}, videos, 12, seed)
    assert all(len(set(row)) == videos for row in plan.tolist())
    assert np.array_equal(plan[:5], plan_steps(names, {}, videos, 5, seed))
    assert plan.min() >= 0 and plan.max() < len(names)


def test_every_sample_of_a_group_is_shown_before_one_comes_again():
    plan = plan_steps(["a"] * 12, {}, 4, 6, 0)
    assert sorted(plan[:3].ravel().tolist()) == sorted(plan[3:].ravel().tolist()) == list(range(12))
    assert not np.array_equal(plan[:3], plan[3:])


@given(st.sampled_from((1, 2, 3, 6)), st.integers(0, 5))
def test_samples_of_one_content_are_shown_together(siblings, seed):
    contents = [index // 6 for index in range(24)]
    plan = plan_steps(["a"] * 24, {}, 8, 6, seed, contents, siblings)
    shown = plan[:3].ravel().tolist()
    assert sorted(shown) == list(range(24))
    blocks = np.array(contents)[shown].reshape(-1, siblings)
    assert (blocks == blocks[:, :1]).all()


def test_groups_are_shown_by_their_weights():
    names = ["a"] * 90 + ["b"] * 10 + ["c"] * 5
    shown = Counter(names[i] for i in plan_steps(names, {"a": 1, "b": 3}, 4, 500, 0).ravel())
    assert shown["c"] == 0
    assert shown["b"] / shown.total() == pytest.approx(0.75, abs=0.04)
    assert group_shares(names, {}) == pytest.approx({"a": 90 / 105, "b": 10 / 105, "c": 5 / 105})


@pytest.mark.parametrize(
    ("weights", "videos", "message"),
    [
        ({"d": 1.0}, 2, "no sample is in the group 'd'; the groups are a, b"),
        ({"a": 0.0}, 2, "no group is left"),
        ({}, 5, "4 samples are too few for steps of 5 videos"),
        ({"a": 1.0}, 3, "2 samples are too few"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(weights, videos, message):
    with pytest.raises(ValueError, match=message):
        plan_steps(["a", "a", "b", "b"], weights, videos, 3, 0)


def test_a_group_can_be_limited():
    items = [Item(str(i), Path(f"{i}.mp4"), 3.0, "a" if i < 9 else "b") for i in range(12)]
    assert [item.id for item in limited_groups(items, {"a": 3})] == ["0", "4", "8", "9", "10", "11"]
    assert limited_groups(items, {}) == items
    assert len(limited_groups(items, {"a": 99})) == 12
    with pytest.raises(ValueError, match="no sample is in the group 'c'; the groups are a, b"):
        limited_groups(items, {"c": 2})


def test_twins_are_chosen_from_all_there_are():
    drawn = {choice for step in range(20) for choice in twin_choices(3, 4, step, 0)}
    assert drawn == {0, 1, 2}
    assert twin_choices(3, 4, 7, 0) == twin_choices(3, 4, 7, 0)


# Rewards of a step


def answers(*scores: float) -> list[str]:
    return [answer_text(score) for score in scores]


def test_a_clip_that_beats_its_twin_earns_the_bonus_and_a_picture_never_does():
    texts, mos = [answers(4.0, 3.9), answers(2.0, 2.1)], [4.0, 2.0]
    worse = answers(2.5, 2.4)
    spec = RewardSpec()
    moving = score_with_twins(texts, [worse, None], mos, spec)
    assert moving.beats_twin == [True]
    gained = moving.table.total - moving.plain.total
    close(gained[0], torch.full((2,), 2 * spec.bonus), 1e-6)
    assert gained[1].eq(0).all()


def test_a_picture_gets_no_bonus_where_ties_do_either():
    texts, mos = [answers(4.0, 4.01), answers(2.0, 2.02)], [4.0, 2.0]
    table = score_with_twins(texts, [texts[0], None], mos, replace(RewardSpec(), gate_needs_gain=False))
    gained = table.table.total - table.plain.total
    assert (gained[0] > 0).all() and gained[1].eq(0).all()


def test_without_twins_there_is_no_bonus():
    scored = score_with_twins([answers(4.0, 3.0)], [None], [4.0], RewardSpec())
    assert scored.table is scored.plain and reward_metrics(scored)["beats_twin"] is None


def test_metrics_are_means_and_an_absurd_score_does_not_blow_up_the_spread():
    texts = [answers(4.0, 4.0), answers(2.0, 99999.0)]
    assert reward_metrics(score_with_twins(texts, [None, None], [4.0, 2.0], RewardSpec()))["spread"] == 0
    scored = score_with_twins(texts, [None, None], [4.0, 2.0], RewardSpec(off_scale_is_unreadable=False))
    metrics = reward_metrics(scored)
    assert metrics["format"] == 1.0
    assert metrics["frac_reward_zero_std"] == 0.5
    assert metrics["spread"] == pytest.approx(np.std([2, 5], ddof=1) / 2)
    assert metrics["reward"] == pytest.approx(float(scored.table.total.mean()))


def test_a_cut_answer_counts_for_nothing_in_the_loss():
    decode = lambda rows, skip_special_tokens: [str(row) for row in rows]  # noqa: E731
    rollouts = pack([[[5, 6], [7, 8, 9, 5]], [[], [5]]], limit=4, end=2, decode=decode)
    assert rollouts.cut.tolist() == [[False, True], [False, False]]
    assert rollouts.ids.tolist() == [[[5, 6, 2, 2], [7, 8, 9, 5]], [[2, 2, 2, 2], [5, 2, 2, 2]]]
    assert rollouts.mask.tolist() == [[[1, 1, 1, 0], [0, 0, 0, 0]], [[1, 0, 0, 0], [1, 1, 0, 0]]]


# Twins and features


@pytest.fixture
def items(data_dir):
    names = {"clip": "clips/room.mp4", "picture": "clive/0.jpg"}
    return [Item(key, data_dir / name, 3.0, key) for key, name in names.items()]


def test_a_twin_follows_from_seed_id_and_number():
    assert twins_of("a", 6, 0) == twins_of("a", 6, 0)
    assert twins_of("a", 6, 0)[:2] == twins_of("a", 2, 0)
    assert {twin.mode for twin in twins_of("a", 6, 0)} == set(PERTURBATIONS)
    assert twins_of("a", 2, 0) != twins_of("b", 2, 0) != twins_of("b", 2, 1)
    assert len({twins_of(str(key), 1, 0)[0].mode for key in range(60)}) == len(PERTURBATIONS)


def test_one_decoding_gives_what_each_timeline_gives_by_itself(items, processor):
    twins = twins_of("clip", 6, 0)
    read = read_variants(items[0].path, processor, twins)
    assert read.modes == ("", *(twin.mode for twin in twins))
    for variant, twin in enumerate([None, *twins]):
        alone = processor(load_clip(items[0].path, processor.video_spec, timeline=twin and twin.timeline))
        found = processor.video_inputs([read.clip(variant)])
        assert {"pixel_values", "motion_values", "clip_facts"} == found.keys()
        assert all(torch.equal(tensor, alone[name]) for name, tensor in found.items())


def stored(folder, model, processor, items, twins=2):
    store = StoredClips(folder, features_hash(model, processor, twins, 0), processor.frames)
    with torch.no_grad():
        fill(store, items, model, processor, twins, 0, jobs=1)
    return store


def test_stored_features_are_those_of_the_decoded_clip(tmp_path, items, model, processor):
    from training.policy.policy import see, video_features

    store, decoded = stored(tmp_path, model, processor, items), DecodedClips(processor, 2, 0)
    for item, has_twin in zip(items, (True, False), strict=True):
        for kept, fresh in zip(store.variants(item, 1), decoded.variants(item, 1), strict=True):
            assert (kept is None) == (fresh is None)
            if kept is None:
                assert not has_twin
                continue
            with torch.no_grad():
                found, expected = (
                    video_features(model, see(model, {name: tensor[None] for name, tensor in inputs.items()}))
                    for inputs in (kept, fresh)
                )
            scale = float(expected.abs().max())
            torch.testing.assert_close(found, expected, atol=0.02 * scale, rtol=0)


def test_features_are_computed_once(tmp_path, items, model, processor):
    store = stored(tmp_path, model, processor, items)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    stored(tmp_path, model, processor, items)
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert all(store.path(item).exists() for item in items)


def test_features_of_another_tower_or_other_twins_are_refused(tmp_path, items, model, processor):
    stored(tmp_path, model, processor, items)
    with pytest.raises(VQAThinkerError, match="made with other twins"):
        stored(tmp_path, model, processor, items, twins=1)
    with pytest.raises(VQAThinkerError, match="made with other weights"):
        stored(tmp_path, make_model(processor, seed=5), processor, items)


def test_samples_of_two_label_files_with_one_id_are_told_apart(tmp_path, items, model, processor):
    same = [replace(item, id="0") for item in items]
    store = stored(tmp_path, model, processor, same)
    assert store.path(same[0]) != store.path(same[1])
    assert [store.variants(item, 0)[1] is not None for item in same] == [True, False]


def test_a_trained_language_model_keeps_its_features(model, processor):
    other = make_model(processor)
    with torch.no_grad():
        other.model.language_model.layers[0].mlp.up_proj.weight.add_(1)
        other.model.motion_encoder.facts.weight.add_(1)
    assert features_hash(other, processor, 2, 0) == features_hash(model, processor, 2, 0)


def test_a_file_that_cannot_be_read_is_left_out_with_its_reason(tmp_path, items, model, processor):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 500)
    samples = [*items, Item("broken", broken, 3.0), Item("gone", tmp_path / "gone.mp4", 3.0)]
    store, decoded = stored(tmp_path / "features", model, processor, samples), DecodedClips(processor, 2, 0)
    assert set(store.bad) == {sample_key(sample) for sample in samples[2:]}
    assert decoded.variants(samples[2], 0) is None and decoded.variants(samples[3], 0) is None
    assert decoded.bad.keys() == store.bad.keys()
    assert "gone.mp4" in decoded.bad[sample_key(samples[3])]
    assert json.loads((tmp_path / "features" / "features.json").read_text())["twins"] == 2
