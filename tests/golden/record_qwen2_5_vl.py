"""Records what the authors' code makes of a small Qwen2.5-VL with weights by a rule: golden/qwen2_5_vl_tiny.json.

Their code is run as it was released, on a CPU: the example "Single Image Quality Rating with thinking" of the README of
TianheWu/VisualQuality-R1 at a16dcdb, and src/eval/demo_score.py of bytedance/Q-Insight at 08308fd. It samples; what is
recorded is what it gives to `generate`, the logits there, and the greedy tokens.

In an environment of its own (not that of this project):

    pip install torch "transformers==4.51.3" "qwen-vl-utils==0.0.11" pillow==12.3.0 av requests jinja2
    python -m tests.golden.record_qwen2_5_vl --visualquality README.md --q-insight demo_score.py \
        --template chat_template.json

`--template` is the file of that name in a released checkpoint, {"chat_template": …}. qwen_vl_utils wants torchvision,
which it uses for videos only; where there is none, an empty module stands in its place.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import tempfile
import types
from pathlib import Path

import torch
import transformers
from transformers import AutoProcessor, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from tests.model.family import qwen_folders as folders

if importlib.util.find_spec("torchvision") is None:
    empty = types.ModuleType("torchvision")
    empty.io = empty.transforms = types.ModuleType("torchvision.io")
    empty.transforms.InterpolationMode = None
    stand_ins = {"torchvision": empty, "torchvision.io": empty.io, "torchvision.transforms": empty.transforms}
    sys.modules |= stand_ins  # after transformers has looked for it

ANSWERS = [
    "<think>Sharp.</think><answer>3.50</answer>",
    "<think>Sharp.</think><answer>\n4\n</answer>",
    "<think>a</think><answer>1.2</answer> or <answer>2.25</answer>",
    "<think>Sharp.</think> I would say 3.75 of 5",
    "<think>a</think><answer>about -2.5</answer>",
    '<think>a</think><answer>{"rating": 4.25}</answer>',
]
NEW_TOKENS = 24


class Listener:
    """Stands for the model in the authors' code, and notes what is asked of it."""

    def __init__(self, model, tokenizer):
        self.model, self.tokenizer = model, tokenizer
        self.seen: dict = {}
        self.says = ""

    def generate(self, **inputs):
        inputs = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
        self.seen = self.listen(inputs)
        said = self.tokenizer(self.says, return_tensors="pt")["input_ids"]
        return torch.cat([inputs["input_ids"], said], dim=1)

    @torch.inference_mode()
    def listen(self, inputs: dict) -> dict:
        positions, _ = self.model.get_rope_index(inputs["input_ids"], inputs["image_grid_thw"])
        logits = self.model(**inputs).logits[0].float()
        written = self.model.generate(
            **inputs, do_sample=False, max_new_tokens=NEW_TOKENS, top_k=None, temperature=None
        )
        pixels = inputs["pixel_values"].float()
        return {
            "input_ids": inputs["input_ids"][0].tolist(),
            "positions": positions[:, 0].tolist(),
            "image_grid_thw": inputs["image_grid_thw"].tolist(),
            "pixels": {
                "shape": list(pixels.shape),
                "l2": float(pixels.norm()),
                "first": pixels[0].tolist(),
                "last": pixels[-1].tolist(),
            },
            "logits_last": logits[-1].tolist(),
            "logits_l2": float(logits.norm()),
            "greedy": written[0, inputs["input_ids"].shape[1] :].tolist(),
        }


def block_of(readme: str) -> str:
    """The released function for one picture with thinking, without the lines that load a model of the reader's own."""
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    [block] = [code for code in blocks if "def score_image(" in code and "<think>" in code]
    return block.split("\nrandom.seed(1)")[0]


def record_visualquality(readme: Path, listener: Listener, processor, photo: Path) -> dict:
    scope: dict = {"device": "cpu"}
    exec(compile(block_of(readme.read_text()), "README.md", "exec"), scope)
    told = []
    for listener.says in ANSWERS:
        told.append(scope["score_image"](str(photo), listener, processor)[1])
    return {**listener.seen, "answers": [[text, float(score)] for text, score in zip(ANSWERS, told, strict=True)]}


def record_q_insight(script: Path, listener: Listener, processor, photo: Path) -> dict:
    """The demo with our picture and our stand-ins for what it would load."""
    code, loads = script.read_text(), "import Qwen2_5_VLForConditionalGeneration, AutoProcessor, "
    for theirs, ours in ((loads, "import "), ('"cuda:0"', '"cpu"'), ('"./test_figs/img_score.jpg"', repr(str(photo)))):
        assert theirs in code, f"{script} is another version: it does not hold {theirs}"
        code = code.replace(theirs, ours)
    scope = {"__name__": "demo"}
    for name, stands in (("Qwen2_5_VLForConditionalGeneration", listener), ("AutoProcessor", processor)):
        scope[name] = types.SimpleNamespace(from_pretrained=lambda *_, stands=stands, **__: stands)
    listener.says = ANSWERS[-1]
    exec(compile(code, "demo_score.py", "exec"), scope)
    return listener.seen


def record_frames(listener: Listener, processor, paths: list[Path], question: str) -> dict:
    """Several pictures before a question, by the released processor."""
    from PIL import Image

    content = [{"type": "image"} for _ in paths] + [{"type": "text", "text": question}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    inputs = processor(text=[text], images=[Image.open(path) for path in paths], return_tensors="pt")
    return {"question": question, **listener.listen(dict(inputs))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--visualquality", "--q-insight", "--template"):
        parser.add_argument(name, type=Path, required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = folders.write_small_files(Path(folder))
        (folder / "chat_template.json").write_text(args.template.read_text())
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig.from_pretrained(folder)).float().eval()
        shapes = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
        model.load_state_dict(folders.weights(shapes))
        processor = AutoProcessor.from_pretrained(folder)
        listener = Listener(model, processor.tokenizer)
        photo, frame = (folders.write_picture(folder, name) for name in ("photo", "frame"))
        found = {
            "transformers": transformers.__version__,
            "keys": shapes,
            "visualquality-r1": record_visualquality(args.visualquality, listener, processor, photo),
            "q-insight": record_q_insight(args.q_insight, listener, processor, photo),
            "frames": record_frames(listener, processor, [frame, photo, frame], "How are these?"),
        }
    folders.GOLDEN_FILE.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
