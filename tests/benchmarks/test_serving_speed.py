"""The benchmark of serving at its small size: a line as soon as it is measured, also where memory runs out."""

from __future__ import annotations

import argparse
from dataclasses import replace

import pytest
import torch

from tests.benchmarks import serving_speed
from tests.benchmarks.serving_models import load_random
from tests.model.test_serving import CUDA_SAYS, Scarce

CPU = torch.device("cpu")
SETTINGS = {"size": "small", "answers": None, "cpu": False, "videos": 2, "runs": 1, "agreement": False, "write": None}


def test_a_setting_without_memory_is_a_line_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch):
    def scarce(name: str, precision: str, device: torch.device):
        if precision == "bf16":
            raise MemoryError
        loaded = load_random(name, precision, device)
        Scarce(loaded.model, 1, CUDA_SAYS)
        return loaded

    monkeypatch.setattr(serving_speed, "load_random", scarce)
    monkeypatch.setitem(serving_speed.SIZES, "small", replace(serving_speed.SIZES["small"], answers=(2, 4)))
    args = argparse.Namespace(**SETTINGS, precisions=["bf16", "fp32"], batches=[2, 1])
    measured = [(len(lines), lines, traces) for lines, traces in serving_speed.run(args, CPU)]
    assert [count for count, *_ in measured] == [1, 1, 2, 3, 3]
    _, lines, traces = measured[-1]
    assert [line[:3] for line in lines[:2]] == [["bf16", "any", "out of memory"], ["fp32", "2", "out of memory"]]
    assert lines[2][:2] == ["fp32", "1"] and lines[2][2].endswith("/s")
    assert {len(line) for line in lines} == {len(serving_speed.COLUMNS)} and list(traces) == ["fp32"]


def test_agreement_alone_measures_no_speed():
    args = argparse.Namespace(**SETTINGS | {"agreement": True}, precisions=["fp32", "bf16"], batches=[1])
    lines, traces = list(serving_speed.run(args, CPU))[-1]
    told = serving_speed.reports(args, CPU, lines, traces)
    assert lines == [] and list(told) == ["agreement small"]
    name, correlation, *_ = told["agreement small"].splitlines()[-1].strip("| ").split(" | ")
    assert name == "bf16" and float(correlation) > 0.99
