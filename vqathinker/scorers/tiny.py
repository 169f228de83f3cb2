"""The bundled model: the architecture of VQAThinker at the size that two processor cores can run."""

from .scorer import Abilities, Scorer

TINY_SCORER = Scorer(
    name="tiny",
    title="tiny",
    family="VQAThinker",
    kind="vqathinker",
    abilities=Abilities(defects="taught", temporal=True, timeline=True, published_videos=True),
    parameters=0.0069,
    paper="2508.06051",
    max_new_tokens=160,
)
