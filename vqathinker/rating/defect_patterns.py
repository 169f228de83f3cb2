"""The words of every defect: how our own texts name it, and the regular expressions behind `parse_defects`: what names
a defect, what grades it, what denies it (lower case). A new defect has its words here, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """How a defect is written: mass nouns ("slight NOUN") and pairs "the SUBJECT is slightly PREDICATE"."""

    nouns: tuple[str, ...]
    predicates: tuple[tuple[str, str], ...]


PHRASES: dict[str, Phrases] = {
    "blur": Phrases(("blur", "softness"), (("picture", "blurred"), ("picture", "out of focus"))),
    "low_resolution": Phrases(("lack of resolution",), (("resolution", "low"),)),
    "noise": Phrases(("noise", "grain"), (("picture", "noisy"), ("picture", "grainy"))),
    "compression": Phrases(("compression damage", "blockiness"), (("picture", "blocky"), ("picture", "compressed"))),
    "underexposure": Phrases(("underexposure",), (("picture", "underexposed"), ("picture", "dark"))),
    "overexposure": Phrases(("overexposure",), (("picture", "overexposed"), ("picture", "blown out"))),
    "low_contrast": Phrases(("loss of contrast",), (("contrast", "low"), ("picture", "washed out"))),
    "color": Phrases(("color distortion", "color shift"), (("color", "unnatural"), ("color", "distorted"))),
    "freeze": Phrases(("freezing", "stalling"), (("motion", "frozen in places"),)),
    "low_frame_rate": Phrases(("stutter",), (("motion", "choppy"), ("frame rate", "low"))),
    "disorder": Phrases(("frame disorder",), (("frame order", "wrong"), ("frame order", "scrambled"))),
    "shake": Phrases(("camera shake", "shaking"), (("camera", "shaky"), ("camera", "unsteady"))),
    "corruption": Phrases(("data corruption",), (("picture", "corrupted"), ("stream", "damaged"))),
}
MOTION_DEFECTS = ("freeze", "low_frame_rate", "disorder", "shake", "corruption")
"""Those that a still picture cannot have."""
_LOOKS = r"(?:is|are|was|were|looks?|appears?|seems?|feels?|becomes?)"
_DEGREE = r"(?:(?!not\b|no\b|never\b)[\w-]+\s+){0,3}?"
_ARTIFACTS = r"art[ie]facts?"
_PICTURE = r"(?:picture|image|video|clip|footage|frames?|it)"
_MEAGRE = r"(?:low|poor|weak|flat|limited|reduced|insufficient)"
_PATTERNS = {
    "corruption": rf"""
        corrupt\w* | glitch\w* | packet\s+loss | torn\s+(?:picture|frames?)
        | (?:decoding|transmission|bitstream|data|stream)\s+(?:error|damage|loss)\w*
        | (?:stream|data|{_PICTURE})\s+{_LOOKS}\s+{_DEGREE}(?:damaged|broken)
        | (?:broken|damaged|missing)\s+(?:blocks?|slices?|frames?|stream|data|pictures?)""",
    "compression": rf"""
        (?:over-?)?compress\w*(?:\s+(?:{_ARTIFACTS}|damage|noise|blocks?))? | macro-?block\w*
        | mosquito\s+noise | block(?:y|iness|ing)(?:\s+{_ARTIFACTS})? | pixel+at\w* | banding | ringing
        | coding\s+{_ARTIFACTS} | (?<!-){_ARTIFACTS}""",
    "low_resolution": rf"""
        low(?:er)?[- ]res(?:olution)?\b | low[- ]definition | (?:lack|loss)\s+of\s+resolution
        | up-?scal(?:ed|ing) | {_MEAGRE}\s+resolution | resolution\s+{_LOOKS}\s+{_DEGREE}{_MEAGRE}""",
    "blur": rf"""
        (?:motion\s+)?blur\w* | un-?sharp\w* | out[- ]of[- ]focus | defocus\w* | fuzz(?:y|iness)
        | smear(?:ed|ing|y) | softness | soft\s+(?:focus|details?|edges|picture|image)
        | (?:not|isn't)\s+(?:very\s+|quite\s+|really\s+)?(?:sharp|in\s+focus)
        | (?:lack(?:s|ing)?|loss|losing)(?:\s+of|\s+in)?\s+(?:\w+\s+)?(?:sharpness|clarity|details?|focus)
        | (?:details?|edges|{_PICTURE})\s+{_LOOKS}\s+{_DEGREE}soft\b""",
    "noise": r"""
        nois[ey]\w* | grain(?:y|iness)?\b | speckl\w+""",
    "underexposure": rf"""
        under-?expos\w* | (?:too|overly|excessively)\s+(?:dark|dim)\b | (?:poorly|dimly)\s+lit
        | insufficient\s+(?:light(?:ing)?|brightness) | lack\s+of\s+(?:light|brightness) | low[- ]light
        | (?:scene|exposure|{_PICTURE})\s+{_LOOKS}\s+{_DEGREE}(?:dark|dim)\b | crushed\s+(?:shadows|blacks)""",
    "overexposure": r"""
        over-?expos\w* | (?:too|overly|excessively)\s+bright | blown[- ]out
        | (?:blown|clipped|burn(?:t|ed)(?:[- ]out)?)\s+highlights
        | highlights\s+(?:are|is)\s+(?:blown|clipped)""",
    "color": rf"""
        (?:colou?rs?|saturation|tones)\s+{_LOOKS}\s+{_DEGREE}(?:off|wrong|unnatural|unrealistic|dull|pale|distorted|shifted
            |washed[- ]out|faded|muted|inaccurate|desaturated|over-?saturated)
        | colou?r\s+(?:cast|shift|tint|distortion|error|bleeding|inaccurac|deviation|imbalance)\w*
        | (?:unnatural|wrong|distorted|faded|dull|pale|inaccurate|washed[- ]out|unrealistic|muted|poor)\s+colou?rs?
        | (?:over|under|de)-?saturat\w* | tinted""",
    "low_contrast": rf"""
        (?:lower|{_MEAGRE})[- ]contrast | contrast\s+{_LOOKS}\s+{_DEGREE}{_MEAGRE} | washed[- ]out
        | (?:lack(?:s|ing)?|loss)(?:\s+of|\s+in)?\s+contrast | faded | haz[ey]\w*""",
    "low_frame_rate": rf"""
        low[- ]frame[- ]?rates? | frame[- ]?rate\s+{_LOOKS}\s+{_DEGREE}{_MEAGRE} | stutter\w*
        | chopp(?:y|iness) | jerk(?:y|iness|s) | judder\w*
        | (?:not|isn't)\s+(?:very\s+|quite\s+)?(?:smooth|fluid)
        | lack(?:s|ing)?(?:\s+of)?\s+(?:smoothness|fluidity) | dropped\s+frames | frame\s+drops?
        | lagg(?:y|ing)""",
    "freeze": r"""
        fr[eo]e?z(?:es?|ing|en) | stall(?:s|ed|ing)?\b | stuck""",
    "disorder": rf"""
        disorder\w* | (?:wrong|incorrect|mixed|random)\s+order | out[- ]of[- ](?:order|sequence)
        | order\s+{_LOOKS}\s+{_DEGREE}(?:wrong|scrambled|mixed|broken) | shuffl\w+ | scrambled | reversed
        | jump(?:s|ing|ed)?\s+back(?:wards?)? | (?:play(?:s|ed|ing)?|runs?|goes|moves?)\s+backwards?
        | temporal(?:ly)?\s+inconsisten\w+""",
    "shake": r"""
        (?:camera\s+)?shak(?:e|es|y|ing|iness)\b | unstable | instability | unstead\w+ | jitter\w*
        | wobbl\w+ | trembl\w+""",
}
"""Of two defects at one place the first in this order wins; written in verbose form: a space is \\s."""
DEFECT_NAMES = re.compile("|".join(rf"(?P<{name}>\b(?:{pattern}))" for name, pattern in _PATTERNS.items()), re.VERBOSE)
_DEGREES = {
    "slight": r"""slight(?:ly)? | mild(?:ly)? | minor | subtl[ey] | faint(?:ly)? | light(?:ly)? | somewhat | barely
        | a\s+(?:little|bit|touch|small\s+amount)""",
    "noticeable": r"""noticeabl[ey] | clear(?:ly)? | visibl[ey] | moderate(?:ly)? | quite | rather | fairly
        | obvious(?:ly)? | apparent | evident | distinct(?:ly)? | considerabl[ey]""",
    "severe": r"""severe(?:ly)? | heav(?:y|ily) | strong(?:ly)? | extreme(?:ly)? | very | bad(?:ly)? | serious(?:ly)?
        | significant(?:ly)? | substantial(?:ly)? | major | pronounced | terribl[ey] | intense | massive(?:ly)? | highly
        | completely | excessive(?:ly)?""",
}
DEGREES = re.compile("|".join(rf"(?P<{name}>\b(?:{words})\b)" for name, words in _DEGREES.items()), re.VERBOSE)
_TURNS = r"\b(?:but|however|although|though|yet|while|whereas|except|despite)\b"
_NEW_CLAUSE = r"(?:the|it|there|this|some|has|is|are|shows|showing|suffers|with|which|an?)\b"
_SMALL = r"(?:slight(?:ly)?|mild(?:ly)?|minor|some)\b"
BREAK = re.compile(
    rf"[.;:!?\n()]+|(?<!slight )(?<!mild )(?<!minor ){_TURNS}"
    rf"|,?\s+and\s+(?={_NEW_CLAUSE})|,\s+(?={_NEW_CLAUSE}|{_SMALL})"
)
NEGATION = re.compile(
    r"\b(?:no|not(?!\s+(?:only|just))|without|never|none|nothing|neither|nor|free\s+(?:of|from)|absence\s+of"
    r"|lack\s+of|devoid\s+of|cannot|\w+n't|hardly|minimal|little|avoid\w*|absent)\b"
)
_UNSEEN = r"(?:visible|present|noticeable|apparent|seen|detected|found|an?\s+(?:problem|issue))"
DENIED_AFTER = re.compile(
    r"^(?:[- ]free\b"
    rf"|\W*(?:\w+\W+){{0,3}}?(?:is|are|was|were)\s+(?:(?:not|never|hardly)\s+(?:\w+\s+)?{_UNSEEN}|absent))"
)
