"""What a run says in sentences. Every one is derived from the figures; beyond chance is a paired 95% interval that
leaves 0 out, and what does not leave it out is said to be not measurable."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from .log import Change, Probe, Save, Story, Study

OWN_MEASURE = {"format": "well_formed", "temporal": "bonus"}
NEUTRAL = frozenset({"spread", "words"})
"""Metrics of which neither more nor less is better."""
SMALLEST_CHANGE, USUAL_DIGITS, MOST_DIGITS = 0.005, 3, 6
NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def number_word(number: int) -> str:
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)


def signed_difference(value: float) -> str:
    """A difference with three decimals, with more where it would read 0 and is not.

    >>> [signed_difference(x) for x in (0.0123, -0.00004, 0)]
    ['+0.012', '−0.00004', '0']
    """
    digits = USUAL_DIGITS
    while value and digits < MOST_DIGITS and not round(value, digits):
        digits += 1
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else "0"


def interval(change: Change) -> str:
    """ "+0.009 [+0.001, +0.016]" """
    if not change.known:
        return "not measured"
    return f"{signed_difference(change.value)} [{signed_difference(change.low)}, {signed_difference(change.high)}]"


def enumerated(things: Sequence[str]) -> str:
    """ "a, b and c" """
    return " and ".join(filter(None, [", ".join(things[:-1]), *things[-1:]]))


def intro(story: Story) -> str:
    """What a step of this run was."""
    group, videos = story.settings.get("num_generations"), story.settings.get("videos_per_step")
    each = (
        f": in each it wrote {group:g} answers about each of {videos:g} videos, and those that earned more than their "
        "siblings became more likely"
        if group and videos
        else ""
    )
    mean = f" This run is one of {story.averaged}; the page's model is their mean." if story.averaged > 1 else ""
    return (
        f"A supervised start gave this model eyes and words. Then came {story.steps[-1]} steps of GRPO{each}.{mean} "
        "Move the slider to replay what it said."
    )


def step_notice(story: Story, step: int) -> str:
    """The sentence below the slider."""
    shown = [probe for probe in story.probes if step in probe.saves]
    if not shown:
        return f"No probe video was kept at step {step}."
    now = [probe.saves[step] for probe in shown]
    off, spread = distance(shown, now), spread_of(now)
    if step == story.saves[0]:
        what = "This is the supervised start" if step == 0 else f"This is the first save, after step {step}"
        parts = [f"its own scores of these videos lie {off:.2f} from the MOS on average" if off is not None else ""]
        parts.append(f"its sampled answers about one video spread by {spread:.2f}" if spread is not None else "")
        return f"{what}: {enumerated([part for part in parts if part])}." if any(parts) else f"{what}."
    return still(story, shown, step) + since_start(story, shown, step)


def still(story: Story, shown: Sequence[Probe], step: int) -> str:
    """Said where no answer differs from the save before."""
    before = story.saves[story.saves.index(step) - 1]
    if any(
        probe.saves.get(before) is None or answer_parts(probe.saves[before]) != answer_parts(probe.saves[step])
        for probe in shown
    ):
        return ""
    return f"Not one of these answers has changed since step {before}. "


def answer_parts(save: Save) -> tuple:
    return save.text, save.score, save.scores


def since_start(story: Story, shown: Sequence[Probe], step: int) -> str:
    first = story.saves[0]
    shown = [probe for probe in shown if first in probe.saves]
    old, new = ([probe.saves[at] for probe in shown] for at in (first, step))
    pairs = [(a.score, b.score) for a, b in zip(old, new, strict=True) if None not in (a.score, b.score)]
    moved = [abs(a - b) for a, b in pairs if abs(a - b) >= SMALLEST_CHANGE]
    name, most = "the start" if first == 0 else f"step {first}", f", by {max(moved):.2f} at most" if moved else ""
    some = f"{number_word(len(moved))} of the {number_word(len(shown))}"
    whose = "none of the" if not moved else "each of the" if len(moved) == len(shown) else some
    sentence = f"Since {name}, its own score has moved for {whose} videos{most}."
    was, off, narrow, wide = distance(shown, old), distance(shown, new), spread_of(old), spread_of(new)
    parts = []
    if None not in (was, off):
        how = ("closer than", "farther than", "as far as")[trend(was, off)]
        parts.append(f"on average it lies {off:.2f} from the MOS, {how} at {name} ({was:.2f})")
    if None not in (narrow, wide):
        how = ("draw together", "spread out", "spread as before")[trend(narrow, wide)]
        parts.append(f"the sampled answers {how} ({narrow:.2f} → {wide:.2f})")
    tail = "; ".join(parts)
    return f"{sentence} {tail[0].upper()}{tail[1:]}." if tail else sentence


def trend(before: float, after: float) -> int:
    """0: fell, 1: rose, 2: as before, to the two decimals that are shown."""
    change = round(after, 2) - round(before, 2)
    return 2 if abs(change) < SMALLEST_CHANGE else int(change > 0)


def distance(shown: Sequence[Probe], saves: Sequence[Save]) -> float | None:
    """Mean distance of the own scores from the MOS; None without a readable one."""
    found = [abs(save.score - p.mos) for p, save in zip(shown, saves, strict=True) if save.score is not None]
    return statistics.fmean(found) if found else None


def spread_of(saves: Iterable[Save]) -> float | None:
    """Mean standard deviation of the sampled scores; None where no video has two."""
    found = [statistics.stdev(save.readable) for save in saves if len(save.readable) > 1]
    return statistics.fmean(found) if found else None


def change_since_start(probe: Probe, first: int, step: int) -> str:
    """What became of the answers about a probe video since the first save."""
    now, then = probe.saves[step], probe.saves.get(first)
    if step == first or then is None:
        return "Here it begins." if step == first else ""
    if answer_parts(now) == answer_parts(then):
        return "Nothing has changed since the start."
    parts = [score_change(probe, then.score, now.score)]
    if then.readable and now.readable:
        before, after = (statistics.fmean(save.readable) for save in (then, now))
        parts.append(f"Sampled answers: mean {before:.2f} → {after:.2f}")
        narrow, wide = spread_of([then]), spread_of([now])
        parts[-1] += f", spread {narrow:.2f} → {wide:.2f}" if None not in (narrow, wide) else ""
    return " ".join(f"{part}." for part in parts if part)


def score_change(probe: Probe, then: float | None, now: float | None) -> str:
    if then is None or now is None:
        return "" if then == now else ("Readable now" if then is None else "Not readable any more")
    if abs(now - then) < SMALLEST_CHANGE:
        return f"Score {now:.2f} as at the start"
    how = ("closer to", "farther from", "as far from")[trend(abs(then - probe.mos), abs(now - probe.mos))]
    return f"Score {then:.2f} → {now:.2f}, {how} the MOS"


def groups(changes: dict[str, Change]) -> tuple[list[str], list[str], list[str]]:
    """Metrics that rose, fell, and did not move beyond chance; those that were not measured are in none."""
    known = {key: change for key, change in changes.items() if change.known}
    rose, fell = ([key for key, change in known.items() if getattr(change, how)] for how in ("rose", "fell"))
    return rose, fell, [key for key in known if key not in rose and key not in fell]


def against_start(study: Study) -> str:
    """What GRPO did to its start, in one paragraph."""
    rose, fell, same = groups({key: effect.change for key, effect in study.recipe.items()})
    count = len(rose) + len(fell) + len(same)
    seeds = f", as the mean of {number_word(study.seeds)} seeds" if study.seeds > 1 else ", with one seed"
    base = f"On the same {study.samples} validation samples before and after{seeds}: "
    if not rose and not fell:
        return f"{base}none of {count} measures moved beyond chance. GRPO bought nothing measurable."
    return (
        f"{base}{number_word(len(rose))} of {count} measures rose beyond chance, {number_word(len(fell))} fell, and "
        f"{number_word(len(same))} did not move measurably. Beyond chance: the paired 95% interval leaves 0 out; about "
        f"{number_word(round(count / 20) or 1)} of {count} would do so by chance alone."
    )


def direction(key: str, change: Change) -> str:
    """Whether a change that is beyond chance is one for the better."""
    if key in NEUTRAL:
        return "neither better nor worse"
    return "better" if change.rose else "worse" if change.fell else ""


def paid_for(reward: str) -> str:
    """The metric that a reward was made to raise, named before anything was measured: its own mean where people rated,
    or one of those in `OWN_MEASURE`."""
    return OWN_MEASURE.get(reward, f"{reward}_human")


def bought(study: Study, reward: str) -> str:
    """What a reward buys: one sentence or two, with the figure it was made for first."""
    entry = study.ablation.get(reward)
    if entry is None:
        return f"The recipe without the {reward} reward was not run: what it buys is not known."
    if not entry.seeds:
        return f"Without the {reward} reward it was run from other seeds only: what it buys is not known."
    own = paid_for(reward)
    change = entry.metrics.get(own, Change(None, None, None))
    rose, fell, _ = groups({key: c for key, c in entry.metrics.items() if key != own and key not in NEUTRAL})
    figure = f"{study.titles.get(own, 'its measure')} {interval(change)}"
    if change.rose:
        sentence = f"The {reward} reward bought what it pays for: {figure}, beyond chance."
    elif change.fell:
        sentence = f"The {reward} reward did not buy what it pays for; with it there is less: {figure}, beyond chance."
    elif rose:
        sentence = f"What the {reward} reward pays for did not rise measurably: {figure}{holds(change)}."
    else:
        sentence = f"The {reward} reward bought nothing measurable: {figure}{holds(change)}."
    other = enumerated([f"{study.titles[key]} {interval(entry.metrics[key])}" for key in (*rose, *fell)])
    return f"{sentence} Otherwise beyond chance: {other}." if other else sentence


def study_caveat(study: Study) -> str:
    """How much the ablation can bear."""
    run = [entry for entry in study.ablation.values() if entry and entry.seeds]
    if not run:
        return ""
    measures = max(len([key for key in entry.metrics if key not in NEUTRAL]) for entry in run)
    fewest = min(entry.seeds for entry in run)
    times = "once" if fewest == 1 else f"from {number_word(fewest)} seeds"
    return (
        f"Each figure is the full recipe minus the recipe without that reward. Only the first figure of a sentence was "
        f"chosen beforehand; among {measures} measures about {number_word(round(measures / 20) or 1)} leaves 0 out by "
        f"chance alone. The intervals hold the chance of the samples, not that of training, which was run {times}."
    )


def holds(change: Change) -> str:
    return ", an interval that holds 0" if change.known else ""
