"""What the reward lab shows: videos, the answers given to them, and the constants of the rewards. No torch here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from ....answer import compose, shortened
from ....errors import VQAThinkerError

VIEWS = ("video", "frames", "bell", "ranking", "temporal", "step", "update")
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


@dataclass(frozen=True)
class LabVideo:
    """A video as the rewards see it: its MOS, and G raw answers to it in order and G to its shuffled twin. `clip` names
    the example that the answers were given to; empty where they are invented."""

    name: str
    mos: float
    ordered: tuple[str, ...]
    shuffled: tuple[str, ...]
    clip: str = ""

    def __post_init__(self) -> None:
        if not is_text(self.name) or not 0 < len(self.name) <= MAX_NAME:
            raise LabError(f"A video in the lab needs a name of 1 to {MAX_NAME} characters.")
        if not is_text(self.clip) or len(self.clip) > MAX_NAME:
            raise LabError(f"The name of an example has at most {MAX_NAME} characters.")
        _number("The MOS", self.mos, LOWEST, HIGHEST)
        for group in (self.ordered, self.shuffled):
            if not isinstance(group, tuple) or not 1 <= len(group) <= MAX_ANSWERS:
                raise LabError(f"A video in the lab needs 1 to {MAX_ANSWERS} answers.")
            if not all(is_text(text) and len(text) <= MAX_TEXT for text in group):
                raise LabError(f"An answer in the lab is a text of at most {MAX_TEXT} characters.")

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


@dataclass(frozen=True)
class LabState:
    """Everything that the lab's views are drawn from.

    videos: 1 to 4, each with the same number of answers, 1 to 8. sigma, bonus, ranking_gate and regression_gate are
    those of `RewardSpec`. view: one of VIEWS. video, answer, in_order: the answer that was chosen; rival: the video
    that it is compared with. step: how far the walk through the whole step has gone, from 0 on; one beyond its end is
    its end. seed: what the released code's random scores, and what the toy policy answers, are drawn from. off: names
    of rewards that are switched off. epsilon, beta, learning_rate, num_iterations: how the toy policy is updated, in
    the words of training/grpo/config.py; updates: the steps of GRPO that it has taken, 0 to 60. Raises LabError, with
    one sentence, for anything else.
    """

    videos: tuple[LabVideo, ...]
    view: str = "bell"
    video: int = 0
    answer: int = 0
    in_order: bool = True
    rival: int = 1
    step: int = 0
    seed: int = 0
    sigma: float = 0.5
    bonus: float = 0.3
    ranking_gate: float = 0.5
    regression_gate: float = 0.9
    off: tuple[str, ...] = ()
    epsilon: float = 0.2
    beta: float = 0.04
    learning_rate: float = 2.0
    num_iterations: int = 4
    updates: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.videos, tuple) or not 1 <= len(self.videos) <= MAX_VIDEOS:
            raise LabError(f"The lab shows 1 to {MAX_VIDEOS} videos.")
        sizes = {len(group) for video in self.videos for group in (video.ordered, video.shuffled)}
        if len(sizes) != 1:
            raise LabError(f"Every video in the lab needs the same number of answers, not {sorted(sizes)}.")
        if self.view not in VIEWS:
            raise LabError(f"The lab has the views {', '.join(VIEWS)}.")
        if not isinstance(self.in_order, bool):
            raise LabError("in_order is true or false.")
        _whole("The video", self.video, len(self.videos) - 1)
        _whole("The rival", self.rival, MAX_VIDEOS - 1)
        _whole("The answer", self.answer, self.answers - 1)
        _whole("The step", self.step, MAX_STEP)
        _whole("The seed", self.seed, MAX_SEED)
        _whole("The number of updates", self.updates, MOST_UPDATES)
        for name, (low, high) in CONSTANTS.items():
            _number(name, getattr(self, name), low, high)
        if not isinstance(self.num_iterations, int):
            raise LabError("num_iterations must be a whole number.")
        if not isinstance(self.off, tuple) or not all(is_text(name) for name in self.off) or len(self.off) > MOST_OFF:
            raise LabError("off names the rewards that are switched off.")

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

    @staticmethod
    def from_rollouts(texts: Sequence[str], mos: float) -> LabState:
        """The default state with the raw texts of a rating's rollouts in the place of its first video."""
        return use_rollouts(DEFAULT, texts, mos)

    def to_json(self) -> str:
        return json.dumps({"version": 1, **asdict(self)}, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> LabState:
        """What `to_json` wrote. Raises LabError for everything else."""
        try:
            content = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise LabError("This is no state of the lab: it is not JSON.") from error
        content = _keys(content, ["version", *(f.name for f in fields(LabState))], "a state of the lab", ADDED)
        if content.pop("version") != 1 or not isinstance(content["videos"], list):
            raise LabError("This is no state of this lab: it has another version.")
        if not isinstance(content.get("off", []), list):
            raise LabError("off is a list of rewards.")
        lists = {"videos": tuple(_video(video) for video in content["videos"]), "off": tuple(content.get("off", []))}
        return LabState(**{**content, **lists})


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


ADDED = ("clip", "off", "epsilon", "beta", "learning_rate", "num_iterations", "updates")
"""What links that were made before there were updates do not hold."""


def _keys(content: object, wanted: list[str], what: str, spare: Sequence[str] = ()) -> dict:
    if not isinstance(content, dict) or not set(wanted) - set(spare) <= set(content) <= set(wanted):
        raise LabError(f"This is not {what}: it needs exactly the keys {', '.join(wanted)}.")
    return dict(content)


def _video(content: object) -> LabVideo:
    content = _keys(content, [f.name for f in fields(LabVideo)], "a video of the lab", ADDED)
    groups = {name: content[name] for name in ("ordered", "shuffled")}
    if not all(isinstance(group, list) for group in groups.values()):
        raise LabError("The answers to a video are a list of texts.")
    return LabVideo(**{**content, **{name: tuple(group) for name, group in groups.items()}})


def is_text(value: object) -> bool:
    """Whether a value is a string that can be written down: JSON can name halves of characters (lone surrogates)."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(name: str, value: object, low: float, high: float) -> None:
    # compared before anything else is done with it: 10**400 is a number of JSON, and no float
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise LabError(f"{name} must be a number from {low:g} to {high:g}.")


def _whole(name: str, value: object, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise LabError(f"{name} must be a whole number from 0 to {high}.")


def made_up(name: str, mos: float, ordered: Sequence[str], shuffled: Sequence[str]) -> LabVideo:
    """A video with invented answers: only their numbers, as written, are given."""
    thoughts = ("Sharp edges, steady motion.", "Slight noise in the dark.", "Soft in places.", "Clear enough.")
    first, second = (
        tuple(compose(thoughts[j % len(thoughts)], number) for j, number in enumerate(group))
        for group in (ordered, shuffled)
    )
    return LabVideo(name, mos, first, second)


SPARE = (
    made_up("A", 3.5, ("3.47", "3.82", "3.11", "4.28"), ("2.95", "3.62", "2.48", "4.61")),
    made_up("B", 2.4, ("2.31", "2.88", "2.54", "3.42"), ("2.05", "3.27", "3.05", "3.76")),
    made_up("C", 4.3, ("4.12", "3.75", "4.44", "4.03"), ("3.91", "3.38", "4.15", "3.52")),
    made_up("D", 1.6, ("1.87", "2.21", "1.52", "1.95"), ("2.12", "2.61", "1.66", "2.35")),
)
DEFAULT = LabState(SPARE[:2])
