"""ZeroGPU, by a stand-in for the package `spaces`, which needs a CUDA build of torch: what it would be asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import vqathinker
from tests import raters
from vqathinker.space.queue.requests import MOST_ROLLOUTS
from vqathinker.space.settings import Settings

ROOT = Path(vqathinker.__file__).parent.parent
VISITOR_S = 120
"""Seconds a day that ZeroGPU lends to a visitor without an account (its documentation, 2026)."""
SPACES = """
import sys
import gradio as gr

torch_came_before = "torch" in sys.modules
claims = []

def GPU(duration):
    def decorate(function):
        def lent(job):
            if job.rollouts > 30:
                raise gr.Error("You have exceeded your <b>quota</b>. ", title="ZeroGPU quota exceeded")
            claims.append(duration(job))
            try:
                yield from function(job)
            except Exception as error:
                raise gr.Error(type(error).__name__, title="ZeroGPU worker error")
        return lent
    return decorate
"""
SCRIPT = """
import json, sys, threading, time
from vqathinker.errors import VQAThinkerError
from vqathinker.space.queue.model import Model
from vqathinker.space.settings import Settings
from vqathinker.space.queue.requests import Job

model = Model(Settings())
placed, threads = model.ready, [thread.name for thread in threading.enumerate()]
import spaces
start = time.perf_counter()
rated, disordered = model.rate(Job(sys.argv[1], rollouts=3), Job(sys.argv[1], perturbation="reverse"))
took = time.perf_counter() - start
errors = []
for job in (Job(sys.argv[2]), Job(sys.argv[1], rollouts=32)):
    try:
        model.rate(job)
    except VQAThinkerError as error:
        errors.append(f"{type(error).__name__}: {error}")
print(json.dumps({
    "errors": errors,
    "placed": placed, "threads": threads, "torch_came_before": spaces.torch_came_before, "claims": spaces.claims,
    "took": took, "score": rated.score, "expected": [rated.expected, disordered.expected],
}))
"""


def test_weights_are_placed_at_the_start_each_rating_claims_its_seconds_and_errors_arrive(tmp_path: Path, clip):
    (tmp_path / "spaces.py").write_text(SPACES)
    environment = os.environ | {"SPACES_ZERO_GPU": "true", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", SCRIPT, str(clip("plain.mp4")), str(clip("text.mp4"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["placed"] and "load-model" not in told["threads"]
    assert not told["torch_came_before"]
    settings = Settings()
    assert told["claims"] == [settings.gpu_duration(count) for count in (3, 0, 0)]
    assert told["errors"] == [
        "VideoError: text.mp4 is a text file, not a video.",
        "ModelError: You have exceeded your quota.",
    ]
    assert told["took"] < sum(told["claims"])
    rating = raters.tiny().rate(clip("plain.mp4"))
    assert told["score"] == rating.score and told["expected"][0] == rating.expected != told["expected"][1]


def test_whatever_can_be_asked_for_fits_into_what_a_visitor_is_lent():
    least, most = (Settings().gpu_duration(count) for count in (0, MOST_ROLLOUTS))
    assert least < most <= VISITOR_S
