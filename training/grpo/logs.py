"""What a run of GRPO tells: the rewards of a step in figures, a line on the screen, a row for a tracker."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vqathinker.rewards import Scored

from .checkpoint import LOG
from .config import GrpoSettings


def reward_metrics(scored: Scored) -> dict[str, float | None]:
    """Means over all answers of a step, under the names that TRL logs them by, where it has one.

    Each reward of the registry by its name, before the bonus; `spread`: deviation in a group of the readable scores,
    held to [1, 5]; `beats_twin`: share of the clips whose answers earned more than those about their twin.
    """
    plain, total = scored.plain, scored.table.total
    groups = [group[~group.isnan()].clamp(1, 5) for group in plain.scores]
    spreads = [float(group.std()) for group in groups if len(group) > 1]
    return {
        "reward": float(total.mean()),
        "reward_std": float(total.std(1).mean()) if total.shape[1] > 1 else 0.0,
        **{name: float(part.mean()) for name, part in plain.parts.items()},
        "bonus": float((total - plain.total).mean()),
        "spread": float(np.mean(spreads)) if spreads else None,
        "frac_reward_zero_std": float((total == total[:, :1]).all(1).float().mean()),
        "beats_twin": float(np.mean(scored.beats_twin)) if scored.beats_twin else None,
    }


def flattened(row: dict, prefix: str = "") -> dict:
    """Nested keys joined by a slash."""
    result = {}
    for key, value in row.items():
        result |= flattened(value, f"{prefix}{key}/") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return result


def log_line(row: dict) -> str:
    """One line for the screen."""
    shown = {
        key: value for key, value in flattened(row).items() if not key.startswith("seconds") or key.endswith("total")
    }
    words = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in shown.items()}
    return " ".join(f"{key}={word}" for key, word in words.items())


def start_tracker(settings: GrpoSettings, run: Path) -> Callable[[dict], None] | None:
    """What hands the numbers of a row to trackio, where the settings ask for it and it is installed.

    A run that goes on after it was stopped goes on there, too; another folder of the same name is another run.
    """
    if not settings.trackio:
        return None
    try:
        import trackio
    except ImportError:
        print("trackio is not installed: metrics go to the log file only", file=sys.stderr)
        return None
    going_on = "allow" if (run / LOG).is_file() else "never"
    trackio.init(settings.trackio, name=run.name, config=settings.to_dict(), resume=going_on, embed=False)

    def tell(row: dict) -> None:
        numbers = {key: value for key, value in flattened(row).items() if isinstance(value, int | float)}
        trackio.log(numbers, step=numbers.pop("step"))

    return tell
