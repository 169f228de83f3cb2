"""The benchmark of a GRPO step of the 8b architecture at its small size: every phase is measured, the table written."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import grpo_8b
from training.grpo.config import GrpoSettings, load_grpo_settings


def fewer(path: Path) -> GrpoSettings:
    return replace(load_grpo_settings(path), videos_per_step=2, num_generations=2)


def test_a_step_is_measured_and_the_table_written(on_cpu, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    document = tmp_path / "table.md"
    document.write_text("\n".join(["before", *grpo_8b.MARKERS, "after"]))
    arguments = ["--size", "small", "--answer-tokens", "3", "--steps", "1", "--write", str(document)]
    monkeypatch.setattr(grpo_8b, "load_grpo_settings", fewer)
    monkeypatch.setattr(sys, "argv", ["grpo_8b", *arguments])
    grpo_8b.main()
    text = document.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in (*grpo_8b.PHASES, "a step")]
