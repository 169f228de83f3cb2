"""Videos in, clips out: guarded, decoded in a process of their own, sampled by the official rule."""

from vqathinker.video.decode import DecodeCancelled, DecoderCrash, DecodeTimeout
from vqathinker.video.frames import clip_of_frames
from vqathinker.video.load import load_clip, probe
from vqathinker.video.perturb import PERTURBATIONS, disorder
from vqathinker.video.process import Crew
from vqathinker.video.sample import burst_window, frame_indices
from vqathinker.video.spec import Clip, Limits, VideoInfo, VideoSpec

__all__ = [
    "PERTURBATIONS",
    "Clip",
    "Crew",
    "DecodeCancelled",
    "DecodeTimeout",
    "DecoderCrash",
    "Limits",
    "VideoInfo",
    "VideoSpec",
    "burst_window",
    "clip_of_frames",
    "disorder",
    "frame_indices",
    "load_clip",
    "probe",
]
