"""Q-Insight (Li et al., 2025): pictures, with reasoning; the score stands in a JSON object inside the answer.

The authors publish several models in one repository; this is the one for scores and degradations.
"""

from .scorer import Abilities, AnswerForm, Scorer

Q_INSIGHT = Scorer(
    name="q-insight",
    title="Q-Insight 7B",
    family="Qwen2.5-VL",
    kind="qwen2_5_vl",
    abilities=Abilities(asks=True),
    form=AnswerForm(before='{"rating": ', after="}"),
    hub="ByteDance/Q-Insight",
    inside="score_degradation",
    parameters=8.3,
    paper="2503.22679",
    max_new_tokens=1024,
)
