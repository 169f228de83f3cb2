"""Many videos at once: the answers that each gets alone, in whatever company, and with whatever memory there is."""

from __future__ import annotations

import threading

import pytest
import torch

from vqathinker import ModelError
from vqathinker.model.generation import prefill, write
from vqathinker.model.scores import AnswerPrefix, score_tables
from vqathinker.model.serving import Later, Server, serve
from vqathinker.model.slots import Slots, common_prefix, prefill_rows

from .conftest import LENGTHS

VIDEOS = len(LENGTHS)


class Trickle:
    """A source that has `at_once` requests ready whenever it is asked."""

    def __init__(self, requests, at_once: int = 100):
        self.left, self.at_once = list(requests), at_once

    @property
    def open(self) -> bool:
        return bool(self.left)

    def take(self, count: int, wait: bool):
        taken, self.left = self.left[: min(count, self.at_once)], self.left[min(count, self.at_once) :]
        return taken


def written(row, prompt):
    return row.tokens


def serve_all(model, processor, requests, batch, at_once=100, conclude=written, **options):
    end = processor.tokenizer.eos_token_id
    served = serve(model, Trickle(requests, at_once), conclude, batch=batch, eos_token_id=end, **options)
    return dict(served)


def without_end(tokens, processor):
    end = processor.tokenizer.eos_token_id
    return tokens[: tokens.index(end)] if end in tokens else tokens


@pytest.mark.parametrize(("batch", "at_once"), [(1, 1), (3, 100), (3, 1), (16, 2), (16, 100)])
def test_answers_are_those_that_are_written_alone(model, processor, requests, alone, batch, at_once):
    served = serve_all(model, processor, requests, batch, at_once)
    assert [without_end(served[key], processor) for key in range(VIDEOS)] == alone
    assert len({tuple(tokens) for tokens in alone}) == VIDEOS


def test_short_answers_end_first_and_others_take_their_place(model, processor, requests):
    order = list(serve_all(model, processor, requests, batch=3))
    assert order.index(1) < order.index(0) < order.index(2)
    assert set(order) == set(range(VIDEOS))


def test_a_finished_row_hands_on_its_prompt_unchanged(model, processor, requests):
    digits, point = processor.tokenizer.convert_tokens_to_ids(list("0123456789")), 9

    def table(row, prompt):
        assert prompt.input_ids[0].tolist() == list(row.request.input_ids)
        assert row.began <= row.encoded <= row.first_token
        return score_tables(model, prompt, [AnswerPrefix((5, 6, 7))], digits, point)[0].probabilities

    served = serve_all(model, processor, requests, batch=4, conclude=table)
    for key in (0, 2, 4):
        request = requests[key]
        prompt = prefill(model, {"input_ids": torch.tensor([request.input_ids]), **request.video})
        expected = score_tables(model, prompt, [AnswerPrefix((5, 6, 7))], digits, point)[0].probabilities
        torch.testing.assert_close(served[key], expected, atol=1e-5, rtol=1e-3)


def test_copies_of_a_finished_row_hold_nothing_of_the_other_rows(model, processor, requests):
    def held(row, prompt):
        _, cache = prompt.rows(1)
        tensors = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
        assert all(tensor.shape[0] == 1 and tensor.shape[2] == len(row.request.input_ids) - 1 for tensor in tensors)
        return [tensor.untyped_storage().nbytes() - tensor.nbytes for tensor in tensors]

    for surplus in serve_all(model, processor, requests, batch=4, conclude=held).values():
        assert not any(surplus)


def padded_positions(prefilled, row, keys):
    pad = prefilled.pads[row]
    return torch.cat([keys[row, :, : prefilled.shared], keys[row, :, prefilled.shared + pad :]], dim=-2)


@pytest.mark.parametrize("share_from", [0.0, 2.0])
def test_a_padded_prefill_is_that_of_each_row(model, requests, share_from):
    chosen = requests[:3]
    rows = [request.input_ids for request in chosen]
    with torch.inference_mode():
        features = torch.cat([model.model.encode_video(**request.video) for request in chosen])
    together = prefill_rows(model, rows, features, share_from=share_from)
    assert (together.shared > 0) == (share_from == 0) and len(set(together.pads)) > 1
    for place, request in enumerate(chosen):
        single = prefill(model, {"input_ids": torch.tensor([request.input_ids]), **request.video})
        for layer, expected in zip(together.cache.layers, single.cache.layers, strict=True):
            got = padded_positions(together, place, layer.values)
            torch.testing.assert_close(got, expected.values[0], atol=1e-4, rtol=1e-3)


def test_a_prefix_ends_before_the_first_frame_and_before_the_last_token():
    assert common_prefix([[1, 2, 3, 9, 4], [1, 2, 3, 9, 5]], stop=9) == 3
    assert common_prefix([[1, 2, 3], [1, 2, 3]], stop=9) == 2
    assert common_prefix([[1, 2, 3], [1, 4, 3, 5]], stop=9) == 1


def first_linear(model) -> torch.nn.Module:
    """What every pass of the language model goes through first, `token_step` too, with rows (B, …)."""
    return model.model.language_model.layers[0].self_attn.q_proj


class Scarce:
    """Lets the language model run out of memory as soon as more than `rows` rows go through it."""

    def __init__(self, model, rows: int, error: Exception):
        self.rows, self.error, self.times = rows, error, 0
        self.hook = first_linear(model).register_forward_pre_hook(self.check)

    def check(self, module, args):
        if len(args[0]) > self.rows:
            self.times += 1
            raise self.error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hook.remove()


CUDA_SAYS = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
CPU_SAYS = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8589934592 bytes.")


@pytest.mark.parametrize("error", [CUDA_SAYS, CPU_SAYS, MemoryError()])
def test_a_batch_that_is_too_large_is_halved_and_says_so(model, processor, requests, alone, error):
    said = []
    with Scarce(model, 2, error) as scarce:
        served = serve_all(model, processor, requests, batch=6, report=said.append)
    assert [without_end(served[key], processor) for key in range(VIDEOS)] == alone
    assert scarce.times == len(said) == 2
    assert said[0] == "memory ran out with 6 videos at a time; going on with 3"
    assert said[1] == "memory ran out with 3 videos at a time; going on with 1"


def test_not_even_one_video_is_a_clear_sentence(model, processor, requests):
    with (
        Scarce(model, 0, CUDA_SAYS),
        pytest.raises(ModelError, match="even one video at a time; choose a lower precision"),
    ):
        serve_all(model, processor, requests, batch=4)


def test_another_failure_is_not_taken_for_little_memory(model, processor, requests):
    with Scarce(model, 0, RuntimeError("shapes do not fit")), pytest.raises(RuntimeError, match="shapes do not fit"):
        serve_all(model, processor, requests, batch=4)


def test_what_was_finished_before_memory_ran_out_is_not_done_again(model, processor, requests):
    concluded = []

    def note(row, prompt):
        concluded.append(row.request.key)
        if len(concluded) == 3:
            raise CUDA_SAYS
        return row.tokens

    served = serve_all(model, processor, requests, batch=4, conclude=note)
    assert set(served) == set(range(VIDEOS))
    assert len(concluded) == VIDEOS + 1


def test_the_turn_is_held_while_the_model_works_and_free_in_between(model, processor, requests):
    turn, held = threading.Lock(), []

    def look(row, prompt):
        held.append(turn.locked())

    end = processor.tokenizer.eos_token_id
    for _ in serve(model, Trickle(requests), look, batch=2, eos_token_id=end, turn=turn):
        assert not turn.locked()
    assert held == [True] * VIDEOS


def test_rows_grow_past_their_room(model, processor, requests, monkeypatch):
    monkeypatch.setattr("vqathinker.model.slots.ROOM", 2)
    slots, request = Slots(2), requests[0]
    with torch.inference_mode():
        features = model.model.encode_video(**request.video)
    slots.add(prefill_rows(model, [request.input_ids], features))
    tokens, last = [], request.input_ids[-1]
    for _ in range(12):
        logits = slots.step(model, torch.tensor([last]))
        logits = logits.clone()
        logits[:, model.config.image_token_id] = -torch.inf
        last = int(logits.argmax())
        tokens.append(last)
    prompt = prefill(model, {"input_ids": torch.tensor([request.input_ids]), **request.video})
    assert tokens == write(model, prompt, max_new_tokens=12, eos_token_id=-1)[0]


def counting(steps: int, began: list, error: Exception | None = None):
    """What is done about a row in so many steps of the model; `began` tells when the first one was taken."""

    def go_on(row):
        began.append(row.request.key)
        for step in range(steps):
            if error and step == 1 and len(began) == 2:
                raise error
            yield
        return row.tokens

    return lambda row, prompt: Later(go_on(row))


def test_what_is_still_done_about_a_row_holds_up_no_other(model, processor, requests, alone):
    """The longest of three conclusions is not waited for: rows that end meanwhile are told before it."""
    began, short, long = [], counting(1, []), counting(200, [])

    def conclude(row, prompt):
        began.append(row.request.key)
        return (long if row.request.key == 1 else short)(row, prompt)

    order = list(serve_all(model, processor, requests, batch=3, conclude=conclude))
    assert began[0] == 1 and order[-1] == 1 and set(order) == set(range(VIDEOS))


def test_conclusions_that_go_on_take_part_in_the_number_at_a_time(model, processor, requests, alone):
    server, most = Server(model, counting(5, []), 3, processor.tokenizer.eos_token_id), []
    waiting = list(requests)
    while server.busy or waiting:
        fresh, waiting = waiting[: server.free], waiting[server.free :]
        assert server.round(fresh) == []
        most.append(max(len(server.rows), len(server.later)))
    assert max(most) == 3
    assert [without_end(tokens, processor) for _, tokens in sorted(server.done)] == alone


def test_memory_that_runs_out_in_a_conclusion_starts_all_again_once(model, processor, requests, alone):
    said, began = [], []
    conclude = counting(3, began, CUDA_SAYS)
    served = list(
        serve(
            model,
            Trickle(requests),
            conclude,
            batch=4,
            eos_token_id=processor.tokenizer.eos_token_id,
            report=said.append,
        )
    )
    assert sorted(key for key, _ in served) == list(range(VIDEOS)) and said
    assert [without_end(tokens, processor) for _, tokens in sorted(served)] == alone
