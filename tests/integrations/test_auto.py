"""transformers finds our model by its Auto classes and in its pipeline, whoever is imported first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, pipeline

import vqathinker
from tests.raters import tiny
from vqathinker.errors import VideoError
from vqathinker.integrations.pipeline import precision_of
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.video import load_clip

ROOT = Path(vqathinker.__file__).parent.parent
FOLDER = str(ROOT / "vqathinker" / "checkpoints" / "tiny")
LOAD = f"""
from transformers import AutoConfig, AutoProcessor
print(type(AutoProcessor.from_pretrained({FOLDER!r})).__module__)
print(type(AutoConfig.from_pretrained({FOLDER!r})).__module__)
print(type(AutoConfig.for_model("vqathinker", frames=3)).__module__)
"""
QUICK = "import vqathinker, sys; print({'torch', 'transformers', 'numpy'} & set(sys.modules))"


@pytest.fixture(scope="module")
def watched():
    return pipeline("video-text-to-text", model=FOLDER, device="cpu")


@pytest.mark.parametrize("first", [QUICK, "import transformers.models.auto, vqathinker; print(set())"])
def test_the_classes_are_found_in_a_fresh_process_and_the_import_alone_loads_nothing(first: str):
    command = [sys.executable, "-c", first + LOAD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)
    ours = [f"vqathinker.model.{name}" for name in ("processing", "configuration", "configuration")]
    assert done.stdout.split() == ["set()", *ours], done.stderr


def test_a_folder_is_loaded_and_writes_what_the_rater_reads(clip):
    model = AutoModelForImageTextToText.from_pretrained(FOLDER).eval()
    processor = AutoProcessor.from_pretrained(FOLDER)
    assert isinstance(model, VQAThinkerForConditionalGeneration)
    inputs = processor(clip("plain.mp4"))
    written = model.generate(**inputs, do_sample=False, max_new_tokens=processor.max_new_tokens)
    [text] = processor.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    rating = tiny().rate(clip("plain.mp4"))
    assert text.endswith(f"<answer>{rating.greedy:.2f}</answer>")
    assert text.split("clip")[0] == rating.text.split("clip")[0]


def test_the_processor_takes_paths_and_clips_alike(clip):
    processor = AutoProcessor.from_pretrained(FOLDER)
    shown = load_clip(clip("plain.mp4"), processor.video_spec)
    one, two = processor([clip("plain.mp4"), shown])["pixel_values"]
    assert torch.equal(one, two)
    with pytest.raises(VideoError):
        processor("nowhere.mp4")


def test_a_saved_model_is_loaded_again(tmp_path, model, processor):
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).frames == processor.frames
    assert type(AutoProcessor.from_pretrained(tmp_path)) is type(processor)
    assert all(torch.equal(new, old) for new, old in zip(again.parameters(), model.parameters(), strict=True))


def test_the_pipeline_says_what_the_rater_says(watched, clip):
    [told] = watched(str(clip("plain.mp4")), rollouts=2, seed=3)
    rating = tiny().rate(clip("plain.mp4"), rollouts=2, seed=3).to_dict()
    assert told["generated_text"] == rating["text"]
    assert {name: told[name] for name in ("score", "defects", "rollouts", "precision", "model")} == {
        name: rating[name] for name in ("score", "defects", "rollouts", "precision", "model")
    }


def test_the_pipeline_takes_several_files_and_refuses_what_it_does_not_know(watched, clip):
    both = watched([clip("plain.mp4"), clip("plain.mp4")])
    assert len(both) == 2 and both[0][0]["score"] == both[1][0]["score"]
    with pytest.raises(VideoError):
        watched("nowhere.mp4")
    with pytest.raises(TypeError, match="takes rollouts and seed, not max_new_tokens"):
        watched(clip("plain.mp4"), max_new_tokens=3)


def test_the_precision_is_named_as_everywhere_else():
    assert precision_of(torch.nn.Linear(1, 1).bfloat16()) == "bf16"
