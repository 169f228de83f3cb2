"""Our kind of model behind transformers' Auto classes and pipelines, from `import vqathinker` on.

That import must stay quick, and must not import transformers, which takes seconds. So transformers is told of our
classes when somebody imports it, and then of stand-ins only: the first use of one imports the real classes, which take
its place.
"""

from __future__ import annotations

from importlib import import_module

from .when_imported import WhenImported

MODEL_TYPE = "vqathinker"
HUB_TASK = "video-text-to-text"
"""The hub's name for what these models do. transformers has no pipeline of that name."""
AUTO = "transformers.models.auto"


def register_when_imported() -> None:
    """Take care that transformers, once it is imported, knows our model, its processor and the pipeline for videos."""
    actions = {
        f"{AUTO}.configuration_auto": register_config,
        f"{AUTO}.processing_auto": register_processor,
        "transformers.pipelines": register_pipeline,
    }
    WhenImported(actions).watch()


def real(name: str) -> type:
    """One of our classes. They register themselves, all together, as they are imported."""
    homes = ("configuration", "modeling", "processing")
    modules = [import_module(f"...model.{home}", __name__) for home in homes]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


def config_stand_in() -> type:
    from transformers.configuration_utils import PreTrainedConfig

    class VQAThinkerConfig(PreTrainedConfig):
        model_type = MODEL_TYPE

        def __new__(cls, *args, **kwargs):
            return real("VQAThinkerConfig")(*args, **kwargs)

        @classmethod
        def from_dict(cls, config_dict: dict, **kwargs):
            return real("VQAThinkerConfig").from_dict(config_dict, **kwargs)

        @classmethod
        def from_pretrained(cls, folder: str, **kwargs):
            return real("VQAThinkerConfig").from_pretrained(folder, **kwargs)

    return VQAThinkerConfig


def register_config() -> None:
    from transformers.models.auto.configuration_auto import AutoConfig

    AutoConfig.register(MODEL_TYPE, config_stand_in())


def register_processor() -> None:
    """Folders name their processor's class: that is how the stand-in is found."""
    from transformers.models.auto.processing_auto import AutoProcessor

    class VQAThinkerProcessor:
        @classmethod
        def from_pretrained(cls, folder: str, **kwargs):
            return real("VQAThinkerProcessor").from_pretrained(folder, **kwargs)

    AutoProcessor.register(config_stand_in(), VQAThinkerProcessor)


def register_pipeline() -> None:
    from transformers.models.auto.modeling_auto import AutoModelForImageTextToText
    from transformers.pipelines import PIPELINE_REGISTRY

    from .pipeline import VideoTextToTextPipeline

    PIPELINE_REGISTRY.register_pipeline(
        HUB_TASK, VideoTextToTextPipeline, AutoModelForImageTextToText, type="multimodal"
    )
