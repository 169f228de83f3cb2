"""What the command line leaves out of its libraries, each time in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from vqathinker import load_rater

LEFT_OUT = ("scipy", "sympy", "torch._dynamo.convert_frame", "torch.distributed.tensor", "gradio", "pandas", "pydantic")


@pytest.fixture
def plain(clip) -> str:
    return str(clip("plain.mp4"))


def python(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=600)


def test_a_command_imports_nothing_that_its_job_does_not_need_and_rates_alike(plain):
    done = python("-X", "importtime", "-m", "vqathinker", "rate", plain, "--json")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "transformers.modeling_utils" in imported
    assert not imported.intersection(LEFT_OUT)
    told, alike = json.loads(done.stdout), load_rater("tiny").rate(plain).to_dict()
    assert {key: told[key] for key in ("score", "expected", "text")} == {
        key: alike[key] for key in ("score", "expected", "text")
    }


def test_what_was_left_out_is_there_for_whoever_asks():
    done = python(
        "-c",
        """
from vqathinker.lean import be_lean, own_process
own_process()
be_lean()
import vqathinker
vqathinker.load_rater()
import scipy.optimize, sys, torch, transformers
assert "torch._dynamo.convert_frame" not in sys.modules
assert transformers.models.bert.BertConfig is transformers.BertConfig is transformers.models.BertConfig
print(torch._dynamo.config.disable, scipy.optimize.linear_sum_assignment([[1]])[0])
""",
    )
    assert done.stdout.split() == ["False", "[0]"], done.stderr


def test_nothing_is_left_out_of_the_libraries_of_a_python_program():
    done = python(
        "-c",
        """
import sys, vqathinker
vqathinker.load_rater()
import torch, transformers.loss.loss_for_object_detection as loss
print(torch.distributed.is_available(), hasattr(loss, "linear_sum_assignment"), "scipy" in sys.modules)
""",
    )
    assert done.stdout.split() == ["True", "True", "True"], done.stderr
