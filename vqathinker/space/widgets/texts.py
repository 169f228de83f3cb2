"""Every longer sentence on the page."""

from __future__ import annotations

TITLE = "VQAThinker: video quality, explained"
SUBTITLE = "Watches a video, says what it sees, and gives it a score from 1 (bad) to 5 (excellent)."
MODEL_BADGE = "the model behind this page"
BESIDE_BADGE = "the model that Compare can put beside it"
UPLOAD = "Drop a video or a still image"
EXAMPLES = "Or try one of these"
FILM = "What the model saw"
REASONING = "Reasoning"
NO_SCORE = "No score yet"
SCORE_COMES = "Score and word, from 1 (bad) to 5 (excellent), and the defects that the model names."
NO_REASONING = "The model's reasoning appears here while it is being written."
NO_DEFECTS = "No defect named."
NOTES = "What was done to the file: {}."
EXPECTED = "expected {:.2f}"
INTERVAL = "People's score lies between {:.2f} and {:.2f} for nine in ten pictures that it has not seen."
UNLIKE = "It looks unlike what the model learned from: take the score with care."
UNLIKE_RATES = (
    "It says so of {:.1%} of held-out files, and of {:.0%} of odd ones: test cards, noise, charts, screens, drawings."
)
UNLIKE_PAIR = "{} unlike what the model learned from: how often it is right about such a pair is not known."
LONG = "It is a long film, of which {} frames were looked at: its timeline rates all of it."
WHOLE = "Of its whole length, from the {} windows of its timeline. By {} frames alone it is {:.2f}."
NOT_PLAYABLE = "Your browser cannot play this format. The model may still be able to read it."
READY = "Choose a video, and the rating starts."
LOADING = "The model is being loaded; this takes a few seconds after a start."
WAITING = "Waiting for the model."
WEBCAM = "Record with the webcam"
FROM_WEBCAM = "From the webcam"
ROLLOUTS = "Sampled answers"
ROLLOUTS_INFO = "Besides its own answer, to see how steady it is. They do not move the score."

PLACE = "Beside pictures that people rated"
PLACE_PEOPLE, PLACE_MODEL = "people's score", "its score"
PLACE_NEAR = (
    "Of the pictures that it never learned from, {} got a score within {} of this one. To nine in ten of those people "
    "gave {:.1f} to {:.1f}."
)
PLACE_BELOW = "{:.0%} got a lower score."
PLACE_RARE = (
    "Only {} of the pictures that it never learned from got a score within {} of {:.2f}: what people would say is hard "
    "to tell."
)
PLACE_LEGEND = (
    '<p class="vq-legend"><span><i class="here"></i> this one, if people agree</span> <span><i class="range"></i> its '
    'interval</span> <span><i class="spot"></i> one of {:,} held-out pictures</span> <span><i class="alike"></i> with '
    "about the same score</span></p>"
)

FIRST = "Score a picture first, then see what people and the model said"
FIRST_ASK = "How sharp, clean and well exposed is this picture? Not how pretty it is. The model never learned from it."
PEOPLE_GAVE = "People gave it {:.2f}; the model never learned from it."
FIRST_MINE = "You say"
FIRST_SHOW = "Show what people said"
FIRST_NEXT = "Next picture"
FIRST_WHY = "Why did the model say so?"
FIRST_RECORDED = "An example, recorded with this model on {}. Choose a video of your own, and its rating starts."
FIRST_STAND_IN = "An example, recorded with the small bundled model on {}. This page's own model rates your video."
SEE_WHY = "See why"
TEACHERS = ("Teaching, or learning how such a model is trained?", "Open the reward lab")

SURE = "How sure is it?"
SPREAD = "{} sampled answers: mean {:.2f}, spread {:.2f} (standard deviation)."
NO_SPREAD = "Fewer than two sampled answers can be read: there is no spread to tell."
UNREADABLE = "{} of {} could not be read."
AGREE, WAVER, DISAGREE = (
    "They nearly agree.",
    "They differ a little.",
    "They disagree.",
)
STEADY = "The spread tells how steady its answers are, not how right: a wrong score can be a steady one."
AGREE_BELOW, WAVER_BELOW = 0.15, 0.4
LEGEND = (
    '<p class="vq-legend"><span><i class="dot"></i> a sampled answer</span> <span><i class="mean"></i> their '
    'mean</span> <span><i class="band"></i> mean ± spread</span> <span><i class="own"></i> its own answer</span></p>'
)
SAMPLED = "Read the sampled answers"

SAVE = "Take it along:"
EXPECT = "What to expect of it"
CAVEAT = (
    "The score is about technical quality, not about content or sound. A difference of 0.1 or 0.2 means little, and no "
    "decision about people or money should rest on it."
)
SAVE_PAGE = "as a page"
SAVE_JSON = "as JSON"
JSON = "Report (JSON)"
MADE_BY = "Rated by the {} model ({}) in {:.1f} s, {:.1f} s of them for decoding."

CHECK = "Does the order of the frames matter to it?"
CHECK_INFO = (
    "The same video is shown again with its timeline disordered, bursts included. A model that watches motion should "
    "like it less; the temporal reward of the training pays for that."
)
CHECK_WITHOUT = "{}. So there is nothing to check here: the order of its pictures is no order in time."
PERTURBATIONS = {
    "shuffle": "shuffle: all frames in a random order",
    "local_shuffle": "local shuffle: a random order within short windows",
    "reverse": "reverse: the last frame first",
    "jitter": "jitter: each frame a little too early or too late",
    "duplicate": "duplicate: one frame is held, others are lost",
    "drop": "drop: some frames turn black",
}
DISORDER = "Kind of disorder"
CHECK_BUTTON = "Show it disordered"
CHECK_STILL = "A still image has no order of frames. Choose a video for this."
CHECK_FILM = "What it saw this time"
IN_ORDER, DISORDERED = "in order", "disordered"
CHECK_TOLD = "In order {:.2f}, disordered {:.2f}: {}."
CHECK_PROBABILITY = (
    "By the sampled answers the ordered video is the better one with a probability of {}, "
    "by the formula behind the ranking reward."
)
CHECK_NAMED = "This time it names: {}."
STAND_IN = "The model of this page is not available just now. This was recorded with the small bundled model on {}."
RECORDED = "Recorded with this model on {}."
STOPPED = "Stopped. Choose another video, or rate this one again."
BAD_FILE = "This file cannot be rated"
MODEL_PROBLEM = "The model is not available"
NOTHING_CHOSEN = "Choose a video first."
BUSY = "Please come again"
ENDED = "The rating was ended before it was done."
NOT_TAKEN = "This was not sent in a form that can be read here; files must have been uploaded to this page."
MODEL_FAILED = "The model is not available: {}. It is tried again by itself; the examples still show recorded answers."
BESIDE_FAILED = "The second model is not available: {}. It is tried again by itself; all else works."

COMPARE_READY = "Choose two videos, or one of the pairs below."
COMPARE_CHOSEN = "Both are there: compare them."
COMPARE_MISSING = "Choose two videos first: {} is missing."
COMPARE_RATING = "Rating {}: {}."
COMPARE_RECORDED = "Both were recorded with this model. Compare rates them now."
COMPARE_STAND_IN = "The model of this page is not available just now. Both were recorded with the small bundled one."
COMPARE_DONE = "Both rated in {:.1f} s."
COMPARE_STOPPED = "Stopped. Compare starts again."
COMPARE_BUTTON = "Compare"
COMPARE_KIND = "What is compared"
COMPARE_KINDS = ("two videos", "two models on one video")
MODELS_READY = "Choose a video, and both models rate it."
MODELS_CHOSEN = "It is there: let both models rate it."
MODELS_MISSING = "Choose a video first."
MODELS_TURNS = ("it with the first model", "it with the second model")
MODELS_SAME = "Both models give the same score."
MODELS_DIFFER = "{} gives {:.2f} more than {}."
MODELS_SAY = (
    "The same video, seen by two models. Each has a scale of its own, so the difference tells how far they disagree, "
    "not which of them is right. The dots are sampled answers: they show how steady each is."
)
PAIRS = "Or look at one of these pairs"
BETTER = "{} is the better one with a probability of {}."
NEITHER = "The model cannot tell them apart: {} is the better one with a probability of {} only."
EQUAL = "The model cannot tell them apart: either may be the better one."
HOW_OFTEN = (
    "How often is that right? In pairs of held-out pictures where it said {:.0f} to {:.0f}%, people preferred the same "
    "one in {:.0f} of 100 (95% interval {:.0f} to {:.0f}; {pairs:,} pairs)."
)
BY_ANSWERS = (
    "The answers about A and B",
    "P = Φ((mean<sub>A</sub> − mean<sub>B</sub>) ∕ √(variance<sub>A</sub> + variance<sub>B</sub> + 10<sup>−6</sup>)) "
    "= Φ(({:.2f} − {:.2f}) ∕ √({:.4f} + {:.4f} + 10<sup>−6</sup>)) = {:.3f}",
    "The sampled answers about each video are taken as a bell; the filled part of the bell of their difference is the "
    "probability. The ranking reward of the training puts each single answer in the place of mean<sub>A</sub>. This "
    "tells how decided the model is, not how right.",
)
"""Title of the bells, formula, and what it means: where no error is known, by the sampled answers."""
BY_ERRORS = (
    "Where people's scores of A and B may lie",
    "P = Φ((score<sub>A</sub> − score<sub>B</sub>) ∕ √(deviation<sub>A</sub>² + deviation<sub>B</sub>² + "
    "10<sup>−6</sup>)) = Φ(({:.2f} − {:.2f}) ∕ √({:.4f} + {:.4f} + 10<sup>−6</sup>)) = {:.3f}",
    "A score may be off, and by how much was measured on pictures that people rated and that the model had not learned "
    "from. Each bell is a score with the standard deviation of its error; the filled part of the bell of their "
    "difference is the probability that people prefer A. The dots above are sampled answers: they show how decided the "
    "model is, not how right.",
)
"""The same where the errors of the scores were calibrated."""
ERROR_BELL = "{}: score {:.2f} with the deviation of its error"
EQUAL_BELOW, UNDECIDED_BELOW = 0.505, 0.6


def how_sure(spread: float) -> str:
    return AGREE if spread < AGREE_BELOW else WAVER if spread < WAVER_BELOW else DISAGREE
