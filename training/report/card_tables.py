"""Tables and sentences of the model card and the README, from evaluation.json; what was not measured is left out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from vqathinker.bundled import NOVELTY_FILE
from vqathinker.markdown import markdown_table

from ..evaluate.calibration import calibration_sentence

SET_DESCRIPTIONS = {
    "clive": "LIVE-Challenge pictures, human MOS",
    "biq_test": "BIQ2021 pictures, official test split, human MOS",
    "biq": "BIQ2021 pictures, validation, human MOS",
    "biq_filmed": "of these, liked ones filmed by a moving camera",
    "avt": "AVT UHD pictures, human MOS",
    "pseudo": "degraded clips, pseudo-MOS",
    "pseudo_test": "clean clips kept apart, pseudo-MOS",
}
PERTURBATION_TITLES = {
    "shuffle": "all frames shuffled",
    "local_shuffle": "frames shuffled in short windows",
    "reverse": "played backwards",
    "jitter": "frames displaced a little",
    "duplicate": "a frame held, others lost",
    "drop": "frames turned black",
}
WEAK_PREFERENCE = 0.8


def novelty_sentence(checkpoint: Path) -> str:
    """How often a checkpoint says that a file is unlike all that it learned from, rightly and by mistake; empty for one
    that cannot say it."""
    path = checkpoint / NOVELTY_FILE
    if not path.exists():
        return ""
    measured = json.loads(path.read_text())["measured"]
    alarms, hits = measured["alarms"], measured["hits"]["all"]
    worst = max((name for name in alarms if name != "all"), key=lambda name: alarms[name]["unlike"])
    return (
        "\n- That a file is unlike its training data is said in `novelty` of a rating: of "
        f"{hits['unlike']:.0%} of {hits['samples']} odd files\n  (training/evaluate/odd.py), and by mistake of "
        f"{alarms['all']['unlike']:.1%} of {alarms['all']['samples']} held-out samples "
        f"({alarms[worst]['unlike']:.1%} of the worst set,\n  {SET_DESCRIPTIONS.get(worst, worst)})."
    )


def with_interval(entry: dict, digits: int = 3) -> str:
    """ "0.812 [0.76, 0.85]", or a dash where the number is not defined."""
    if entry["value"] is None:
        return "–"
    if entry["low"] is None:
        return f"{entry['value']:.{digits}f}"
    return f"{entry['value']:.{digits}f} [{entry['low']:.{digits}f}, {entry['high']:.{digits}f}]"


def sample_count(entry: dict) -> str:
    """How many samples a set has, and of how many contents where these are fewer."""
    few = entry["contents"] < entry["samples"]
    return f"{entry['samples']} of {entry['contents']} contents" if few else str(entry["samples"])


def agreement_table(result: dict) -> str:
    """Agreement with MOS, set by set, above what needs no model."""
    rows = []
    for name, title in SET_DESCRIPTIONS.items():
        if name in result["sets"]:
            entry = result["sets"][name]
            for kind in (kind for kind in ("score", "greedy") if kind in entry):
                cells = [with_interval(entry[kind][metric]) for metric in ("srcc", "plcc", "mae")]
                level = [f"{entry['bias']:+.2f}" if kind == "score" and "bias" in entry else ""]
                rows.append([title if kind == "score" else "", kind, *cells, *level, sample_count(entry)])
            rows += [["", *line, "", ""] for line in plain_rows(result.get("baselines", {}).get(name, {}))]
    return markdown_table(["held-out set", "answer", "SRCC", "PLCC", "MAE", "bias", "samples"], rows)


def plain_rows(baseline: dict) -> list[list[str]]:
    """Answer, SRCC, PLCC, MAE of a constant and of the coded height."""
    rows = []
    if "coded_height" in baseline:
        rows.append(["*coded height alone*", with_interval(baseline["coded_height"]["srcc"]), "", ""])
    if "constant" in baseline:
        rows.append([f"*always {baseline['constant']['answer']:.2f}*", "", "", f"{baseline['constant']['mae']:.3f}"])
    return rows


def others_table(result: dict) -> str:
    """Everything else in one line each."""
    rows = [
        ["stronger degradation has the lower score", with_interval(result["order"]["all"])],
        ["stronger degradation has the lower greedy number", with_interval(result["order_greedy"]["all"])],
        ["moving clips without a defect in which one is named", with_interval(result["defects"]["false_alarms"])],
    ]
    if result.get("slope") is not None:
        rows.append(["slope of the score on the MOS, all held-out clips", f"{result['slope']:.2f}"])
    for name, entry in result.get("interval", {}).items():
        title = f"MOS within the 90 % interval, {SET_DESCRIPTIONS.get(name, name)} (mean width {entry['width']:.2f})"
        rows.append([title, f"{entry['coverage']:.3f}"])
    if "preference" in result:
        found = result["preference"]["expected"]
        worst = min(found["modes"], key=lambda mode: found["modes"][mode]["value"] or 0)
        rows += [
            ["clip in order has the higher expected than in disorder", with_interval(found["all"])],
            [f"… in the hardest of six disorders ({PERTURBATION_TITLES[worst]})", with_interval(found["modes"][worst])],
        ]
    rows.append(["defects named, macro-F1", with_interval(result["defects"]["macro_f1"])])
    rows.append(["well-formed answers", f"{result['well_formed']:.4f}"])
    if "calibration" in result:
        formed = result["calibration"]["well_formed"]
        rows.append([f"well-formed among {formed['pairs']} sampled answers", f"{formed['value']:.4f}"])
    return markdown_table(["also measured", "value"], rows)


def accuracy(result: dict) -> str:
    """What the README shows."""
    return f"{agreement_table(result)}\n\n{others_table(result)}"


def order_table(result: dict) -> str:
    scores, greedy = result["order"]["families"], result["order_greedy"]["families"]
    rows = [
        [family, with_interval(entry), with_interval(greedy[family]), str(entry["pairs"])]
        for family, entry in scores.items()
    ]
    return markdown_table(["family", "by score", "by greedy number", "pairs"], rows)


def defect_table(result: dict) -> str:
    rows = [
        [name, *(f"{entry[key]:.2f}" for key in ("precision", "recall", "f1")), str(entry["samples"])]
        for name, entry in result["defects"]["each"].items()
    ]
    return markdown_table(["defect", "precision", "recall", "F1", "samples"], rows)


def preference_section(result: dict) -> str:
    """The clip in order against its six perturbations; empty where it was not measured."""
    if "preference" not in result:
        return ""
    found = result["preference"]
    rows = [
        [title, with_interval(found["expected"]["modes"][mode]), with_interval(found["score"]["modes"][mode])]
        for mode, title in PERTURBATION_TITLES.items()
    ]
    rows.append(["all six", with_interval(found["expected"]["all"]), with_interval(found["score"]["all"])])
    intro = (
        f"Share of {found['clips']} clips of {found['contents']} contents that get the higher answer when their frames "
        "are in order (a tie counts as wrong; half would be chance). Clips whose own order is broken are left out."
    )
    told = markdown_table(["disorder", "by expected", "by score"], rows)
    return f"### Order in time\n{intro}\n\n{told}" + (
        f"\n\n{both_ways(found)}" if "photos" in found["contents_of"] else ""
    )


def both_ways(found: dict) -> str:
    """Why playing backwards cannot be seen in part of the clips, and how it is without them."""
    recorded = found["expected"]["groups"].get("clips")
    without = f" Without these clips the share is {with_interval(recorded['modes']['reverse'])}." if recorded else ""
    return (
        f"{found['contents_of']['photos']} of the {found['contents']} contents are photographs filmed with a slow pan "
        f"or zoom, which may run either way: nobody could tell that such a clip is played backwards.{without}"
    )


def sampled_section(result: dict) -> str:
    """Form and spread of sampled answers; empty where they were not measured."""
    if "calibration" not in result:
        return ""
    found = result["calibration"]
    formed, cut = found["well_formed"], found["cut"]
    text = (
        f"{formed['pairs']} answers sampled about {found['samples']} validation samples: {formed['value']:.2%} are "
        f"well-formed, {cut['value']:.2%} reached the length limit. {calibration_sentence(found)}"
    )
    rows = [
        [
            title,
            with_interval(entry["mean_of_answers"]["srcc"]),
            with_interval(entry["rank_correlation"]),
            f"{entry['mean_spread']:.2f}",
        ]
        + [f"{entry['mean_error']:.2f}", f"{entry['coverage']['1']['value']:.2f}"]
        for name, title in SET_DESCRIPTIONS.items()
        if (entry := found["sets"].get(name))
    ]
    header = [
        "validation set",
        "SRCC of their mean",
        "SRCC of spread and error",
        "spread",
        "error",
        "within one spread",
    ]
    return f"### Sampled answers and their spread\n{text.strip()}\n\n{markdown_table(header, rows)}"


def false_alarms(defects: dict) -> list[str]:
    """A line about clean clips, if there were any."""
    entry = defects.get("false_alarms", {})
    if not entry.get("pairs"):
        return []
    return [
        f"- In {with_interval(entry)} of {entry['pairs']} moving clips without a defect it names one that is not there."
    ]


def failures(result: dict) -> str:
    """The weakest defects, families and disorders, in words."""
    weak = sorted(result["defects"]["each"].items(), key=lambda item: item[1]["f1"])[:3]
    named = ", ".join(f"{name} (F1 {entry['f1']:.2f})" for name, entry in weak)
    loose = sorted(result["order"]["families"].items(), key=lambda item: item[1]["value"])[:3]
    ordered = ", ".join(f"{name} ({entry['value']:.2f})" for name, entry in loose)
    modes = result.get("preference", {}).get("expected", {}).get("modes", {})
    shares = {PERTURBATION_TITLES[mode]: entry["value"] for mode, entry in modes.items() if entry["value"] is not None}
    missed = ", ".join(f"{title} ({share:.2f})" for title, share in shares.items() if share < WEAK_PREFERENCE)
    lines = [f"- It names these least reliably: {named}."] if named else []
    lines += false_alarms(result["defects"])
    lines += [f"- It orders strengths least reliably in: {ordered}."] if ordered else []
    lines += [f"- It does not reliably see that a clip is in disorder when it is: {missed}."] if missed else []
    return "\n".join(lines)


def data_table(rows: list[dict]) -> str:
    """Contents and samples of a manifest, by where they come from."""
    counts = Counter((row["group"], row["kind"], row["split"]) for row in rows)
    contents = {key: set() for key in counts}
    for row in rows:
        contents[row["group"], row["kind"], row["split"]].add(row["content"])
    lines = [[*key, str(len(contents[key])), str(count)] for key, count in sorted(counts.items())]
    return markdown_table(["group", "label", "split", "contents", "samples"], lines)
