import pytest

from vqathinker.rating.defects import ADJECTIVES, ADVERBS, DEFECTS, PHRASES, SEVERITIES, Defect, parse_defects


def named(text: str) -> dict[str, str]:
    return {defect.name: defect.severity for defect in parse_defects(text)}


@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_phrase_of_the_vocabulary_is_read_back(name, severity):
    for adjective in ADJECTIVES[severity]:
        for noun in PHRASES[name].nouns:
            assert named(f"There is {adjective} {noun}.") == {name: severity}
    for adverb in ADVERBS[severity]:
        for subject, predicate in PHRASES[name].predicates:
            assert named(f"The {subject} looks {adverb} {predicate}.") == {name: severity}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The video is quite blurry", {"blur": "noticeable"}),
        ("It shows strong compression artifacts.", {"compression": "severe"}),
        ("Some frames appear frozen", {"freeze": "noticeable"}),
        ("There is stutter and the picture is grainy", {"low_frame_rate": "noticeable", "noise": "noticeable"}),
        ("The sky is overexposed", {"overexposure": "noticeable"}),
        ("It looks washed out", {"low_contrast": "noticeable"}),
        ("The colors look very unnatural", {"color": "severe"}),
        ("The image lacks sharpness", {"blur": "noticeable"}),
        ("severe blur and noise", {"blur": "severe", "noise": "severe"}),
        ("slight blur and the noise is severe", {"blur": "slight", "noise": "severe"}),
        ("The noise is slight and the blur is severe", {"noise": "slight", "blur": "severe"}),
        ("slight but visible noise", {"noise": "slight"}),
        ("It is not only blurry but also noisy", {"blur": "noticeable", "noise": "noticeable"}),
        ("minor noise in the dark areas", {"noise": "slight"}),
        ("The video stutters badly", {"low_frame_rate": "severe"}),
        ("mosquito noise around edges", {"compression": "noticeable"}),
        ("Severe underexposure makes it hard to see, and there is slight camera shake.",
         {"underexposure": "severe", "shake": "slight"}),
    ],
)  # fmt: skip
def test_free_english_is_read(text, expected):
    assert named(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "No visible blur.",
        "free of noise",
        "There is no blur, noise or compression.",
        "neither blurry nor noisy",
        "The image isn't blurry.",
        "It does not suffer from camera shake.",
        "noise is not visible",
        "a noise-free picture",
        "The motion is smooth without stutter.",
        "The lighting is soft and the contrast is good.",
        "Heavy rain falls; the picture is clear and sharp.",
        "The video plays at 30 frames per second.",
        "",
    ],
)
def test_what_is_denied_or_not_a_defect_is_not_named(text):
    assert parse_defects(text) == ()


def test_a_denial_ends_with_its_clause():
    assert named("no blur, but slight noise") == {"noise": "slight"}
    assert named("free from blur and noise; however compression artifacts are present") == {"compression": "noticeable"}
    assert named("No noise. The picture is badly blurred.") == {"blur": "severe"}


def test_each_name_once_with_its_worst_severity_and_worst_first():
    text = "slight noise. Severe blur. The noise is noticeable. mild shaking."
    assert parse_defects(text) == (Defect("blur", "severe"), Defect("noise", "noticeable"), Defect("shake", "slight"))


def test_only_the_thought_is_read():
    assert named("<think>slight blur</think><answer>noise 2.00</answer>") == {"blur": "slight"}
    assert named("<think>slight blur, growing") == {"blur": "slight"}


def test_an_unknown_defect_is_refused():
    with pytest.raises(ValueError, match="flicker"):
        Defect("flicker", "slight")
    with pytest.raises(ValueError, match="huge"):
        Defect("blur", "huge")
