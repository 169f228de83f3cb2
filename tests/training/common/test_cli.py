"""Commands that cannot go on end with one sentence on stderr and exit code 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.toys import write_built
from training import tiny
from training.common.cli import ends_in_a_sentence, sentence
from training.common.schedule import Stepper
from training.data.build import run as build
from training.evaluate import __main__ as evaluate
from training.sft import __main__ as sft

ROOT = Path(__file__).parents[3]


def told(main, *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    text = ended.value.code
    assert isinstance(text, str) and text.startswith("training.") and "\n" not in text
    return text


def test_a_folder_without_a_manifest_is_named(data_dir, tmp_path):
    missing = f"there is no {tmp_path / 'manifest.jsonl'}: training.data.build writes it"
    assert missing in told(sft.main, data_dir, tmp_path, tmp_path / "run", "--out", tmp_path / "out")
    assert missing in told(evaluate.main, data_dir, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_data_folder_is_named(tmp_path):
    gone, missing = tmp_path / "gone", f"there is no data folder {tmp_path / 'gone'}"
    assert missing in told(build.main, gone, tmp_path / "built")
    assert missing in told(sft.main, gone, tmp_path, tmp_path / "run")
    assert missing in told(evaluate.main, gone, tmp_path, tmp_path / "out")
    assert missing in told(tiny.main, gone, tmp_path / "work")
    assert not list(tmp_path.iterdir())


def test_a_data_folder_without_its_tables_is_named(tmp_path):
    assert "The data folder has no clips/clips.csv" in told(build.main, tmp_path, tmp_path / "built")


def test_samples_that_cannot_be_read_leave_nothing_to_measure_or_train_on(tmp_path):
    data, built = tmp_path / "data", tmp_path / "built"
    for row in write_built(data, built):
        (data / row["path"] if row["root"] == "data" else built / row["path"]).write_bytes(b"no picture")
    assert "none of 7 samples could be rated: " in told(
        evaluate.main, data, built, tmp_path / "out", "--parts", "agreement"
    )
    assert "no sample of train and val could be read" in told(
        sft.main, data, built, tmp_path / "run", "--jobs", 1, "--out", tmp_path / "start"
    )


def test_a_loss_that_is_no_number_and_a_broken_file_of_settings_end_in_a_sentence(tmp_path):
    part = torch.nn.Linear(1, 1)
    stepper = Stepper({"part": part}, [torch.optim.SGD(part.parameters(), 0.1)], 1, 0.0, tmp_path / "state.pt")

    def learn(_: list[str]) -> None:
        with ends_in_a_sentence("sft"):
            stepper.update(part(torch.tensor([float("nan")])).sum())

    assert told(learn) == "training.sft: the loss is nan; nothing was updated or saved since the last save"
    (tmp_path / "bad.yaml").write_text("see: [")
    assert "bad.yaml is not YAML: while parsing" in told(
        sft.main, tmp_path, tmp_path, tmp_path, "--config", tmp_path / "bad.yaml"
    )


def test_the_systems_own_errors_lose_their_number():
    assert sentence(FileNotFoundError(2, "No such file or directory", "x.yaml")) == "x.yaml: no such file or directory"
    assert sentence(ValueError("a\n  b")) == "a b"


def test_the_shell_sees_one_line_and_exit_code_1(tmp_path):
    command = [sys.executable, "-m", "training.data.build", str(tmp_path / "gone"), str(tmp_path / "built")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"training.data.build: there is no data folder {tmp_path / 'gone'}\n"
