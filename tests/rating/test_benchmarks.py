"""The test sets of the paper by name: scale, completeness, and the table beside published results."""

from __future__ import annotations

from vqathinker.rating.benchmarks import BENCHMARKS, PUBLISHED_MODELS, benchmark_table, count_problem, on_native_scale
from vqathinker.rating.labels import Labels

LIVE = BENCHMARKS["live-vqc"]


def test_there_are_the_ten_sets_of_the_paper_and_each_has_a_figure_of_every_model():
    assert len(BENCHMARKS) == 10
    for benchmark in BENCHMARKS.values():
        assert len(benchmark.published) == len(PUBLISHED_MODELS)
        assert all(0 < figure < 1 for pair in benchmark.published for figure in pair)
    assert BENCHMARKS["vdpve"].published[-1] == (0.706, 0.716)  # corner of the paper's table


def test_labels_on_the_scale_of_the_study_are_mapped_and_those_on_1_to_5_stay():
    percent, five = Labels((("a", 25.0), ("b", 100.0))), Labels((("a", 2.0), ("b", 5.0)))
    assert on_native_scale(percent, LIVE) == (five, (0.0, 100.0))
    assert on_native_scale(five, LIVE) == (five, None)


def test_labels_that_fit_no_known_scale_stay_and_have_no_mae():
    odd = Labels((("a", -3.0), ("b", 140.0)))
    for benchmark in (LIVE, BENCHMARKS["cgvds"]):
        labels, scale = on_native_scale(odd, benchmark)
        assert labels == odd and scale is None and labels.reason


def test_a_part_of_a_set_is_told():
    assert "has 585 videos, the labels name 1" in count_problem(Labels((("a", 3.0),)), LIVE)
    assert not count_problem(Labels((("a", 3.0),)), BENCHMARKS["cgvds"])
    assert not count_problem(Labels(tuple((str(n), 3.0) for n in range(585))), LIVE)


def test_the_table_has_a_row_for_each_measured_and_each_published_result():
    metrics = {"srcc": {"value": 0.5, "low": 0.4, "high": 0.6}, "plcc": {"value": 0.4, "low": None, "high": None}}
    metrics["mae"] = {"value": None, "low": None, "high": None}
    report = {"model": "tiny", "protocol": "released", "rated": 585, "metrics": {"score": metrics}}
    lines = benchmark_table("live-vqc", [report, report | {"model": "8b"}]).splitlines()
    assert lines[2] == "| tiny (released), measured | 0.500 [0.400, 0.600] | 0.400 |  | 585 |"
    assert lines[3].startswith("| 8b (released), measured") and len(lines) == 4 + len(PUBLISHED_MODELS)
    assert lines[-1] == "| VQAThinker 8B, published | 0.808 | 0.847 |  |  |"
