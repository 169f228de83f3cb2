"""What each scorer is asked, letter by letter as its authors do, and what it is asked about the frames of a video.

The turns are written out here instead of by the chat template in a checkpoint, which is a program. Pictures have no
numbers: the README of VisualQuality-R1 asks for them (add_vision_id), but the transformers that it pins (4.49) leaves
that out, and it was trained without.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...prompts import TURN_END, TURN_START

VISION_START, IMAGE_PAD, VISION_END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"
QWEN_TOKENS = (TURN_START, TURN_END, VISION_START, IMAGE_PAD, VISION_END)
SCALE_SENTENCE = (
    "The rating should be a float between 1 and 5, rounded to two decimal places, with 1 representing very poor "
    "quality and 5 representing excellent quality."
)


@dataclass(frozen=True)
class ChatStyle:
    """How a scorer is asked: `question` about a {thing} ("picture" or "video"; {task} is "image" or "video"), then
    `instruction`, which follows questions of users, too. Pictures stand before the text unless `text_first`."""

    system: str
    question: str
    instruction: str = ""
    text_first: bool = False

    def chat(self, spans: list[int], question: str | None = None) -> str:
        """The whole prompt up to the first token of the answer, about pictures of so many tokens each: one for a still
        image, which is asked about as the authors do, several for the frames of a video."""
        video = len(spans) > 1
        asked = question or self.question.format(
            task="video" if video else "image", thing="video" if video else "picture"
        )
        pictures = "".join(VISION_START + IMAGE_PAD * span + VISION_END for span in spans)
        text = asked + self.instruction
        user = text + pictures if self.text_first else pictures + text
        turns = (("system", self.system), ("user", user))
        return "".join(f"{TURN_START}{role}\n{said}{TURN_END}\n" for role, said in turns) + f"{TURN_START}assistant\n"


CHAT_STYLES = {
    "visualquality-r1": ChatStyle(
        system="You are a helpful assistant.",
        question="You are doing the {task} quality assessment task. Here is the question: What is your overall rating "
        "on the quality of this {thing}? " + SCALE_SENTENCE,
        instruction=" First output the thinking process in <think> </think> tags and then output the final answer with "
        "only one score in <answer> </answer> tags.",
    ),
    "q-insight": ChatStyle(
        system="A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
        "assistant first thinks about the reasoning process in the mind and then provides the user with the answer. "
        "The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, "
        "respectively, i.e., <think> reasoning process here </think><answer> answer here </answer>",
        question="What is your overall rating on the quality of this {thing}? "
        + SCALE_SENTENCE
        + " Return the final answer in "
        'JSON format with the following keys: "rating": The score.',
        text_first=True,
    ),
}
"""Of VisualQuality-R1 the README's thinking mode, of Q-Insight src/eval/demo_score.py."""
