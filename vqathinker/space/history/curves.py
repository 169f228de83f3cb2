"""Curves over the steps of a run as HTML and SVG: pure functions, drawn to follow the width of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from .log import Row, Stage, Story

SETS = {"biq": "BIQ2021", "clive": "LIVE-Challenge", "avt": "AVT UHD", "pseudo": "degraded clips"}
LENGTH = "completions/mean_length"
HEALTH = {"kl": "KL to the start", LENGTH: "Tokens in an answer", "spread": "Spread in a group"}
CHECKED = ("checked-reward", "checked-ordered_by_expected")
FROM_ZERO = {"kl"}
DECIMALS = {"reward": 2, LENGTH: 1}
NICE, STEPS = (1.0, 2.0, 2.5, 5.0, 10.0), 3
NOT_YET = "–"


def earned(story: Story) -> dict[str, str]:
    """Column -> title of what answers earned: the total, every reward of the run, the bonus."""
    return {"reward": "Total reward", **story.rewards, "bonus": "Temporal bonus"}


@dataclass(frozen=True)
class Scale:
    """A range that begins and ends at a tick."""

    ticks: tuple[float, ...]
    digits: int

    def share(self, value: float) -> float:
        """Where a value lies: 0.0 at the lowest tick, 1.0 at the highest."""
        return (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])


def scale(values: Iterable[float], zero: bool = False) -> Scale:
    """Three to five round ticks around finite values; `zero`: from 0 on."""
    values = list(values)
    low, high = (min(*values, 0.0) if zero else min(values)), max(values)
    if high - low < 1e-9:
        low, high = (low if zero else low - 0.02), high + 0.02
    rough = (high - low) / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in NICE if nice * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    digits = next(d for d in range(9) if abs(round(step, d) - step) < step * 1e-6)
    return Scale(tuple(k * step for k in range(first, last + 1)), digits)


def running_mean(values: Sequence[float | None], window: int) -> list[float | None]:
    """The mean of up to `window` values around each place; None where there are none."""
    sums, counts = ([0.0, *accumulate(one)] for one in ((v or 0.0 for v in values), (v is not None for v in values)))
    means = []
    for k in range(len(values)):
        low, high = max(0, k - window // 2), min(len(values), k + window // 2 + 1)
        count = counts[high] - counts[low]
        means.append((sums[high] - sums[low]) / count if count else None)
    return means


def window_of(count: int) -> int:
    """An odd number of steps that shows the trend of `count` of them."""
    return 2 * min(count // 14, 25) + 1


def line(points: Sequence[tuple[float, float]], css: str) -> str:
    """A line through shares of the width and the height."""
    path = "L".join(f"{100 * x:.2f} {100 - 100 * y:.2f}" for x, y in points)
    return f'<path class="{css}" d="M{path}"></path>' if len(points) > 1 else ""


def dots(points: Sequence[tuple[float, float]], css: str) -> str:
    """Round dots in a drawing that is stretched: strokes without length, with round ends."""
    path = "".join(f"M{100 * x:.2f} {100 - 100 * y:.2f}h.001" for x, y in points)
    return f'<path class="{css}" d="{path}"></path>' if points else ""


def area(content: str, ticks: Scale, label: str, cursor: bool = True) -> str:
    """The drawing itself with its grid; `cursor`: the line that the slider moves."""
    grid = "".join(f"M0 {100 - 100 * ticks.share(tick):.2f}H100" for tick in ticks.ticks)
    now = '<i class="learned-now"></i>' if cursor else ""
    return (
        f'<div class="learned-area"><svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label, quote=True)}"><path class="grid" d="{grid}"></path>{content}</svg>{now}</div>'
    )


def heights(ticks: Scale) -> str:
    marks = (f'<span style="bottom:{ticks.share(t):.1%}">{t:.{ticks.digits}f}</span>' for t in ticks.ticks)
    return f'<div class="learned-ys" aria-hidden="true">{"".join(marks)}</div>'


def widths(last: int) -> str:
    """Ticks of steps below a drawing that begins with the start."""
    middle = [last // 2] if last > 1 else []
    return ticks_below([(0, "start"), *((step / last, str(step)) for step in (*middle, last))])


def ticks_below(marks: Iterable[tuple[float, str]]) -> str:
    spans = "".join(f'<span style="left:{share:.1%}">{escape(text)}</span>' for share, text in marks)
    return f'<div class="learned-xs" aria-hidden="true">{spans}</div>'


def plot(ticks: Scale, *cells: tuple[str, str], css: str = "") -> str:
    """Drawings side by side on one scale, each with what stands below it."""
    both = "".join(f"<div>{drawing}{below}</div>" for drawing, below in cells)
    return f'<div class="learned-plot {css}">{heights(ticks)}{both}</div>'


def figure(key: str, title: str, body: str, note: str = "", css: str = "") -> str:
    """A chart with its title and, where it has a key, a slot for the figure at the slider's step."""
    slot = f' <span data-slot="{key}"></span>' if key else ""
    told = f'<p class="vq-caption">{escape(note)}</p>' if note else ""
    return (
        f'<figure class="learned-chart {css}"><figcaption><b>{escape(title)}</b>{slot}</figcaption>'
        f"<div>{body}</div>{told}</figure>"
    )


def step_chart(story: Story, key: str, title: str, note: str = "", css: str = "") -> str:
    """Single steps as dots, their running mean as a line; empty where it was not logged."""
    values = story.columns.get(key, ())
    known = [value for value in values if value is not None]
    if not known:
        return ""
    means = running_mean(values, window_of(len(values)))
    ticks = scale(known, key in FROM_ZERO)
    raw, smooth = (
        [(step / story.last, ticks.share(v)) for step, v in zip(story.steps, row, strict=True) if v is not None]
        for row in (values, means)
    )
    ends = [value for value in means if value is not None]
    digits = DECIMALS.get(key, 3)
    label = (
        f"{title} over {story.steps[-1]} steps: running mean from {ends[0]:.{digits}f} to {ends[-1]:.{digits}f}, "
        f"single steps between {min(known):.{digits}f} and {max(known):.{digits}f}"
    )
    drawing = area(dots(raw, "raw") + line(smooth, "mean"), ticks, label)
    return figure(key, title, plot(ticks, (drawing, widths(story.last))), note, css)


def step_figure(story: Story, key: str, step: int) -> str:
    """The running mean of a column at a step; a dash before the first."""
    values = story.columns.get(key, ())
    means = running_mean(values, window_of(len(values)))
    past = [mean for at, mean in zip(story.steps, means, strict=True) if at <= step] if values else []
    return NOT_YET if not past or past[-1] is None else f"{past[-1]:.{DECIMALS.get(key, 3)}f}"


def series(rows: Iterable[Row], key: str, last: float, ticks: Scale) -> list[tuple[float, float]]:
    return [(row["step"] / last, ticks.share(row[key])) for row in rows if row.get(key) is not None]


def checked_line(rows: Sequence[Row], key: str, last: float, ticks: Scale, css: str, start: bool = False) -> str:
    """Validations as dots and a line; `start`: a dotted line at the height of the first."""
    points = series(rows, key, last, ticks)
    level = f'<path class="begin {css}" d="M0 {100 - 100 * points[0][1]:.2f}H100"></path>' if start and points else ""
    return level + line(points, f"checked {css}") + dots(points, f"spot {css}")


def read_out(rows: Sequence[Row], key: str) -> str:
    """ "0.80 at step 0, 0.81 at step 16" for who cannot see the line."""
    return ", ".join(f"{row[key]:.2f} at step {row['step']}" for row in rows if row.get(key) is not None)


def agreement_chart(story: Story) -> str:
    """SRCC of the written score with MOS: the supervised stages on steps of their own, then GRPO; empty without one."""
    before = [s for s in story.stages if any(row.get(f"{n}_srcc") is not None for row in s.validation for n in SETS)]
    parts = [(stage.name, stage.validation, stage.validation[-1]["step"], "{}_srcc") for stage in before]
    if any(row.get(f"{name}_greedy_srcc") is not None for row in story.validation for name in SETS):
        parts.append(("GRPO", story.validation, story.last, "{}_greedy_srcc"))
    values = [row.get(key.format(n)) for _, rows, _, key in parts for row in rows for n in SETS]
    if not (known := [value for value in values if value is not None]):
        return ""
    ticks, cells = scale(known), []
    for name, rows, last, key in parts:
        ours = name == "GRPO"
        content = "".join(checked_line(rows, key.format(n), last, ticks, n, start=ours) for n in SETS)
        told = ((title, read_out(rows, key.format(n))) for n, title in SETS.items())
        label = f"SRCC with MOS in {name}: {'; '.join(f'{title}, {values}' for title, values in told if values)}"
        below = widths(last) if ours else ticks_below([(0, "0"), (1, str(last))])
        head = f'<p class="learned-part {"ours" if ours else ""}">{escape(name)}</p>'
        cells.append((head + area(content, ticks, label, cursor=ours), below))
    legend = "".join(
        f'<li class="{name}"><i></i>{escape(title)} <span data-slot="srcc-{name}"></span></li>'
        for name, title in SETS.items()
        if any(row.get(f"{name}_greedy_srcc") is not None for row in story.validation)
    )
    body = f'<ul class="learned-sets">{legend}</ul>' + plot(ticks, *cells, css="parts")
    return figure("", "Agreement with MOS (SRCC of the score)", body, agreement_note(story, before), "wide")


def agreement_note(story: Story, before: Sequence[Stage]) -> str:
    count = story.settings.get("validation")
    parts = ["Dotted: the supervised start, where GRPO begins."]
    if before and story.repeat:
        parts.append(
            "The stages before it are from a second run of the supervised start, as the log of the first was lost: "
            "chance sets the two a little apart."
        )
    if count and before:
        parts.append(
            f"GRPO was measured on up to {count:g} samples of each set, the stages before it on all of them: the lines "
            "do not join."
        )
    if any(stage.name == "vision" for stage in before):
        parts.append("In “vision” the score comes from a reading head that was thrown away afterwards.")
    return " ".join(parts)


def reward_chart(story: Story) -> str:
    *some, last = (title.lower() for title in story.rewards.values())
    note = f"Of its sampled answers: {', '.join(some)} and {last}, without the bonus."
    return checked_chart(story, "checked-reward", "Mean reward", note)


def order_chart(story: Story) -> str:
    twins = next((row["twins"] for row in story.validation if row.get("twins")), None)
    note = f"Share of {twins:g} clips whose expected score is above that of their disordered twin." if twins else ""
    return checked_chart(story, "checked-ordered_by_expected", "Clips preferred in order", note)


def checked_chart(story: Story, name: str, title: str, note: str) -> str:
    """Validations of GRPO with a dotted line at the height of its start; empty without any."""
    key = name.removeprefix("checked-")
    known = [row[key] for row in story.validation if row.get(key) is not None]
    if not known:
        return ""
    ticks = scale(known)
    content = checked_line(story.validation, key, story.last, ticks, "own", start=True)
    drawing = area(content, ticks, f"{title}, validation videos: {read_out(story.validation, key)}")
    return figure(name, title, plot(ticks, (drawing, widths(story.last))), note)


def checked_figure(story: Story, key: str, step: int) -> str:
    """A validation figure at a step with its change since the start; a dash without one."""
    value = story.checked_at(step).get(key)
    if value is None:
        return NOT_YET
    first = story.validation[0]
    start = first.get(key)
    if start is None or step == first["step"]:
        return f"{value:.3f}"
    change = round(round(value, 3) - round(start, 3), 3)
    told = f"{change:+.3f}".replace("-", "−") if change else "±0"
    return f"{value:.3f} ({told})"
