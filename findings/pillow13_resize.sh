#!/usr/bin/env bash
# Pillow 13.0.0 resizes 8-bit pictures to other values than 12.3.0 and 10.4.0: bicubic, noise of 141 x 93 to 140 x 84, up
# to 18 levels of 255, far more than the last bit (3 levels in a smoother picture). Guessed: resizing is the same in every version, as it had been from 10
# to 12; so a model that is shown Image.resize sees other pixels, and goldens recorded with one version fail with the next.
# Output: version, checksum of the resized picture; then the largest difference in levels.
#   10.4.0 e27da6, 12.3.0 e27da6, 13.0.0 9c0af6, largest difference 18
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 10.4.0 12.3.0 13.0.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet "pillow==$version" numpy==2.4.6
    "$folder/$version/bin/python" - "$folder/$version.npy" <<'PYTHON'
import hashlib
import sys

import numpy as np
import PIL
from PIL import Image

picture = np.random.default_rng(0).integers(0, 256, (93, 141, 3), np.uint8)
small = np.asarray(Image.fromarray(picture).resize((140, 84), Image.Resampling.BICUBIC))
np.save(sys.argv[1], small)
print(PIL.__version__, hashlib.md5(small.tobytes()).hexdigest()[:6])
PYTHON
done
"$folder/12.3.0/bin/python" - "$folder" <<'PYTHON'
import sys

import numpy as np

old, before, new = (np.load(f"{sys.argv[1]}/{version}.npy").astype(int) for version in ("10.4.0", "12.3.0", "13.0.0"))
print("largest difference", abs(new - before).max())
assert (old == before).all() and abs(new - before).max() == 18
PYTHON
