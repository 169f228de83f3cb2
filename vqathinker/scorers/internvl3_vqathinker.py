"""The model of the paper that this project implements."""

from .scorer import Abilities, Scorer

INTERNVL3_VQATHINKER = Scorer(
    name="8b",
    title="VQAThinker 8B",
    family="VQAThinker",
    kind="internvl_chat",
    abilities=Abilities(asks=True, temporal=True, timeline=True, published_videos=True),
    hub="kkkkkklinhan/InternVL3-VQAThinker-8B",
    parameters=8.0,
    paper="2508.06051",
    max_new_tokens=1024,
)
