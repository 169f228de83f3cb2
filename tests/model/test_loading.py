"""Loading: folders, precisions, and one clear sentence when it cannot be done."""

import gc
import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from vqathinker import ModelError
from vqathinker.model.family.load import load_model
from vqathinker.model.generation import prefill, write
from vqathinker.model.memory import weight_bytes
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.weights import open_weights

from .tiny_models import make_clip, make_config, make_model, make_processor


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


@pytest.mark.parametrize(("problem", "size"), [("missing", None), ("mismatched", 3)])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_weight_that_is_missing_or_of_another_size_is_named(folder, tmp_path, problem, size, precision):
    broken, name = shutil.copytree(folder, tmp_path / "broken"), "model.vision_tower.standardise.mean"
    weights = load_file(broken / "model.safetensors")
    del weights[name]
    weights |= {} if size is None else {name: torch.zeros(size)}
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=f"does not fit: {problem} keys {name}$"):
        load_model(str(broken), precision)


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


@pytest.mark.parametrize(
    ("name", "cut", "gone"),
    [
        ("model.safetensors", "model.safetensors is truncated or damaged", "holds no weights"),
        ("tokenizer.json", "tokenizer.json is damaged: ", "holds no tokenizer: neither tokenizer.json nor vocab.json"),
        ("config.json", "config.json is damaged: ", "no model .* nor a folder with a config.json"),
    ],
)
def test_a_missing_or_truncated_file_is_one_sentence(folder, tmp_path, name, cut, gone):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / name).write_bytes((broken / name).read_bytes()[:-100])
    with pytest.raises(ModelError, match=cut):
        load_model(str(broken))
    (broken / name).unlink()
    with pytest.raises(ModelError, match=gone):
        load_model(str(broken))


@pytest.mark.parametrize("model", [None, {"type": "BPE", "vocab": {"a": 0}, "merges": [["b", "c"]]}])
def test_a_tokenizer_that_is_json_but_makes_no_sense_is_named(folder, tmp_path, model):
    broken = shutil.copytree(folder, tmp_path / "broken")
    tokenizer = json.loads((broken / "tokenizer.json").read_text()) | {"model": model}
    (broken / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ModelError, match=r"broken/tokenizer\.json is damaged: "):
        load_model(str(broken))


@pytest.mark.parametrize("name", ["config.json", "processor_config.json", "tokenizer_config.json", "tokenizer.json"])
def test_a_list_in_the_place_of_an_object_is_named(folder, tmp_path, name):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_text("[]")
    with pytest.raises(ModelError, match=f"{name} is damaged: it holds a list in the place of an object"):
        load_model(str(copy))


@pytest.mark.parametrize("calibration", [{"factor": 1.0}, {"factor": -1, "floor": 0.1}, {"factor": "1", "floor": 0.1}])
def test_a_calibration_that_makes_no_sense_is_told_before_the_first_rating(folder, tmp_path, calibration):
    copy = shutil.copytree(folder, tmp_path / "copy")
    settings = json.loads((copy / "config.json").read_text()) | {"calibration": calibration}
    (copy / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="calibration holds a factor and a floor"):
        load_model(str(copy))


def test_code_in_a_checkpoint_is_not_run_whatever_is_answered(folder, tmp_path, monkeypatch):
    copy, ran = shutil.copytree(folder, tmp_path / "copy"), tmp_path / "ran"
    (copy / "evil.py").write_text(
        "from transformers import PreTrainedTokenizerFast\n"
        f"open({str(ran)!r}, 'w').close()\n"
        "class Evil(PreTrainedTokenizerFast): pass\n"
    )
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings |= {"auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}, "tokenizer_class": "Evil"}
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    try:
        load_model(str(copy))
    except ModelError as error:
        assert "\n" not in str(error)
    assert not ran.exists()


def test_a_processor_of_another_model_is_named(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "processor_config.json").unlink()
    with pytest.raises(ModelError, match="processor_config.json in .* is missing or does not fit the model: "):
        load_model(str(broken))


def test_two_sets_of_weights_are_refused(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    with pytest.raises(ModelError, match="holds two sets of weights"):
        load_model(str(broken))


def models_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, VQAThinkerForConditionalGeneration) for thing in gc.get_objects())


def test_nothing_half_loaded_stays_in_memory(folder, tmp_path, capfd):
    before = models_alive()
    broken = shutil.copytree(folder, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.language_model.layers.1.mlp.up_proj.weight"] = torch.zeros(3, 3)
    del weights["model.vision_tower.standardise.mean"]
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    for precision in ("fp32", "bf16"):
        with pytest.raises(ModelError) as refused:
            load_model(str(broken), precision)
        assert models_alive() == before
        assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for CUDA where there is none")
def test_cuda_without_cuda_is_refused(folder):
    with pytest.raises(ModelError, match="no usable CUDA device; choose cpu"):
        load_model(str(folder), device="cuda")
    with pytest.raises(ModelError, match="'gpu' is no device; choose cpu, cuda"):
        load_model(str(folder), device="gpu")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model that is nearly all language model, in small shards."""
    path, processor = tmp_path_factory.mktemp("wide"), make_processor()
    config = make_config(processor)
    sizes = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 7, "num_attention_heads": 8}
    for name, size in sizes.items():
        setattr(config.text_config, name, size)
    config.text_config.layer_types = ["full_attention"] * 7
    VQAThinkerForConditionalGeneration(config).save_pretrained(path, max_shard_size="10MB")
    processor.save_pretrained(path)
    return path


ALONE = """
import gc, json, resource, sys
from vqathinker import ModelError
from vqathinker.model.family import load

def field(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))

def grown(precision):
    load.load_model("tiny", precision)  # what is imported late is imported now
    gc.collect()
    before = field("VmRSS")
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    kept = load.load_model(sys.argv[1], precision)
    return {"peak": field("VmHWM") - before, "kept": field("VmRSS") - before}

def short_of_memory():
    gc.collect()
    before = field("VmRSS")
    resource.setrlimit(resource.RLIMIT_AS, (field("VmSize") + 8_000_000, resource.RLIM_INFINITY))
    try:
        load.load_model(sys.argv[1], "int8")
    except ModelError as error:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return {"said": str(error), "left": field("VmRSS") - before}

print(json.dumps({"nf4": grown("nf4"), "int8": grown("int8"), "bf16": grown("bf16"), "short": short_of_memory()}))
"""


@pytest.fixture(scope="module")
def measured(wide):
    """In a process of its own, where malloc gives every freed tensor back, as it does at once with those of 8b."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    quiet["MALLOC_MMAP_THRESHOLD_"] = "65536"
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(wide)], capture_output=True, text=True, check=True, env=quiet
    )
    return json.loads(done.stdout)


needs_peak = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's record of peak memory"
)


@needs_peak
@pytest.mark.parametrize("precision", ["bf16", "int8", "nf4"])
def test_a_load_takes_the_model_and_less_than_one_shard(measured, wide, precision):
    files = list(wide.glob("*.safetensors"))
    shapes = load_shapes(wide)
    model = weight_bytes(shapes, precision, torch.device("cpu"))
    shard = max(file.stat().st_size for file in files)
    assert len(files) > 8 and sum(file.stat().st_size for file in files) > 95_000_000
    assert measured[precision]["peak"] < 1.1 * model + shard + 4_000_000


@needs_peak
def test_too_little_memory_while_loading_is_one_sentence_and_leaves_nothing(measured):
    assert "memory ran out while" in measured["short"]["said"]
    assert measured["short"]["said"].endswith("was loaded in int8; choose nf4")
    assert measured["short"]["left"] < 15_000_000


def load_shapes(folder):
    return {key: piece.shape for key, piece in open_weights(folder).items()}
