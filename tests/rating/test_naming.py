"""How probable it was that a model names a defect."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests import raters
from tests.model.tiny_models import make_clip, make_model, make_processor
from vqathinker.model.generation import prefill, write
from vqathinker.model.loading import LoadedModel
from vqathinker.rating.defects import DEFECTS, SENTENCES, SEVERITIES, defect_sentence, parse_defects
from vqathinker.rating.naming import Namer, sentence_ends
from vqathinker.rating.words import JUDGEMENTS, voice_of
from vqathinker.video import load_clip

EXAMPLES = Path(__file__).parents[2] / "examples"
VOICES = range(len(SENTENCES))


@pytest.fixture(scope="module")
def namer():
    processor = make_processor()
    return Namer(LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32"))


@pytest.fixture(scope="module")
def prompt(namer):
    return prefill(namer.loaded.model, namer.loaded.processor(make_clip()))


def ids(namer, text: str) -> list[int]:
    return namer.loaded.processor.tokenizer(text, add_special_tokens=False)["input_ids"]


def text_of(voice: int, *defects: tuple[str, str]) -> str:
    named = "".join(f" {defect_sentence(*defect, voice)}." for defect in defects)
    judgement = JUDGEMENTS[voice].format(thing="clip", word="fair")
    return f"<think>It is dim.{named} {judgement}</think><answer>3.00</answer>"


@pytest.mark.parametrize("voice", VOICES)
def test_every_sentence_that_names_a_defect_has_an_opening_of_that_defect_alone(namer, voice):
    for name in DEFECTS:
        for severity in SEVERITIES:
            sentence = ids(namer, " " + defect_sentence(name, severity, voice))
            begun = {of for of, opening in namer.openings[voice] if tuple(sentence[: len(opening)]) == opening}
            assert begun == {name}
            [defect] = parse_defects(defect_sentence(name, severity, voice) + ".")
            assert (defect.name, defect.severity) == (name, severity)


def test_the_probability_is_that_of_the_words_one_after_the_other():
    """The bundled model against plain forwards, an opening at a time, after each sentence that it wrote."""
    loaded = raters.tiny().loaded
    namer, path = Namer(loaded), EXAMPLES / "blossom-blurred.mp4"
    prompt = prefill(loaded.model, loaded.processor(load_clip(path, loaded.video_spec)))
    [tokens] = write(loaded.model, prompt, max_new_tokens=160, eos_token_id=loaded.eos_token_id)
    text = loaded.processor.tokenizer.decode(tokens, skip_special_tokens=True)
    places = sentence_ends(loaded.processor.tokenizer.batch_decode([[token] for token in tokens]))
    absent = dict.fromkeys(DEFECTS, 1.0)
    for place in places:
        for name in DEFECTS:
            openings = [opening for of, opening in namer.openings[voice_of(text)] if of == name]
            absent[name] *= 1 - sum(plain(namer, prompt, tokens[:place], opening) for opening in openings)
    told = namer(prompt, tokens, [1.0] * len(tokens))
    assert told == pytest.approx({name: 1 - value for name, value in absent.items()}, abs=1e-4)
    named = {defect.name for defect in parse_defects(text)}
    assert named and min(told[name] for name in named) > max(told[name] for name in set(DEFECTS) - named)


@torch.inference_mode()
def plain(namer, prompt, before: list[int], opening: tuple[int, ...]) -> float:
    probability, (current, cache) = 1.0, prompt.rows(1)
    written = torch.cat([current[:, -1:], torch.tensor([[*before, *opening]])], 1)
    logits = namer.loaded.model(input_ids=written, past_key_values=cache, use_cache=True).logits[0].float()
    for k, token in enumerate(opening):
        probability *= float(logits[len(before) + k].softmax(-1)[token])
    return probability


def test_of_a_model_with_other_sentences_only_what_it_wrote_is_known(namer, prompt):
    tokens = ids(namer, "<think>There is slight blur.</think><answer>3.00</answer>")
    sure = [0.5] * len(tokens)
    assert voice_of("There is slight blur.") is None
    assert namer(prompt, tokens, sure) == {"blur": 0.5}


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_is_known_by_its_judgement(voice):
    assert voice_of(text_of(voice)) == voice
