import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.reasoning import VOICES, write_reasoning
from vqathinker.rating.defects import DEFECTS, SEVERITIES, parse_defects
from vqathinker.rating.words import WORDS, score_word

DEFECT_LISTS = st.dictionaries(st.sampled_from(DEFECTS), st.sampled_from(SEVERITIES), max_size=4)
FACTS = st.builds(
    lambda width, height, moving, fps: {
        "width": width, "height": height, "fps": fps if moving else 0.0,
        "num_frames": 60 if moving else 1, "duration_s": 60 / fps if moving else 0.0,
    },
    st.integers(64, 4000), st.integers(64, 4000), st.booleans(), st.sampled_from([3.0, 10.0, 23.976, 30.0, 60.0]),
)  # fmt: skip


def make_row(defects: dict[str, str], facts: dict, kind: str = "pseudo") -> dict:
    return {"kind": kind, "facts": facts, "defects": [{"name": n, "severity": s} for n, s in defects.items()]}


@given(DEFECT_LISTS, FACTS, st.sampled_from(["human", "pseudo"]), st.floats(1, 5), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back_exactly(defects, facts, kind, score, seed):
    text = write_reasoning(make_row(defects, facts, kind), score, np.random.default_rng(seed))
    assert {d.name: d.severity for d in parse_defects(text)} == defects
    thought, answer = re.fullmatch(r"<think>(.+)</think><answer>(\d\.\d\d)</answer>", text).groups()
    assert float(answer) == pytest.approx(score, abs=0.0051)
    assert [word for word in WORDS if re.search(rf"\b{word}\b", thought)] == [score_word(float(answer))]
    assert 20 <= len(thought.split()) <= 70
    assert ("still picture" in thought) == (facts["num_frames"] == 1)


def test_the_words_can_judge_apart_from_the_score():
    row = make_row({"blur": "slight"}, {"width": 960, "height": 540, "fps": 25.0, "num_frames": 50})
    plain = write_reasoning(row, 2.0, np.random.default_rng(3))
    apart = write_reasoning(row, 2.0, np.random.default_rng(3), judged=4.5)
    assert apart == plain.replace("poor", "excellent") != plain


def test_the_same_seed_writes_the_same_and_other_seeds_speak_in_other_voices():
    row = make_row({"blur": "slight", "noise": "severe"}, {"width": 960, "height": 540, "fps": 25.0, "num_frames": 50})
    texts = [write_reasoning(row, 2.0, np.random.default_rng(seed)) for seed in range(50)]
    assert texts[7] == write_reasoning(row, 2.0, np.random.default_rng(7))
    assert len(set(texts)) == len(VOICES)


def test_the_vocabulary_stays_small():
    rng = np.random.default_rng(0)
    words = set()
    for _ in range(3000):
        names = rng.permutation(DEFECTS)[: rng.integers(0, 4)]
        defects = {str(name): SEVERITIES[rng.integers(3)] for name in names}
        frames = int(rng.integers(0, 2)) * 59 + 1
        facts = {"width": int(rng.integers(64, 2000)), "height": 480, "fps": 30.0, "num_frames": frames}
        kind = ("human", "pseudo")[rng.integers(2)]
        words |= set(
            re.findall(r"[a-z]+", write_reasoning(make_row(defects, facts, kind), float(rng.uniform(1, 5)), rng))
        )
    assert len(words) <= 400


def test_motion_is_praised_only_where_nothing_disturbs_it():
    facts = {"width": 960, "height": 540, "fps": 25.0, "num_frames": 50}
    for seed in range(20):
        text = write_reasoning(make_row({"shake": "severe"}, facts), 2.0, np.random.default_rng(seed))
        assert not any(voice.flowing in text for voice in VOICES)


def test_a_score_off_the_scale_is_refused():
    with pytest.raises(ValueError, match="between 1 and 5"):
        write_reasoning(make_row({}, {"width": 9, "height": 9, "num_frames": 1}), 5.2, np.random.default_rng(0))


def test_a_voice_has_one_way_to_go_on_at_every_place():
    facts = {"width": 960, "height": 540, "fps": 25.0, "num_frames": 50}
    first = {}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        row = make_row({str(rng.choice(DEFECTS)): SEVERITIES[rng.integers(3)]}, facts)
        thought = write_reasoning(row, 3.0, rng).split("</think>")[0]
        opening, *_, defect, judgement = re.findall(r"[^.<>]+\.", thought)
        first.setdefault(opening, set()).add((defect.split()[0], judgement.split()[0]))
    assert len(first) == len(VOICES) and all(len(starts) == 1 for starts in first.values()), first
