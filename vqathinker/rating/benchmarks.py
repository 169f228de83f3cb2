"""The ten test sets of the paper, by name: how many videos they have, their scale, and what was published on them.

Source of the figures: VQAThinker (arXiv 2508.06051), its table of SRCC and PLCC; all models were trained on LSVQ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..markdown import markdown_table
from .labels import HIGH, LOW, Labels

PUBLISHED_MODELS = ("FAST-VQA", "DOVER", "Q-Align", "VisualQuality-R1 (on LSVQ)", "VQAThinker 8B")


@dataclass(frozen=True)
class Benchmark:
    """A test set: `scale` is that of its original MOS, None where releases differ; `videos` None likewise.

    `published` holds (SRCC, PLCC) of each of MODELS.
    """

    title: str
    videos: int | None
    scale: tuple[float, float] | None
    published: tuple[tuple[float, float], ...]


PERCENT, FIVE = (0.0, 100.0), (1.0, 5.0)
BENCHMARKS = {
    "lsvq-test": Benchmark(
        "LSVQ, test", None, PERCENT, ((0.880, 0.880), (0.878, 0.866), (0.886, 0.884), (0.795, 0.796), (0.883, 0.880))
    ),
    "lsvq-1080p": Benchmark(
        "LSVQ, 1080p", None, PERCENT, ((0.781, 0.813), (0.782, 0.813), (0.761, 0.822), (0.716, 0.744), (0.798, 0.834))
    ),
    "konvid-1k": Benchmark(
        "KoNViD-1k", 1200, FIVE, ((0.859, 0.854), (0.874, 0.869), (0.876, 0.878), (0.784, 0.792), (0.881, 0.884))
    ),
    "live-vqc": Benchmark(
        "LIVE-VQC", 585, PERCENT, ((0.826, 0.845), (0.817, 0.840), (0.783, 0.819), (0.732, 0.781), (0.808, 0.847))
    ),
    "youtube-ugc": Benchmark(
        "YouTube-UGC", None, FIVE, ((0.730, 0.747), (0.771, 0.781), (0.834, 0.846), (0.717, 0.730), (0.860, 0.863))
    ),
    "live-yt-gaming": Benchmark(
        "LIVE-YT-Gaming", 600, PERCENT, ((0.631, 0.677), (0.647, 0.728), (0.611, 0.681), (0.472, 0.548), (0.767, 0.806))
    ),
    "cgvds": Benchmark(
        "CGVDS", None, None, ((0.725, 0.747), (0.694, 0.747), (0.756, 0.798), (0.493, 0.574), (0.856, 0.845))
    ),
    "live-yt-hfr": Benchmark(
        "LIVE-YT-HFR", 480, PERCENT, ((0.326, 0.415), (0.360, 0.465), (0.329, 0.342), (0.340, 0.347), (0.528, 0.610))
    ),
    "waterloo-4k": Benchmark(
        "Waterloo 4K", 1200, PERCENT, ((0.327, 0.363), (0.368, 0.418), (0.414, 0.497), (0.227, 0.298), (0.573, 0.624))
    ),
    "vdpve": Benchmark(
        "VDPVE", None, PERCENT, ((0.611, 0.620), (0.627, 0.631), (0.639, 0.649), (0.622, 0.637), (0.706, 0.716))
    ),
}


def on_native_scale(labels: Labels, benchmark: Benchmark) -> tuple[Labels, tuple[float, float] | None]:
    """The labels on 1 to 5, and the scale that they were mapped from.

    Those that lie on 1 to 5 already, as the official JSON files of some sets do, stay. So do those that do not fit the
    scale of the set: correlations do not need it, and the report says why there is no MAE.
    """
    low, high = benchmark.scale or (LOW, HIGH)
    fits = all(low <= mos <= high for _, mos in labels.entries)
    if not labels.reason or not benchmark.scale or not fits:
        return labels, None
    return labels.on_scale(low, high), benchmark.scale


def count_problem(labels: Labels, benchmark: Benchmark) -> str:
    """A sentence where the labels do not name the videos of the whole set, else nothing."""
    count = len(labels.entries)
    if benchmark.videos in (None, count):
        return ""
    return f"{benchmark.title} has {benchmark.videos} videos, the labels name {count}: not comparable as it is"


def benchmark_table(name: str, reports: Sequence[dict]) -> str:
    """Measured and published results as a Markdown table. `reports` are those of `evaluate --benchmark NAME --out`."""
    benchmark = BENCHMARKS[name]
    rows = []
    for report in reports:
        metrics = report["metrics"]["score"]
        cells = [f"{report['model']} ({report['protocol']}), measured", *(_cell(metrics[one]) for one in metrics)]
        rows.append([*cells, str(report["rated"])])
    for model, (srcc, plcc) in zip(PUBLISHED_MODELS, benchmark.published, strict=True):
        rows.append([f"{model}, published", f"{srcc:.3f}", f"{plcc:.3f}", "", ""])
    return markdown_table([benchmark.title, "SRCC", "PLCC", "MAE", "videos"], rows)


def _cell(measured: dict) -> str:
    value, low, high = (measured[key] for key in ("value", "low", "high"))
    return "" if value is None else f"{value:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")
