"""From a name or a folder to a model that is ready to rate, in the precision asked for."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from tokenizers import Tokenizer

from ..environment import on_zero_gpu
from ..errors import ModelError
from ..protocols import DEFAULT_PROTOCOL, PROTOCOLS
from ..scorers import Scorer
from ..video import VideoSpec
from .before import check_objects
from .configuration import VQAThinkerConfig
from .convert import native_weights
from .folders import read_settings
from .mapped import map_weights
from .memory import PRECISIONS, QUANTISED, ModelSizes, other_bytes, out_of_memory, release_memory
from .modeling import VQAThinkerForConditionalGeneration
from .modes import change_mode, find_mode
from .novelty import NoveltyDetector
from .official import load_official, require_tokenizer
from .processing import VQAThinkerProcessor
from .prompts import TURN_END
from .weights import Piece, open_weights

KEPT_PRECISE = [
    "model.vision_tower",
    "model.multi_modal_projector",
    "model.motion_encoder",
    "model.motion_projector",
    "model.color_projector",
    "lm_head",
]
logger = logging.getLogger(__name__)
LOADING_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RuntimeError,
    ImportError,
    MemoryError,
    SafetensorError,
    StrictDataclassError,
)


@dataclass(frozen=True)
class LoadedModel:
    """A model, its processor, and the names under which a rating reports them.

    `note` is a sentence about the precision where it was left to be chosen; `protocol` is one of `PROTOCOLS`. Models of
    other families (model/family) have another class and processor, which are used in the same way. `novelty` tells what
    is unlike all that was learned, where the checkpoint brings that.
    """

    model: VQAThinkerForConditionalGeneration
    processor: VQAThinkerProcessor
    name: str
    precision: str
    note: str = ""
    protocol: str = DEFAULT_PROTOCOL
    shown: ModelSizes | None = None
    novelty: NoveltyDetector | None = None

    @property
    def scorer(self) -> Scorer:
        """Which of the known models it is, or is of the kind of."""
        return self.processor.scorer

    @property
    def sizes(self) -> ModelSizes:
        """What its need of memory is estimated from."""
        return self.shown or self.model.config

    @property
    def video_spec(self) -> VideoSpec:
        """What of a video is looked at, and how it is shown."""
        side = getattr(self.processor, "image_size", 0)  # 0: a family that squashes nothing
        return replace(self.processor.video_spec, protocol=self.protocol, side=side)

    @property
    def eos_token_id(self) -> int:
        return self.processor.tokenizer.convert_tokens_to_ids(TURN_END)


@dataclass(frozen=True)
class Wanted:
    """What is asked for: by what `name`, which known `scorer` that is (None where only its files can tell), and how it
    is loaded. `mode` says how a model of the 8b architecture is shown a video, "inference" (12 frames at 560 for the
    released one) or "training" (6 at 448); without it the stored way, or inference."""

    name: str
    precision: str
    device: torch.device
    mode: str | None = None
    protocol: str = DEFAULT_PROTOCOL
    scorer: Scorer | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What a folder says before its weights are read. `weights` have our keys; `native` says that the folder has them,
    too, so that transformers can read it by itself."""

    folder: Path
    config: VQAThinkerConfig
    processor: VQAThinkerProcessor
    weights: Mapping[str, Piece]
    native: bool = False

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {key: piece.shape for key, piece in self.weights.items()}


def quantisation(precision: str, device: torch.device, kept: Sequence[str] = KEPT_PRECISE):
    """bitsandbytes settings: the language model's linear layers are quantised, everything in `kept` stays precise."""
    if precision not in QUANTISED:
        return None
    from transformers import BitsAndBytesConfig

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it tells of kernels that would have to be downloaded
    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=list(kept))
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
        llm_int8_skip_modules=list(kept),
    )


def open_checkpoint(folder: Path, mode: str | None = None) -> Checkpoint:
    """Settings of a folder in the official layout or in ours, in a mode of `modes.MODES`; None is "inference" for the
    former and the stored one for the latter. Raises ModelError.
    """
    check_objects(folder)
    settings, official = read_settings(folder)
    if official:
        config, processor = load_official(folder, settings, find_mode(mode or "inference"))
        found = native_weights(folder, config)
        if found.ignored:
            logger.info("ignored keys in %s: %s", folder, found.ignored)
        return Checkpoint(folder, config, processor, found.native)
    require_tokenizer(folder)
    weights = open_weights(folder)
    config = VQAThinkerConfig.from_pretrained(folder)
    processor = read_processor(folder)
    refuse_other_sizes(processor, config, folder)
    if mode:
        processor = change_mode(config, processor, mode)
    return Checkpoint(folder, config, processor, weights, native=True)


def read_processor(folder: Path) -> VQAThinkerProcessor:
    """The processor of a folder in our layout. Raises ModelError when tokenizer.json is damaged."""
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises nothing more specific
        raise ModelError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    return VQAThinkerProcessor.from_pretrained(folder, trust_remote_code=False)


def refuse_other_sizes(processor: VQAThinkerProcessor, config: VQAThinkerConfig, folder: Path) -> None:
    """Raises ModelError where the processor would show other clips than the model takes; a missing file of its settings
    counts as that: transformers fills in defaults."""
    motion = config.motion_config
    sizes = {
        "frames": (processor.frames, config.frames),
        "tokens_per_frame": (processor.tokens_per_frame, config.image_seq_length),
        "burst_length": (processor.burst_length, getattr(motion, "burst_length", 0)),
        "burst_size": (processor.burst_size, getattr(motion, "burst_size", processor.burst_size)),
    }
    for name, (shown, taken) in sizes.items():
        if shown != taken:
            raise ModelError(
                f"processor_config.json in {folder} is missing or does not fit the model: "
                f"{name} is {shown}, the model takes {taken}"
            )


def read_weights(checkpoint: Checkpoint, precision: str, device: torch.device) -> VQAThinkerForConditionalGeneration:
    """The model, each tensor placed as it is read. Raises ModelError when weights and configuration do not fit.

    float32 in our layout is mapped into memory; all else is read a tensor at a time, never a whole shard.
    """
    if on_zero_gpu():  # its stand-in for a GPU knows the main thread only
        os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"
    mapped = checkpoint.native and precision == "fp32"
    if mapped and device.type == "cpu":
        model, report = map_weights(checkpoint.folder, checkpoint.config, checkpoint.shapes)
        refuse_misfits(report, checkpoint.folder)
        return model.eval()
    rough = other_bytes(precision, device) == 2
    model, report = VQAThinkerForConditionalGeneration.from_pretrained(
        checkpoint.folder if mapped else None,
        config=checkpoint.config,
        state_dict=None if mapped else checkpoint.weights,
        dtype=torch.bfloat16 if rough else torch.float32,
        quantization_config=quantisation(precision, device),
        device_map={"": device},
        ignore_mismatched_sizes=True,  # they are refused below, by name
        output_loading_info=True,
        trust_remote_code=False,
    )
    refuse_misfits(report, checkpoint.folder)
    return model.eval()


def refuse_misfits(report: dict, folder: Path) -> None:
    """Raises ModelError when transformers' report of a loading names keys: missing, unexpected or of another size."""
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if keys := sorted(key if isinstance(key, str) else key[0] for key in report[problem]):
            named = f"{problem.replace('_', ' ')} {', '.join(keys[:4])}"
            raise ModelError(f"the checkpoint in {folder} does not fit: {named}")


def loaded_quietly(folder: Path, precision: str, load: Callable[[Callable[[str], None]], LoadedModel]) -> LoadedModel:
    """What `load` makes of a folder; whatever goes wrong becomes a ModelError with one sentence, and the messages of
    transformers meanwhile are not shown. `load` tells the precision that was chosen to what it is given."""
    failure, chosen = None, [precision]
    with collected_log() as log:
        try:
            return load(chosen.append)
        except ModelError as error:
            failure = str(error)
        except LOADING_ERRORS as error:
            failure = explain(error, "\n".join(log), folder, chosen[-1])
    release_memory()  # here, where no traceback holds on to a half-loaded model any more
    raise ModelError(failure)


def check_protocol(protocol: str) -> None:
    """Raises ModelError for a protocol that there is not."""
    if protocol not in PROTOCOLS:
        raise ModelError(f"unknown protocol {protocol!r}; choose {' or '.join(PROTOCOLS)}")


def find_device(device: str | None) -> torch.device:
    """The device asked for, or the GPU where there is one. Raises ModelError when this machine does not have it."""
    try:
        target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError:
        raise ModelError(f"{device!r} is no device; choose cpu, cuda, or one GPU such as cuda:1") from None
    if target.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("CUDA was asked for, but this machine has no usable CUDA device; choose cpu")
    if target.type == "cuda" and (target.index or 0) >= (count := torch.cuda.device_count()):
        raise ModelError(f"{device} was asked for, but this machine has {count} CUDA device(s), counted from 0")
    return target


@contextlib.contextmanager
def collected_log() -> Iterator[list[str]]:
    """The messages of transformers while it loads, which are long tables, as a list instead of on stderr."""
    library, messages = logging.getLogger("transformers"), []
    collector = logging.Handler()
    collector.emit = lambda record: messages.append(record.getMessage())
    handlers, level = library.handlers, library.level
    library.handlers = [collector]
    library.setLevel(logging.WARNING)
    try:
        yield messages
    finally:
        library.handlers = handlers
        library.setLevel(level)


def explain(error: Exception, log: str, folder: Path, precision: str) -> str:
    """The sentence for a load that failed. While it quantises, transformers only logs that memory ran out."""
    if out_of_memory(error) or out_of_memory(RuntimeError(log)):
        lower = PRECISIONS[PRECISIONS.index(precision) + 1 :] if precision in PRECISIONS else ()
        instead = f"choose {' or '.join(lower)}" if lower else "free some memory, or take a smaller model"
        return f"memory ran out while {folder} was loaded in {precision}; {instead}"
    return f"the checkpoint in {folder} cannot be loaded: {' '.join(str(error).split())}"
