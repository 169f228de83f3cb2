"""The mean of checkpoints lies between them, tensor by tensor; those that do not fit together are refused."""

import pytest
import torch

from tests.training.toys import save_checkpoint
from training.common.start import load_start
from training.study.mean import main, mean_weights


def test_a_tensor_is_the_mean_and_keeps_its_type():
    parts = [
        {"a": torch.tensor([1.0, 2.0]).bfloat16(), "n": torch.tensor(7)},
        {"a": torch.tensor([2.0, 4.0]), "n": torch.tensor(7)},
    ]
    found = mean_weights(parts)
    assert found["a"].tolist() == [1.5, 3.0] and found["a"].dtype == torch.bfloat16 and found["n"] == 7


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"b": torch.ones(2)}, "same tensors: a"),
        ({"a": torch.ones(3)}, "another shape"),
        ({"a": torch.ones(2, dtype=torch.int64)}, "whole numbers"),
    ],
)
def test_what_does_not_fit_has_no_mean(other, reason):
    first = {"a": torch.zeros(2, dtype=next(iter(other.values())).dtype)}
    with pytest.raises(ValueError, match=reason):
        mean_weights([first, other])


def test_checkpoints_of_one_start_become_one_that_rates(tmp_path):
    folders = [save_checkpoint(tmp_path / name, seed) for seed, name in enumerate(("one", "two"))]
    (tmp_path / "mean").mkdir()
    (tmp_path / "mean" / "old").write_text("goes")
    main([*map(str, folders), "--out", str(tmp_path / "mean")])
    one, two, mean = (load_start(str(folder)).model.state_dict() for folder in (*folders, tmp_path / "mean"))
    assert any(not one[name].equal(two[name]) for name in one)
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, (one[name] + two[name]) / 2 if tensor.is_floating_point() else one[name])
    assert (
        not (tmp_path / "mean" / "old").exists()
        and "has not been measured" in (tmp_path / "mean/README.md").read_text()
    )
    assert load_start(str(tmp_path / "mean")).model.config.calibration is None


def test_a_wrong_folder_ends_in_a_sentence_and_leaves_the_old_one(tmp_path):
    folder = save_checkpoint(tmp_path / "one")
    (tmp_path / "mean").mkdir()
    (tmp_path / "mean" / "old").write_text("stays")
    for others in ([], [str(tmp_path / "nowhere")]):
        with pytest.raises(SystemExit) as ended:
            main([str(folder), *others, "--out", str(tmp_path / "mean")])
        assert str(ended.value).startswith("training.study.mean: ")
    assert (tmp_path / "mean" / "old").read_text() == "stays"
