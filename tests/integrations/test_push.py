"""`push_to_hub` of model and processor, by the real client against a hub on this machine: what arrives loads again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.upload_hub import taking_uploads
from vqathinker.model.family.load import load_model

PUSH = """
import sys
from transformers import AutoModelForImageTextToText, AutoProcessor
import vqathinker

for kind in (AutoModelForImageTextToText, AutoProcessor):
    kind.from_pretrained(sys.argv[1]).push_to_hub("a/b", token="hf_x")
"""


def test_what_was_pushed_is_a_checkpoint(tmp_path: Path, model, processor):
    model.save_pretrained(tmp_path / "made")
    processor.save_pretrained(tmp_path / "made")
    with taking_uploads() as (address, repository):
        env = os.environ | {"HF_ENDPOINT": address, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-c", PUSH, str(tmp_path / "made")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr
    arrived = tmp_path / "arrived"
    arrived.mkdir()
    for name, content in repository.files.items():
        (arrived / name).write_bytes(content)
    assert {"config.json", "model.safetensors", "processor_config.json", "tokenizer.json"} <= set(repository.files)
    loaded = load_model(str(arrived), "fp32", "cpu")
    assert loaded.processor.frames == processor.frames and loaded.model.config.model_type == "vqathinker"
