import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.appearance import EVERYWHERE, Appearance, random_appearance
from training.data.reasoning import GOOD_MOS, VOICES, is_clean, write_reasoning
from vqathinker.rating.answers import settled
from vqathinker.rating.defects import DEFECTS, SEVERITIES, parse_defects
from vqathinker.rating.words import WORDS, judged_word, score_word

DEFECT_LISTS = st.dictionaries(st.sampled_from(DEFECTS), st.sampled_from(SEVERITIES), max_size=4)
FACTS = st.builds(
    lambda width, height, moving, fps: {
        "width": width, "height": height, "fps": fps if moving else 0.0,
        "num_frames": 60 if moving else 1, "duration_s": 60 / fps if moving else 0.0,
    },
    st.integers(64, 4000), st.integers(64, 4000), st.booleans(), st.sampled_from([3.0, 10.0, 23.976, 30.0, 60.0]),
)  # fmt: skip
CLIP = {"width": 960, "height": 540, "fps": 25.0, "num_frames": 50, "duration_s": 2.0}
PICTURE = CLIP | {"fps": 0.0, "num_frames": 1, "duration_s": 0.0}
LOOKS = Appearance("even", "natural", "rich", "at the top", "on the left").to_dict()


def make_row(defects: dict[str, str], facts: dict, kind: str = "pseudo", mos: float = 3.0, looks=None) -> dict:
    found = [{"name": n, "severity": s} for n, s in defects.items()]
    return {"kind": kind, "mos": mos, "facts": facts, "defects": found} | ({"appearance": looks} if looks else {})


def assert_true(row: dict, score: float, text: str) -> None:
    """The text names exactly the defects of the row, states the score and judges by its word."""
    thought, answer = re.fullmatch(r"<think>(.+)</think><answer>(\d\.\d\d)</answer>", text).groups()
    assert {d.name: d.severity for d in parse_defects(text)} == {d["name"]: d["severity"] for d in row["defects"]}
    assert float(answer) == pytest.approx(score, abs=0.0051)
    assert judged_word(thought) == score_word(float(answer))
    assert [word for word in WORDS if re.search(rf"\b{word}\b", thought)] == [judged_word(thought)]


@given(DEFECT_LISTS, FACTS, st.sampled_from(["human", "pseudo"]), st.floats(1, 5), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back_exactly(defects, facts, kind, score, seed):
    row = make_row(defects, facts, kind)
    text = write_reasoning(row, score, np.random.default_rng(seed))
    assert_true(row, score, text)
    assert 20 <= len(text.split()) <= 75
    assert text.count("picture") >= (facts["num_frames"] == 1) and ("clip " in text) <= (facts["num_frames"] > 1)
    assert not re.search(r"\d", text.split("</think>")[0])  # facts of the file are not told


def test_two_thousand_rows_with_what_was_measured_on_them_are_read_back_exactly():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        names = rng.permutation(DEFECTS)[: rng.integers(0, 5)]
        defects = {str(name): SEVERITIES[rng.integers(3)] for name in names}
        mos, kind = float(rng.uniform(1, 5)), ("human", "pseudo")[rng.integers(2)]
        row = make_row(defects, (CLIP, PICTURE)[rng.integers(2)], kind, mos, random_appearance(rng).to_dict())
        text = write_reasoning(row, mos, rng)
        assert_true(row, mos, text)
        assert settled(text, round(mos, 2)) == text


def test_what_it_looks_like_is_told_as_it_was_measured():
    told = Appearance("scant", "vivid", "sparse", EVERYWHERE, EVERYWHERE)
    for seed in range(20):
        text = write_reasoning(make_row({}, CLIP, looks=told.to_dict()), 3.0, np.random.default_rng(seed))
        assert all(re.search(rf"\b{word}\b", text) for word in ("scant", "vivid", "sparse"))


@pytest.mark.parametrize(("name", "place"), [("overexposure", "at the top"), ("underexposure", "on the left")])
def test_an_exposure_is_told_with_the_place_where_it_shows_most(name, place):
    for seed in range(20):
        text = write_reasoning(make_row({name: "severe"}, PICTURE, looks=LOOKS), 2.0, np.random.default_rng(seed))
        assert f", most of all {place}." in text
        everywhere = LOOKS | {"bright": EVERYWHERE, "dark": EVERYWHERE}
        row = make_row({name: "severe", "blur": "slight"}, PICTURE, looks=everywhere)
        assert "most of all" not in write_reasoning(row, 2.0, np.random.default_rng(seed))


def test_the_words_can_judge_apart_from_the_score():
    row = make_row({"blur": "slight"}, CLIP)
    plain = write_reasoning(row, 2.0, np.random.default_rng(3))
    apart = write_reasoning(row, 2.0, np.random.default_rng(3), judged=4.5)
    assert apart == plain.replace("poor", "excellent") != plain


def test_the_same_seed_writes_the_same_and_other_seeds_speak_in_other_voices():
    row = make_row({"blur": "slight", "noise": "severe"}, CLIP, looks=LOOKS)
    texts = [write_reasoning(row, 2.0, np.random.default_rng(seed)) for seed in range(50)]
    assert texts[7] == write_reasoning(row, 2.0, np.random.default_rng(7))
    assert len(set(texts)) == len(VOICES)


def test_the_vocabulary_stays_small():
    rng, words = np.random.default_rng(0), set()
    for _ in range(3000):
        names = rng.permutation(DEFECTS)[: rng.integers(0, 4)]
        defects = {str(name): SEVERITIES[rng.integers(3)] for name in names}
        row = make_row(defects, (CLIP, PICTURE)[rng.integers(2)], ("human", "pseudo")[rng.integers(2)])
        words |= set(re.findall(r"[a-z]+", write_reasoning(row, float(rng.uniform(1, 5)), rng)))
    assert len(words) <= 400


def test_motion_is_praised_only_where_nothing_disturbs_it_and_something_moves():
    for seed in range(20):
        shaken = write_reasoning(make_row({"shake": "severe"}, CLIP), 2.0, np.random.default_rng(seed))
        still = write_reasoning(make_row({}, PICTURE), 2.0, np.random.default_rng(seed))
        assert not any(voice.flowing in text for voice in VOICES for text in (shaken, still))
        assert any(
            voice.flowing in write_reasoning(make_row({}, CLIP), 2.0, np.random.default_rng(seed)) for voice in VOICES
        )


def test_faults_are_denied_only_where_they_are_known():
    rows = {
        "clean clip": make_row({}, CLIP),
        "liked": make_row({}, PICTURE, "human", GOOD_MOS),
        "disliked": make_row({}, PICTURE, "human", GOOD_MOS - 0.1),
        "broken": make_row({"blur": "slight"}, CLIP),
    }
    denied = {
        name: [
            any(voice.clean in write_reasoning(row, 3.0, np.random.default_rng(s)) for voice in VOICES)
            for s in range(9)
        ]
        for name, row in rows.items()
    }
    assert denied == {name: [name in ("clean clip", "liked")] * 9 for name in rows}
    assert [name for name, row in rows.items() if is_clean(row)] == ["clean clip", "liked"]


def test_a_score_off_the_scale_is_refused():
    with pytest.raises(ValueError, match="between 1 and 5"):
        write_reasoning(make_row({}, PICTURE), 5.2, np.random.default_rng(0))


def test_a_voice_has_one_way_to_go_on_at_every_place():
    first = {}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        row = make_row({str(rng.choice(DEFECTS)): SEVERITIES[rng.integers(3)]}, CLIP, looks=LOOKS)
        thought = write_reasoning(row, 3.0, rng).split("</think>")[0]
        opening, *_, defect, judgement = re.findall(r"[^.<>]+\.", thought)
        first.setdefault(opening, set()).add((defect.split()[0], judgement.split()[0]))
    assert len(first) == len(VOICES) and all(len(starts) == 1 for starts in first.values()), first
