"""Loading: folders, precisions, and one clear sentence when it cannot be done."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from vqathinker import ModelError
from vqathinker.model.generation import prefill, write
from vqathinker.model.loading import load_model

from .tiny_models import make_clip, make_model, make_processor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint")
    processor = make_processor()
    make_model(processor).save_pretrained(path)
    processor.save_pretrained(path)
    return path


def logits(loaded):
    with torch.inference_mode():
        return loaded.model(**loaded.processor(make_clip())).logits.float()


def test_a_loaded_model_gives_the_logits_of_the_saved_one(folder):
    loaded = load_model(str(folder))
    assert loaded.precision == "fp32"
    batch = loaded.processor(make_clip())
    with torch.inference_mode():
        expected = make_model(loaded.processor)(**batch).logits
    assert torch.allclose(logits(loaded), expected, atol=1e-4)


def test_bf16_stays_close_to_fp32(folder):
    exact, rough = logits(load_model(str(folder))), logits(load_model(str(folder), "bf16"))
    assert torch.corrcoef(torch.stack([exact.flatten(), rough.flatten()]))[0, 1] > 0.99


@pytest.mark.parametrize("precision", ["int8", "nf4"])
def test_a_quantised_model_keeps_its_eyes_precise_and_still_writes(folder, precision):
    loaded = load_model(str(folder), precision)
    assert loaded.precision == precision
    kinds = {type(module).__name__ for module in loaded.model.model.language_model.modules()}
    assert kinds & {"Linear8bitLt", "Linear4bit"}
    assert type(loaded.model.model.multi_modal_projector.linear_1) is torch.nn.Linear
    exact = logits(load_model(str(folder)))
    assert torch.corrcoef(torch.stack([exact.flatten(), logits(loaded).flatten()]))[0, 1] > 0.8
    prompt = prefill(loaded.model, loaded.processor(make_clip()))
    assert write(loaded.model, prompt, max_new_tokens=4, eos_token_id=loaded.eos_token_id)


def test_a_checkpoint_that_lacks_a_weight_is_refused(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    del weights["model.vision_tower.standardise.mean"]
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="does not fit: missing keys model.vision_tower.standardise.mean"):
        load_model(str(broken))


def test_an_unknown_precision_names_the_known_ones(folder):
    with pytest.raises(ModelError, match="unknown precision 'int3'; choose one of auto, fp32, bf16, int8, nf4"):
        load_model(str(folder), "int3")


def test_a_name_that_is_nothing_is_refused(tmp_path):
    for name in ("huge", str(tmp_path)):
        with pytest.raises(ModelError, match="neither bundled"):
            load_model(name)


def test_another_kind_of_model_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelError, match="holds a 'bert' model"):
        load_model(str(tmp_path))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_missing_or_truncated_file_is_one_sentence(folder, tmp_path, name):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / name).write_bytes((broken / name).read_bytes()[:100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(str(broken))
    (broken / name).unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(str(broken))


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for CUDA where there is none")
def test_cuda_without_cuda_is_refused(folder):
    with pytest.raises(ModelError, match="no usable CUDA device"):
        load_model(str(folder), device="cuda")
