"""VisualQuality-R1 (Wu et al., NeurIPS 2025): pictures, with reasoning, learned from rankings.

Its answers are read as the authors' README does: the first number in the last answer, or in the whole text where there
are no tags. Where there is none, they draw a whole number from 1 to 5; here that counts as its mean, 3.
"""

from .scorer import Abilities, AnswerForm, Scorer

VISUALQUALITY_R1 = Scorer(
    name="visualquality-r1",
    title="VisualQuality-R1 7B",
    family="Qwen2.5-VL",
    kind="qwen2_5_vl",
    abilities=Abilities(asks=True),
    form=AnswerForm(untagged=True, sign=False),
    hub="TianheWu/VisualQuality-R1-7B",
    parameters=8.3,
    paper="2505.14460",
    max_new_tokens=512,
)
