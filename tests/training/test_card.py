"""Numbers of the card come from the measurement, and the README's table is replaced between its markers."""

import pytest

from training.card import MARKERS, accuracy_table, data_table, failures, span, update_readme

ENTRY = {"value": 0.8123, "low": 0.75, "high": 0.86}
AGREEMENT = dict.fromkeys(("srcc", "plcc", "mae"), ENTRY)
RESULT = {
    "sets": {"clive": {"samples": 9, "score": AGREEMENT, "expected": AGREEMENT}},
    "order": {"all": ENTRY | {"pairs": 4}, "families": {"blur": ENTRY | {"pairs": 4}}},
    "order_expected": {"all": ENTRY | {"pairs": 4}, "families": {"blur": ENTRY | {"pairs": 4}}},
    "defects": {"macro_f1": ENTRY, "each": {"blur": {"f1": 0.4}, "noise": {"f1": 0.9}}},
    "well_formed": 0.995,
}


def test_an_interval_is_written_with_its_bounds():
    assert span(ENTRY) == "0.812 [0.750, 0.860]"
    assert span({"value": None, "low": None, "high": None}) == "–"


def test_the_table_holds_the_measured_numbers():
    text = accuracy_table(RESULT)
    assert text.count("0.812 [0.750, 0.860]") == 9
    assert "0.9950" in text


def test_the_weakest_defects_are_named_first():
    assert "blur (F1 0.40), noise (F1 0.90)" in failures(RESULT)


def test_contents_and_samples_are_counted_apart():
    rows = [{"group": "clips", "kind": "pseudo", "split": "train", "content": c} for c in "aab"]
    assert "| clips | pseudo | train | 2 | 3 |" in data_table(rows)


def test_the_readme_changes_between_its_markers_only(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{MARKERS[0]}\nold\n{MARKERS[1]}\nafter\n")
    update_readme(readme, "new | 1")
    assert readme.read_text() == f"before\n{MARKERS[0]}\nnew | 1\n{MARKERS[1]}\nafter\n"


def test_a_readme_without_markers_is_refused(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing")
    with pytest.raises(ValueError, match="has no <!-- accuracy"):
        update_readme(readme, "x")
