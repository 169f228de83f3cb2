"""What is said of each model is what the code does, in the table and in what is loaded."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from vqathinker.cli import main
from vqathinker.model.family.qwen2_5_vl.prompts import CHAT_STYLES
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.scorers import SCORERS, scorer, scorer_table

from . import raters

PAGE = Path(vqathinker.__file__).parent / "model" / "family" / "README.md"


def test_the_page_of_the_families_has_the_table_of_the_code():
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- models: begin -->\n", "\n<!-- models: end -->"
    assert text[text.index(begin) + len(begin) : text.index(end)] == scorer_table()


def test_the_command_prints_the_table_or_a_line_of_json_a_model(capsys):
    assert main(["models"]) == 0 and capsys.readouterr().out.strip() == scorer_table()
    assert main(["models", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["name"] for one in told] == list(SCORERS) and told[0]["abilities"]["timeline"] is True


def test_what_is_said_of_the_bundled_model_is_true_of_it():
    rater = raters.tiny()
    assert rater.scorer is SCORERS["tiny"]
    assert rater.scorer.abilities.asks == rater.can_ask is False
    assert rater.parameters / 1e9 == pytest.approx(rater.scorer.parameters, rel=0.05)
    assert rater.scorer.max_new_tokens == rater.max_new_tokens
    assert rater.loaded.processor.burst_length > 0, "it sees motion"


@pytest.mark.parametrize("prompt, name", [("official_train", "8b"), ("official_inference", "8b"), ("tiny", "tiny")])
def test_which_of_ours_it_is_follows_from_the_prompt(prompt, name):
    processor = VQAThinkerProcessor.__new__(VQAThinkerProcessor)
    processor.prompt = prompt
    assert processor.scorer is SCORERS[name]


def test_every_scorer_on_qwen_has_a_prompt():
    assert sorted(CHAT_STYLES) == sorted(one.name for one in SCORERS.values() if one.kind == "qwen2_5_vl")
    assert all(one.title and one.paper and one.family for one in SCORERS.values())


def test_the_descriptions_need_no_torch():
    code = "import sys, vqathinker.scorers; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_the_examples_in_the_descriptions_hold():
    for module in (scorer, sys.modules["vqathinker.scorers"]):
        found = doctest.testmod(module)
        assert found.attempted and found.failed == 0


def test_one_video_or_two_and_which_models(capsys):
    assert main(["compare", "a.mp4"]) == 2
    assert main(["compare", "a.mp4", "b.mp4", "--beside-model", "tiny"]) == 2
    assert capsys.readouterr().err.count("two videos, or one video and --beside-model") == 2


def test_one_video_and_two_models(tmp_path, capsys):
    from tests.model.family import qwen_folders

    photo = qwen_folders.write_picture(tmp_path, "photo")
    assert main(["compare", str(photo), "--beside-model", "tiny", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["difference"] == 0 and told["first"]["score"] == told["second"]["score"]
    assert (told["first"]["model"], told["file"]) == ("tiny", str(photo))
