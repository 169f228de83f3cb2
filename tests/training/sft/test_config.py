"""Settings files: defaults, unknown keys, the one that is shipped."""

from pathlib import Path

import pytest

from training.sft.config import SftSettings, load_sft_settings

SHIPPED = Path(__file__).parents[3] / "training" / "configs" / "tiny_sft.yaml"


def test_the_shipped_settings_load():
    settings = load_sft_settings(SHIPPED)
    assert settings.model.grids == (1, 3)
    assert settings.vision.epochs > 0


def test_missing_keys_keep_their_defaults(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("vision:\n  epochs: 2\n")
    settings = load_sft_settings(path)
    assert settings.vision.epochs == 2
    assert settings.language == SftSettings().language


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sed: 1\n", "unknown key 'sed'"),
        ("vision:\n  epoch: 2\n", "section vision: unknown key 'epoch'"),
        ("vision:\n  epochs: 0\n", "section vision: epochs: input should be greater than or equal to 1"),
        ("vision:\n", "section vision: expected keys and values, got None"),
        ("model:\n  grids: 3\n", "section model: grids: input should be a valid tuple"),
        ("pan_share: 1.5\n", "run.yaml: pan_share: input should be less than or equal to 1"),
    ],
)
def test_a_bad_key_or_value_is_named_with_its_place(tmp_path, text, place):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=place):
        load_sft_settings(path)
