#!/usr/bin/env bash
# swscale 9.5 (FFmpeg 8.1, in PyAV 18.1.0): 4:2:0 of 10 bits to rgb48 with full_chroma_int, the flag without which white of
# 10 bits becomes 253 in rgb24, mixes up the colours where the interpolation is bilinear (what PyAV takes by default),
# accurate_rnd or not. Bicubic is right, and so is rgb24 with the same flags. Guessed: a flag for more accuracy changes
# the last bits. Seen: red (34758, 21335, 14300) comes out as (34758, 0, 32876).
# Output: one line for each kind, "right" or "WRONG", largest error in levels of 255.
#   rgb48               right 2
#   rgb48 full_int      WRONG 68
#   rgb48 bicubic       right 2
#   rgb24 full_int      right 3
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import av
import numpy as np
from av.video.reformatter import Interpolation as I

height, width = 64, 64
frame = av.VideoFrame(width, height, "yuv420p10le")
for plane, value, rows in zip(frame.planes, (392, 409, 690), (height, height // 2, height // 2)):
    plane.update(np.full((rows, plane.line_size // 2), value, np.uint16).tobytes())
want = frame.reformat(format="rgb24").to_ndarray()[32, 32].astype(int)
kinds = {
    "rgb48": ("rgb48le", I.BILINEAR),
    "rgb48 full_int": ("rgb48le", I.BILINEAR | I.FULL_CHR_H_INT),
    "rgb48 bicubic": ("rgb48le", I.BICUBIC | I.FULL_CHR_H_INT),
    "rgb24 full_int": ("rgb24", I.BILINEAR | I.FULL_CHR_H_INT),
}
seen = {}
for name, (kind, way) in kinds.items():
    got = frame.reformat(format=kind, interpolation=way).to_ndarray()[32, 32].astype(int)
    error = int(np.abs((got >> 8 if "48" in name else got) - want).max())
    seen[name] = error > 3
    print(f"{name:20}{'WRONG' if error > 3 else 'right'} {error}")
assert seen == {"rgb48": False, "rgb48 full_int": True, "rgb48 bicubic": False, "rgb24 full_int": False}, seen
PYTHON
