"""The models that can be rated with: what each is, what it can do, how its answers are read. Needs no torch."""

from __future__ import annotations

from ..errors import ModelError
from ..markdown import markdown_table
from .internvl3_vqathinker import INTERNVL3_VQATHINKER
from .q_insight import Q_INSIGHT
from .scorer import Abilities, AnswerForm, Scorer
from .tiny import TINY_SCORER
from .visualquality_r1 import VISUALQUALITY_R1

SCORERS = {one.name: one for one in (TINY_SCORER, INTERNVL3_VQATHINKER, VISUALQUALITY_R1, Q_INSIGHT)}
MARK = "@"
"""Between the name of a scorer and the folder or hub id that holds weights of it."""
CANNOT = {
    "timeline": ("makes no timelines", "can"),
    "asks": ("can only rate a video, not answer questions", "can"),
    "temporal": ("sees pictures, no motion", "see it"),
}
"""What is said of a scorer that lacks an ability of `Abilities`, and of those that have it."""

__all__ = ["SCORERS", "Abilities", "AnswerForm", "Scorer", "cannot", "check_able", "scorer_table", "which"]


def which(model: str) -> tuple[Scorer | None, str]:
    """The scorer that a name of a model stands for, None where only its config.json can tell, and where its files are:
    "tiny", a folder, a hub id. "visualquality-r1@FOLDER" are weights of that scorer in a folder of one's own.

    Raises ModelError for an unknown name before "@".

    >>> which("visualquality-r1")[1], which("q-insight@weights/mine")[1], which("clips/model")
    ('TianheWu/VisualQuality-R1-7B', 'weights/mine', (None, 'clips/model'))
    """
    name, mark, place = model.partition(MARK)
    if mark and place and "/" not in name:
        if name not in SCORERS:
            raise ModelError(f"there is no scorer {name!r}; there are {', '.join(SCORERS)}")
        return SCORERS[name], place
    known = SCORERS.get(model) or next((one for one in SCORERS.values() if one.hub and model == one.hub), None)
    if known is not None:
        return known, known.hub or model
    alike = [one for one in SCORERS.values() if one.hub and one.hub.lower().rpartition("/")[2] in model.lower()]
    return (alike[0] if len(alike) == 1 else None), model


def cannot(scorer: Scorer, ability: str, called: str = "") -> str:
    """That a scorer, `called` so or by its title, lacks an ability, and which ones have it; "" where it has it.

    >>> cannot(VISUALQUALITY_R1, "timeline"), cannot(TINY_SCORER, "timeline")
    ('VisualQuality-R1 7B makes no timelines; tiny, 8b can', '')
    """
    if getattr(scorer.abilities, ability):
        return ""
    lacks, others = CANNOT[ability]
    able = ", ".join(one.name for one in SCORERS.values() if getattr(one.abilities, ability))
    return f"{called or scorer.title} {lacks}; {able} {others}"


def check_able(model: str, ability: str) -> None:
    """Raises ModelError where the name of a model is enough to know that it lacks an ability, before it is loaded."""
    scorer, _ = which(model)
    if scorer is not None and (reason := cannot(scorer, ability)):
        raise ModelError(reason)


def scorer_table() -> str:
    """All models and what each can do, as a Markdown table."""
    head = [
        "model",
        "family",
        "size",
        "says why",
        "defects",
        "questions",
        "sees motion",
        "timeline",
        "videos as published",
    ]
    rows = []
    for one in SCORERS.values():
        able = one.abilities
        said = (able.describes, able.defects, able.asks, able.temporal, able.timeline, able.published_videos)
        words = [{True: "yes", False: "no"}.get(cell, cell) for cell in said]
        rows.append([f"`{one.name}`", one.family, one.size, *words])
    return markdown_table(head, rows)
