"""A checkpoint folder is replaced as a whole, and cut by its size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.grpo_small import weights_of
from tests.training.toys import make_loaded
from training.common.checkpoint import put_in_place, shard_size, staging, write_files
from vqathinker.model.family.load import load_model


def test_only_a_model_that_travels_in_a_package_is_cut_below_ten_megabytes():
    with torch.device("meta"):
        small, large = torch.empty(40_000_000), torch.empty(8_000_000_000, dtype=torch.bfloat16)
    assert shard_size({"weight": small}) == "9MB"
    assert shard_size({"weight": large}) == "2GB"


def test_weights_of_a_run_take_the_place_of_the_models_own(tmp_path):
    loaded = make_loaded()
    weights = {key: value + 1 for key, value in loaded.model.state_dict().items()}
    write_files(loaded.model, loaded.processor, tmp_path / "out", dict(weights), "---\nlicense: other\n---\n# Card\n")
    kept = weights_of(tmp_path / "out")
    assert kept and all(torch.equal(kept[key], weights[key]) for key in kept)
    assert (tmp_path / "out" / "README.md").read_text().endswith("# Card\n")


def test_the_old_folder_is_there_until_the_new_one_is(tmp_path, monkeypatch):
    out = tmp_path / "out"
    first, second = make_loaded(0), make_loaded(1)
    for loaded in (first, second):
        write_files(loaded.model, loaded.processor, staging(out))
        put_in_place(staging(out), out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    write_files(first.model, first.processor, staging(out))
    moves, rename = [], Path.rename

    def killed(path: Path, target: Path) -> Path:
        """The power goes after the first move."""
        if moves:
            raise KeyboardInterrupt
        moves.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(staging(out), out)
    assert load_model(str(tmp_path / ".out.old")) and load_model(str(staging(out)))
