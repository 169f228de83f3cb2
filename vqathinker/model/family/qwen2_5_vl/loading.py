"""From a folder as its authors released it to a scorer that is ready to rate, in transformers' own class."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from ....errors import ModelError
from ....scorers import SCORERS, Scorer
from ...before import check_disk, check_objects, read_object
from ...convert import name_misfits
from ...loading import LOADING_ERRORS, LoadedModel, Wanted, quantisation, refuse_misfits
from ...memory import Measured, choose_precision, other_bytes
from ...official import require_tokenizer
from ...weights import INDEX, shard_names
from .processing import CELL, MOST_PIXELS, QwenScorerProcessor
from .prompts import QWEN_TOKENS

KINDS = (Qwen2_5_VLConfig.model_type,)
QWEN_KEPT_PRECISE = ["model.visual", "lm_head"]
PICTURES = ("preprocessor_config.json", "processor_config.json")
"""Either says how pictures are cut: the former as released, the latter as transformers 5 saves it."""
NAMED = " or ".join(f"{one.name}@FOLDER" for one in SCORERS.values() if one.kind in KINDS)


@dataclass(frozen=True)
class QwenSizes:
    """What memory.py asks of a configuration, for the largest picture that is shown, or all frames of a video."""

    config: Qwen2_5_VLConfig
    frames: int = 1

    @property
    def text_config(self):
        return self.config.text_config

    @property
    def vision_config(self):
        return self.config.vision_config

    @property
    def image_seq_length(self) -> int:
        return MOST_PIXELS // CELL**2

    video_seq_length = image_seq_length


@dataclass(frozen=True)
class FolderSettings:
    """What the small files of a folder say."""

    config: Qwen2_5_VLConfig
    processor: QwenScorerProcessor
    shapes: dict[str, tuple[int, ...]]


def check(folder: Path, wanted: Wanted) -> None:
    """See `Family` in load.py."""
    settings = open_settings(folder, wanted)
    choose_precision(wanted.precision, settings.shapes, QwenSizes(settings.config), wanted.device)
    if (folder / INDEX).is_file():
        index = read_object(folder / INDEX)
        if not isinstance(index.get("weight_map"), dict):
            raise ModelError(f"{folder / INDEX} is no index of shards: it has no weight_map")
        names = [native_name(key) for key in index["weight_map"]]
        if problem := name_misfits(settings.shapes, names, tied=settings.config.tie_word_embeddings):
            raise ModelError(f"{folder / INDEX} does not fit the configuration: {problem}")
        check_disk(folder, index)


def measure(folder: Path, wanted: Wanted) -> Measured:
    """See `Family` in load.py."""
    settings = open_settings(folder, wanted)
    return Measured(settings.shapes, QwenSizes(settings.config))


def load(folder: Path, wanted: Wanted, tell: Callable[[str], None]) -> LoadedModel:
    """See `Family` in load.py. Weights are read a tensor at a time."""
    settings, device = open_settings(folder, wanted), wanted.device
    shard_names(folder)
    chosen, note = choose_precision(wanted.precision, settings.shapes, QwenSizes(settings.config), device)
    tell(chosen)
    model, report = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        folder,
        config=settings.config,
        dtype=torch.bfloat16 if other_bytes(chosen, device) == 2 else torch.float32,
        quantization_config=quantisation(chosen, device, QWEN_KEPT_PRECISE),
        device_map={"": device},
        ignore_mismatched_sizes=True,  # they are refused below, by name
        output_loading_info=True,
        trust_remote_code=False,
    )
    refuse_misfits(report, folder)
    sizes = QwenSizes(settings.config)
    return LoadedModel(model.eval(), settings.processor, wanted.name, chosen, note, wanted.protocol, sizes)


def open_settings(folder: Path, wanted: Wanted) -> FolderSettings:
    """What a folder says before its weights are read. Raises ModelError."""
    scorer = wanted.scorer
    if scorer is None or scorer.kind not in KINDS:
        asked = "which scorer it is does not stand in it" if scorer is None else f"{scorer.name} is no such model"
        raise ModelError(f"{folder} holds a Qwen2.5-VL model, and {asked}: say {NAMED}")
    if wanted.mode is not None:
        raise ModelError(f"{scorer.name} has one way to see a video, it cannot be set to {wanted.mode}")
    check_objects(folder)
    require_tokenizer(folder)
    if not any((folder / name).is_file() for name in PICTURES):
        raise ModelError(f"{folder} lacks preprocessor_config.json, which says how pictures are cut for the model")
    try:
        config = Qwen2_5_VLConfig.from_pretrained(folder)
        with torch.device("meta"):
            model = Qwen2_5_VLForConditionalGeneration(config)
    except LOADING_ERRORS as error:
        raise ModelError(f"{folder / 'config.json'} describes no model: {one_line(error)}") from None
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    return FolderSettings(config, open_processor(folder, scorer, config), shapes)


def open_processor(folder: Path, scorer: Scorer, config: Qwen2_5_VLConfig) -> QwenScorerProcessor:
    """Tokenizer and picture settings of a folder. Raises ModelError where one is damaged, or does not fit the model."""
    try:
        if (folder / "tokenizer.json").is_file():
            Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer = Qwen2Tokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the tokenizers library raises bare Exception for a damaged file
        raise ModelError(f"the tokenizer in {folder} cannot be read: {one_line(error)}") from None
    known = tokenizer.get_vocab()
    if absent := [token for token in QWEN_TOKENS if token not in known]:
        raise ModelError(f"the tokenizer in {folder} does not know {', '.join(absent)}")
    try:
        pictures = Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True)
    except LOADING_ERRORS as error:
        raise ModelError(f"the picture settings in {folder} cannot be read: {one_line(error)}") from None
    processor, vision = QwenScorerProcessor(tokenizer, pictures, scorer), config.vision_config
    sizes = {
        "patch_size": (pictures.patch_size, vision.patch_size),
        "merge_size": (pictures.merge_size, vision.spatial_merge_size),
        "temporal_patch_size": (pictures.temporal_patch_size, vision.temporal_patch_size),
        "the placeholder": (processor.image_token_id, config.image_token_id),
    }
    for what, (shown, taken) in sizes.items():
        if shown != taken:
            raise ModelError(
                f"the processor in {folder} does not fit the model: {what} is {shown}, the model takes {taken}"
            )
    return processor


def one_line(error: Exception, most: int = 200) -> str:
    """What a library says of an error, on one line; some say all that they were given, too."""
    return textwrap.shorten(str(error), most, placeholder=" …")


def native_name(key: str) -> str:
    """transformers' name of a tensor, as it is named in checkpoints of Qwen2.5-VL, old or new."""
    if key.startswith(("model.visual.", "model.language_model.", "lm_head.")):
        return key
    return "model." + key if key.startswith("visual.") else key.replace("model.", "model.language_model.", 1)
