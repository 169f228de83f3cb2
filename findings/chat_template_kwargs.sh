#!/usr/bin/env bash
# transformers 4.49.0 (the version that VisualQuality-R1 pins): a processor's apply_chat_template takes variables of the
# template, such as Qwen-VL's add_vision_id, and drops them without a word, where the tokenizer's hands them on. So
# published code that asks for "Picture 1: " before a picture never got it, and a port that writes it asks another question.
# Guessed: what the call is given reaches the template. 4.51.3 was seen to do the same while goldens were recorded.
# Output: version, what the processor renders, what its tokenizer renders from the same template.
#   4.49.0 processor 'picture' tokenizer 'Picture 1: picture'
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 4.49.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet "transformers==$version" jinja2==3.1.6
    "$folder/$version/bin/python" - 2>/dev/null <<'PYTHON'
import transformers
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.processing_utils import ProcessorMixin

TEMPLATE = "{% if add_vision_id %}Picture 1: {% endif %}picture"


class Processor(ProcessorMixin):
    attributes, tokenizer_class = ["tokenizer"], "PreTrainedTokenizerFast"

    def __init__(self, tokenizer, chat_template=None, **_):
        super().__init__(tokenizer, chat_template=chat_template)


tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
said = [{"role": "user", "content": "a"}]
asked = {"chat_template": TEMPLATE, "tokenize": False, "add_vision_id": True}
ours, theirs = (kind.apply_chat_template(said, **asked) for kind in (Processor(tokenizer), tokenizer))
print(f"{transformers.__version__} processor {ours!r} tokenizer {theirs!r}")
assert (ours, theirs) == ("picture", "Picture 1: picture")
PYTHON
done
