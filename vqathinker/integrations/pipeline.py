"""transformers' pipeline for videos: a file in, the answer and all that is known of it out."""

from __future__ import annotations

from pathlib import Path

from transformers.pipelines.base import Pipeline


class VideoTextToTextPipeline(Pipeline):
    """`pipeline("video-text-to-text", model=FOLDER)("clip.mp4")` -> `[{"generated_text": …, "score": …, …}]`.

    The rest of the dict is `Rating.to_dict()`. `rollouts` more answers are sampled with `seed`; both may be given to
    the pipeline or to a call. Videos go one at a time: `Rater.rate_many` is quicker with many. Raises VideoError for a
    file that cannot be rated.
    """

    _load_processor = True
    _load_tokenizer = _load_image_processor = _load_video_processor = _load_feature_extractor = False

    def __init__(self, **kwargs) -> None:
        from ..model.loading import LoadedModel
        from ..rating import Rater

        super().__init__(**kwargs)
        name = Path(self.model.name_or_path).name
        self.loaded = LoadedModel(self.model, self.processor, name, precision_of(self.model))
        self.rater = Rater(self.loaded, self.processor.max_new_tokens)

    def _sanitize_parameters(self, rollouts: int | None = None, seed: int | None = None, **unknown):
        if unknown:
            raise TypeError(f"{type(self).__name__} takes rollouts and seed, not {', '.join(unknown)}")
        given = {"rollouts": rollouts, "seed": seed}
        return {}, {name: value for name, value in given.items() if value is not None}, {}

    def preprocess(self, video: str | Path) -> dict:
        return {"video": str(video)}

    def _forward(self, inputs: dict, rollouts: int = 0, seed: int = 0) -> dict:
        return {"rating": self.rater.rate(inputs["video"], rollouts, seed)}

    def postprocess(self, outputs: dict) -> list[dict]:
        told = outputs["rating"].to_dict()
        return [{"generated_text": told.pop("text"), **told}]


def precision_of(model) -> str:
    """What `load_rater` calls the numbers that a model computes in.

    >>> import torch
    >>> precision_of(torch.nn.ParameterDict({"a": torch.zeros(1)}))
    'fp32'
    """
    import torch

    kinds = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
    if quantised := getattr(getattr(model, "config", None), "quantization_config", None):
        return "int8" if getattr(quantised, "load_in_8bit", False) else "nf4"
    return kinds.get(next(model.parameters()).dtype, "mixed")
