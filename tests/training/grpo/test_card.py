"""A checkpoint that was not measured says so, and is fit to be published."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.training.grpo_small import save_start, small, write_labels
from training.data.datasets import Item, read_items
from training.grpo.card import named_start, plain_card
from training.grpo.config import GrpoSettings
from training.grpo.train import run_grpo
from training.publish import __main__ as publish
from training.publish.checks import MODEL_KEYS, read_card

ITEMS = [Item(str(k), Path("none"), 3.0, "LSVQ" if k else "") for k in range(12)]


def test_the_card_tells_start_data_and_settings(tmp_path):
    settings = GrpoSettings(num_train_epochs=2.0, videos_per_step=4, num_generations=6, learning_rate=3e-6)
    (tmp_path / "README.md").write_text(plain_card("mine", "8b", ITEMS, settings))
    front = read_card(tmp_path / "README.md", MODEL_KEYS)
    assert front["base_model"] == "kkkkkklinhan/InternVL3-VQAThinker-8B"
    text = (tmp_path / "README.md").read_text()
    assert "It has not been measured" in text and "6 steps of GRPO with 4 videos each and 6 answers" in text
    assert "12 samples, 11 of LSVQ, 1 of unnamed." in text
    told = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert told["learning_rate"] == 3e-6 and told["reward"]["ranking_weight"] == settings.reward.ranking_weight


def test_a_folder_is_named_without_where_it_lies(tmp_path):
    (tmp_path / "start").mkdir()
    assert named_start(str(tmp_path / "start")) == ("start", False)
    assert named_start("tiny") == ("tiny", False)
    assert named_start("someone/model") == ("someone/model", True)


def test_what_a_run_ends_with_can_be_published_as_it_is(data_dir, tmp_path, capsys):
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    start, run, out = save_start(tmp_path / "start"), tmp_path / "run", tmp_path / "out"
    run_grpo(items, [], run, str(start), out, small(max_steps=1), jobs=1)
    capsys.readouterr()
    publish.main([str(out), "someone/mine", "--dry-run", "--run", str(run)])
    listed = capsys.readouterr().out
    assert " README.md\n" in listed and " training/run/grpo_log.jsonl\n" in listed
    assert "state-" not in listed and "features" not in listed
    assert str(tmp_path) not in (out / "README.md").read_text()
