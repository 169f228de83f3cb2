"""Figures over the steps of a run: their names, running means, and what they are at a step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from .log import StageLog, Story

SET_TITLES = {"biq": "BIQ2021", "clive": "LIVE-Challenge", "avt": "AVT UHD", "pseudo": "degraded clips"}
LENGTH = "completions/mean_length"
HEALTH_TITLES = {"kl": "KL to the start", LENGTH: "Tokens in an answer", "spread": "Spread in a group"}
CHECKED = ("checked-reward", "checked-ordered_by_expected")
DECIMALS = {"reward": 2, LENGTH: 1}
NOT_YET = "–"


def reward_titles(story: Story) -> dict[str, str]:
    """Column -> title of what answers earned: the total, every reward of the run, the bonus."""
    return {"reward": "Total reward", **story.rewards, "bonus": "Temporal bonus"}


def running_mean(values: Sequence[float | None], window: int) -> list[float | None]:
    """The mean of up to `window` values around each place; None where there are none."""
    sums, counts = ([0.0, *accumulate(one)] for one in ((v or 0.0 for v in values), (v is not None for v in values)))
    means = []
    for k in range(len(values)):
        low, high = max(0, k - window // 2), min(len(values), k + window // 2 + 1)
        count = counts[high] - counts[low]
        means.append((sums[high] - sums[low]) / count if count else None)
    return means


def smoothing_window(count: int) -> int:
    """An odd number of steps that shows the trend of `count` of them."""
    return 2 * min(count // 14, 25) + 1


def step_figure(story: Story, key: str, step: int) -> str:
    """The running mean of a column at a step; a dash before the first."""
    values = story.columns.get(key, ())
    means = running_mean(values, smoothing_window(len(values)))
    past = [mean for at, mean in zip(story.steps, means, strict=True) if at <= step] if values else []
    return NOT_YET if not past or past[-1] is None else f"{past[-1]:.{DECIMALS.get(key, 3)}f}"


def agreement_note(story: Story, before: Sequence[StageLog]) -> str:
    count = story.settings.get("validation")
    parts = ["The supervised start stands at step 0, where GRPO begins."]
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
