"""The log that travels with a checkpoint: training.json, as `python -m training.report.training_log` writes it.

Everything is checked when it is read, so that what draws and tells may rely on it.
"""

from __future__ import annotations

import json
from dataclasses import field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ...bundled import LOG_FILE, LOG_FORMAT
from ...checked import checked
from ...errors import VQAThinkerError
from ...renamed import OLD_COLUMNS, OLD_SETTINGS, OLD_STAGES, renamed

PICTURE = r"^(data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2})?$"
MISSING = "This checkpoint came without a training log (training.json), so there is nothing to replay."
BROKEN_LOG = "The training log of this checkpoint (training.json) cannot be read: {}."

OLD_REWARD_TITLES = {"format": "Format", "regression": "Bell", "ranking": "Ranking"}
"""Titles of the rewards in a log that does not name them, as those of the release before."""

Number = int | float
Figure = Number | None
LogRow = dict[str, Figure]


class StoryError(VQAThinkerError):
    """There is no training log, or none that can be read."""


@checked()
class Change:
    """A difference with its paired 95% interval; None where it is not defined."""

    value: Figure
    low: Figure
    high: Figure

    @property
    def known(self) -> bool:
        return None not in (self.value, self.low, self.high)

    @property
    def rose(self) -> bool:
        """Beyond chance: the interval leaves 0 out."""
        return self.known and self.low > 0

    @property
    def fell(self) -> bool:
        return self.known and self.high < 0


@checked()
class Effect:
    """One metric of the recipe: at its start, the mean and deviation over its seeds, and the change."""

    start: Figure
    mean: Figure
    deviation: Figure
    change: Change


@checked()
class Ablation:
    """The recipe minus the recipe without one reward, over the seeds that both have (0: none)."""

    seeds: int
    metrics: dict[str, Change]


@checked()
class Study:
    """Many checkpoints on the same samples; `ablation` has None for a reward whose removal was not run."""

    samples: int
    seeds: int
    titles: dict[str, str]
    recipe: dict[str, Effect]
    ablation: dict[str, Ablation | None]

    def __post_init__(self) -> None:
        named = {*self.recipe, *(key for entry in self.ablation.values() if entry for key in entry.metrics)}
        if nameless := sorted(named - set(self.titles)):
            raise ValueError(f"{', '.join(nameless)} has no title")


@checked()
class Save:
    """What was said about a probe video at a step; None for a score that nobody can read."""

    step: int
    text: str
    score: Figure
    scores: tuple[Figure, ...]
    sampled: tuple[tuple[Number, str], ...]

    @property
    def readable(self) -> list[float]:
        """The sampled scores that could be read, held to [1, 5] as in a Rollout: a log keeps what was written."""
        return [min(max(score, 1.0), 5.0) for score in self.scores if score is not None]


@checked()
class Probe:
    """A validation video with its MOS in [1, 5]; `human`: by people, not by rules.

    `what`: which one it is; `title`: what it is in ordinary words. `picture`: a small JPEG as a data address, "" where
    its licence does not allow it; `credit`: whose it is.
    """

    what: str
    human: bool
    mos: Annotated[Number, Field(ge=1, le=5)]
    saves: Annotated[dict[int, Save], Field(min_length=1)]
    title: str = ""
    picture: Annotated[str, Field(pattern=PICTURE)] = ""
    credit: str = ""


@checked()
class StageLog:
    """A stage of the supervised start: its last step, and validations with their steps."""

    name: str
    steps: int
    validation: tuple[LogRow, ...]

    def __post_init__(self) -> None:
        ascending(self.validation)


@checked()
class Story:
    """A whole run. `columns`: figures of every step in `steps`; `validation`: rows with their step, 0 is the start.

    `rewards`: title of each reward that was paid, by its column, in their order. `repeat`: the stages are those of a
    supervised start made again, not of the one that GRPO began with. `averaged`: the model is the mean of so many runs
    from one start, of which this is one.
    """

    settings: dict[str, Number]
    stages: tuple[StageLog, ...]
    steps: Annotated[tuple[int, ...], Field(min_length=1)]
    columns: dict[str, tuple[Figure, ...]]
    validation: tuple[LogRow, ...]
    probes: tuple[Probe, ...]
    study: Study | None
    repeat: bool = False
    averaged: Annotated[int, Field(ge=1)] = 1
    rewards: dict[str, str] = field(default_factory=lambda: OLD_REWARD_TITLES)

    def __post_init__(self) -> None:
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError("its steps do not ascend")
        for key, values in self.columns.items():
            if len(values) != len(self.steps):
                raise ValueError(f"{key} has {len(values)} figures for {len(self.steps)} steps")
        ascending(self.validation)

    @property
    def last(self) -> int:
        return max(self.steps[-1], *self.saves)

    @property
    def saves(self) -> tuple[int, ...]:
        """The steps that can be replayed, ascending: those of the probes, else of the validations, else the last."""
        probed = {step for probe in self.probes for step in probe.saves}
        return tuple(sorted(probed or {row["step"] for row in self.validation} or {self.steps[-1]}))

    def checked_at(self, step: int) -> LogRow:
        """The validation of a step; empty without one."""
        return next((row for row in self.validation if row["step"] == step), {})


def read_story(folder: Path) -> Story:
    """The log in a checkpoint's folder. Raises StoryError, whose message is one sentence for the page."""
    try:
        content = json.loads((folder / LOG_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoryError(MISSING) from None
    except (OSError, ValueError) as error:
        raise StoryError(BROKEN_LOG.format(f"it is no JSON file ({type(error).__name__})")) from error
    try:
        return _story(content)
    except KeyError as error:
        raise StoryError(BROKEN_LOG.format(f"{error.args[0]} is missing in it")) from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise StoryError(BROKEN_LOG.format(str(error) or "its parts do not fit together")) from error


def ascending(rows: tuple[LogRow, ...]) -> None:
    """Raises ValueError unless each row has a step beyond that of the one before."""
    steps = [row["step"] for row in rows]
    if steps != sorted(set(steps)) or not all(isinstance(step, int) for step in steps):
        raise ValueError("its validations do not ascend")


def _story(content: dict) -> Story:
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    if content.get("format") != LOG_FORMAT:
        raise ValueError(f"it has format {content.get('format')!r}, this page knows {LOG_FORMAT}")
    columns = {key: tuple(values) for key, values in renamed(content["steps"], OLD_COLUMNS).items()}
    return Story(
        settings=renamed(content["settings"], OLD_SETTINGS),
        stages=tuple(_stage(entry) for entry in content["supervised"]),
        steps=columns.pop("step"),
        columns=columns,
        validation=tuple(content["validation"]),
        probes=tuple(_probe(entry) for entry in content["probes"]),
        study=_study(content["study"]) if content["study"] else None,
        repeat=bool(content.get("repeat")),
        averaged=content.get("averaged", 1),
        rewards=content.get("rewards", OLD_REWARD_TITLES),
    )


def _stage(entry: dict) -> StageLog:
    return StageLog(OLD_STAGES.get(entry["name"], entry["name"]), entry["steps"], tuple(entry["validation"]))


def _probe(entry: dict) -> Probe:
    saves, more = map(_save, entry["saves"]), (entry.get(key) or "" for key in ("title", "picture", "credit"))
    by_step = {save.step: save for save in saves}
    return Probe(entry["what"], entry["human"] is True, entry["mos"], by_step, *more)


def _save(entry: dict) -> Save:
    sampled = tuple((one["score"], one["text"]) for one in entry["sampled"])
    return Save(entry["step"], entry["text"], entry["score"], tuple(entry["scores"]), sampled)


def _study(content: dict) -> Study:
    recipe = {
        key: Effect(entry["start"], entry["mean"], entry["deviation"], _change(entry))
        for key, entry in content["recipe"].items()
    }
    ablation = {
        reward: entry and Ablation(entry["seeds"], {key: _change(change) for key, change in entry["metrics"].items()})
        for reward, entry in content["ablation"].items()
    }
    return Study(content["samples"], content["seeds"], content["titles"], recipe, ablation)


def _change(entry: dict) -> Change:
    return Change(entry["value"], entry["low"], entry["high"])
