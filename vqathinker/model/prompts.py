"""The prompts: the two official ones, letter by letter (reference: golden/prompts.json), and the tiny model's."""

from __future__ import annotations

from dataclasses import dataclass

IMAGE = "<image>"
IMG_START, IMG_CONTEXT, IMG_END = "<img>", "<IMG_CONTEXT>", "</img>"
TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"

OFFICIAL_SYSTEM = (
    "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
)
OFFICIAL_QUESTION = (
    "You are doing the video quality assessment task. Here is the question: What is your overall rating on the "
    "quality of this video? The rating should be a float between 1 and 5, rounded to two decimal places, with 1 "
    "representing very poor quality and 5 representing excellent quality."
)
OFFICIAL_INSTRUCTION = (
    "First output the thinking process in <think> </think> tags and then output the final answer in "
    "<answer> </answer> tags."
)


@dataclass(frozen=True)
class PromptStyle:
    """How the parts of a prompt are joined.

    `separator` stands between the opening line, the frames and the question, `colon` between a frame's name and its
    picture, `gap` before the instruction. `max_new_tokens` is the length at which an answer is cut, and
    `answers_questions` says whether models with this prompt know other questions than their own.
    """

    system: str
    opening: str
    question: str
    instruction: str
    separator: str
    colon: str
    gap: str
    max_new_tokens: int
    answers_questions: bool = True

    def user(self, frames: int, question: str | None = None) -> str:
        """The user turn, with one `<image>` for each frame and one for the motion feature."""
        pictures = [f"Frame{index + 1}{self.colon}{IMAGE}" for index in range(frames)]
        pictures.append(f"Motion Feature{self.colon}{IMAGE}")
        asked = (question or self.question) + self.gap + self.instruction
        return self.opening + self.separator + self.separator.join(pictures) + self.separator + asked

    def chat(self, frames: int, question: str | None = None) -> str:
        """The whole prompt up to the first token that the model writes."""
        turns = [("system", self.system), ("user", self.user(frames, question))]
        text = "".join(f"{TURN_START}{role}\n{content}{TURN_END}\n" for role, content in turns if content)
        return text + f"{TURN_START}assistant\n"


OFFICIAL_TRAIN = PromptStyle(
    OFFICIAL_SYSTEM, "Now you will receive a video:", OFFICIAL_QUESTION, OFFICIAL_INSTRUCTION, "\n", ":", " ", 2048
)
OFFICIAL_INFERENCE = PromptStyle(
    OFFICIAL_SYSTEM, "Now you will receive a video:", OFFICIAL_QUESTION, OFFICIAL_INSTRUCTION, "", ": ", "", 1024
)
TINY_PROMPT = PromptStyle(
    "", "A video:", "Rate its quality from 1 to 5.", "Think, then answer.", "\n", ":", " ", 160, False
)
STYLES = {"official_train": OFFICIAL_TRAIN, "official_inference": OFFICIAL_INFERENCE, "tiny": TINY_PROMPT}


def expand_images(chat: str, tokens_per_frame: int) -> str:
    """Replace every `<image>` by its placeholders: `tokens_per_frame` for a frame, one for the motion feature."""
    *frames, tail = chat.split(IMAGE)
    spans = [tokens_per_frame] * (len(frames) - 1) + [1]
    pictures = [IMG_START + IMG_CONTEXT * span + IMG_END for span in spans]
    return "".join(text + picture for text, picture in zip(frames, pictures, strict=True)) + tail
