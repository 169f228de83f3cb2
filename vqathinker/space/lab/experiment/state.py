"""What the reward lab shows: videos, the answers given to them, and the constants of the rewards. No torch here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, field, replace
from typing import Annotated, Literal, get_args

from pydantic import Field

from ....answer import compose, shortened
from ....checked import checked, from_json
from ....errors import VQAThinkerError

ViewName = Literal["video", "frames", "bell", "ranking", "temporal", "step", "update"]
VIEWS = get_args(ViewName)
LOWEST, HIGHEST = 1.0, 5.0
MAX_VIDEOS, MAX_ANSWERS, MAX_TEXT, MAX_NAME, MAX_STEP = 4, 8, 4000, 40, 30
MOST_UPDATES, MOST_OFF = 60, 8
CONSTANTS = {
    "sigma": (0.1, 1.5),
    "bonus": (0.0, 1.0),
    "ranking_gate": (0.0, 1.0),
    "regression_gate": (0.0, 1.0),
    "epsilon": (0.05, 1.0),
    "beta": (0.0, 1.0),
    "learning_rate": (0.2, 5.0),
    "num_iterations": (1, 8),
}
MAX_SEED = 2**31
THOUGHT_SHOWN = 240
MINE = "Y"
"""The name of a visitor's own video."""


class LabError(VQAThinkerError):
    """The lab cannot show this; the message says why."""


def refused(why: str) -> LabError:
    return LabError(f"The lab cannot show this: {why.rstrip('.')}.")


def within(name: str) -> Field:
    """The bounds of a constant."""
    low, high = CONSTANTS[name]
    return Field(ge=low, le=high)


Text = Annotated[str, Field(max_length=MAX_TEXT)]
AnswerTexts = Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_ANSWERS)]


@checked(refused)
class LabVideo:
    """A video as the rewards see it: its MOS, and G raw answers to it in order and G to its shuffled twin. `clip` names
    the example that the answers were given to; empty where they are invented."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    mos: Annotated[float, Field(ge=LOWEST, le=HIGHEST)]
    ordered: AnswerTexts
    shuffled: AnswerTexts
    clip: Annotated[str, Field(max_length=MAX_NAME)] = ""

    @property
    def title(self) -> str:
        title = "Your video" if self.name == MINE else f"Video {self.name}"
        return f"{title}, {self.clip.replace('-', ' ')}" if self.clip else title

    def resized(self, answers: int) -> LabVideo:
        """With that many answers in each group: cut, or the present ones once more from the first."""
        ordered, shuffled = (
            tuple(group[j % len(group)] for j in range(answers)) for group in (self.ordered, self.shuffled)
        )
        return replace(self, ordered=ordered, shuffled=shuffled)


@checked(refused)
class LabState:
    """Everything that the lab's views are drawn from.

    videos: 1 to 4, each with the same number of answers, 1 to 8. sigma, bonus, ranking_gate and regression_gate are
    those of `RewardSpec`. view: one of VIEWS. video, answer, in_order: the answer that was chosen; rival: the video
    that it is compared with. step: how far the walk through the whole step has gone, from 0 on; one beyond its end is
    its end. seed: what the released code's random scores, and what the toy policy answers, are drawn from. off: names
    of rewards that are switched off. epsilon, beta, learning_rate, num_iterations: how the toy policy is updated, in
    the words of training/grpo/config.py; updates: the steps of GRPO that it has taken, 0 to 60. version: of the JSON.
    Raises LabError, with one sentence, for anything else.
    """

    version: Literal[1] = field(default=1, kw_only=True)
    videos: Annotated[tuple[LabVideo, ...], Field(min_length=1, max_length=MAX_VIDEOS)]
    view: ViewName = "bell"
    video: Annotated[int, Field(ge=0)] = 0
    answer: Annotated[int, Field(ge=0)] = 0
    in_order: bool = True
    rival: Annotated[int, Field(ge=0, lt=MAX_VIDEOS)] = 1
    step: Annotated[int, Field(ge=0, le=MAX_STEP)] = 0
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    sigma: Annotated[float, within("sigma")] = 0.5
    bonus: Annotated[float, within("bonus")] = 0.3
    ranking_gate: Annotated[float, within("ranking_gate")] = 0.5
    regression_gate: Annotated[float, within("regression_gate")] = 0.9
    off: Annotated[tuple[str, ...], Field(max_length=MOST_OFF)] = ()
    epsilon: Annotated[float, within("epsilon")] = 0.2
    beta: Annotated[float, within("beta")] = 0.04
    learning_rate: Annotated[float, within("learning_rate")] = 2.0
    num_iterations: Annotated[int, within("num_iterations")] = 4
    updates: Annotated[int, Field(ge=0, le=MOST_UPDATES)] = 0

    def __post_init__(self) -> None:
        sizes = {len(group) for video in self.videos for group in (video.ordered, video.shuffled)}
        if len(sizes) != 1:
            raise ValueError(f"every video needs the same number of answers, not {sorted(sizes)}")
        if self.video >= len(self.videos) or self.answer >= self.answers:
            raise ValueError("the chosen video or answer is not there")

    @property
    def answers(self) -> int:
        """How many answers each group has (G)."""
        return len(self.videos[0].ordered)

    @property
    def chosen(self) -> LabVideo:
        return self.videos[self.video]

    @property
    def opponent(self) -> int | None:
        """The video that the chosen one is compared with; None where there is no other."""
        others = [i for i in range(len(self.videos)) if i != self.video]
        return self.rival if self.rival in others else next(iter(others), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> LabState:
        """What `to_json` wrote, also before there were updates. Raises LabError for everything else."""
        return from_json(LabState, text, refused)


def use_rollouts(
    state: LabState, texts: Sequence[str], mos: float, *, shuffled: Sequence[str] = (), name: str = MINE
) -> LabState:
    """`state` with a visitor's own video in the first place, and everything else as it was.

    texts: the raw answers of the rollouts, of which the first 8 are used; long thoughts are shortened. mos: what the
    visitor says that people would say, 1 to 5. shuffled: answers to the perturbed clip where there are any; without
    them the twin gets the same answers, a tie. The other videos get as many answers. Raises LabError.
    """
    own = tuple(condense(text) for text in texts[:MAX_ANSWERS])
    if not own:
        raise LabError("There are no rollouts yet: rate a video with rollouts first.")
    twin = tuple(condense(text) for text in shuffled[:MAX_ANSWERS]) or own
    mine = LabVideo(name, mos, own, tuple(twin[j % len(twin)] for j in range(len(own))))
    return _put(state, mine, 0)


def use_clip(
    state: LabState,
    clip: str,
    texts: Sequence[str],
    mos: float,
    *,
    shuffled: Sequence[str] = (),
    place: int | None = None,
) -> LabState:
    """`state` with the recorded answers to an example in the place of the chosen video, or of another; raises LabError.

    As many answers as the lab shows, 4 at least; arguments as in `use_rollouts`.
    """
    place = state.video if place is None else place
    count = max(state.answers, 4)
    own = tuple(condense(text) for text in texts[:count])
    twin = tuple(condense(text) for text in shuffled[:count]) or own
    if not own or not 0 <= place < len(state.videos):
        raise LabError("There are no recorded answers to this example.")
    kept = LabVideo("ABCD"[place], mos, own, tuple(twin[j % len(twin)] for j in range(len(own))), clip)
    return _put(state, kept, place)


def _put(state: LabState, video: LabVideo, place: int) -> LabState:
    """With a video in a place, which is then the chosen one; the others get as many answers."""
    videos = [other.resized(len(video.ordered)) for other in state.videos]
    videos[place] = video
    return replace(state, videos=tuple(videos), video=place, answer=0, in_order=True)


def condense(text: str) -> str:
    """An answer whose long thought is cut in the middle of its words; tags, and what follows them, stay."""
    return shortened(text, THOUGHT_SHOWN)[:MAX_TEXT]


def made_up(name: str, mos: float, ordered: Sequence[str], shuffled: Sequence[str]) -> LabVideo:
    """A video with invented answers: only their numbers, as written, are given."""
    thoughts = ("Sharp edges, steady motion.", "Slight noise in the dark.", "Soft in places.", "Clear enough.")
    first, second = (
        tuple(compose(thoughts[j % len(thoughts)], number) for j, number in enumerate(group))
        for group in (ordered, shuffled)
    )
    return LabVideo(name, mos, first, second)


SPARE_VIDEOS = (
    made_up("A", 3.5, ("3.47", "3.82", "3.11", "4.28"), ("2.95", "3.62", "2.48", "4.61")),
    made_up("B", 2.4, ("2.31", "2.88", "2.54", "3.42"), ("2.05", "3.27", "3.05", "3.76")),
    made_up("C", 4.3, ("4.12", "3.75", "4.44", "4.03"), ("3.91", "3.38", "4.15", "3.52")),
    made_up("D", 1.6, ("1.87", "2.21", "1.52", "1.95"), ("2.12", "2.61", "1.66", "2.35")),
)
DEFAULT_STATE = LabState(SPARE_VIDEOS[:2])
