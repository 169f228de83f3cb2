"""What a step of GRPO logs about its rewards, which are those of `vqathinker.rewards`."""

from __future__ import annotations

import numpy as np

from vqathinker.rewards import Scored


def reward_metrics(scored: Scored) -> dict[str, float | None]:
    """Means over all answers of a step; `spread`: deviation in a group of the readable scores, held to [1, 5]."""
    plain, total = scored.plain, scored.table.total
    groups = [group[~group.isnan()].clamp(1, 5) for group in plain.scores]
    spreads = [float(group.std()) for group in groups if len(group) > 1]
    return {
        "reward": float(total.mean()),
        "reward_std": float(total.std(1).mean()) if total.shape[1] > 1 else 0.0,
        **{name: float(part.mean()) for name, part in plain.parts.items()},
        "bonus": float((total - plain.total).mean()),
        "spread": float(np.mean(spreads)) if spreads else None,
        "no_gradient_share": float((total == total[:, :1]).all(1).float().mean()),
        "beats_twin": float(np.mean(scored.beats_twin)) if scored.beats_twin else None,
    }
