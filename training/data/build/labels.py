"""Every rule that turns a measured or applied defect into a label; nothing else in the builder makes up a number.

Notation: `keep` in [0, 1] is the share of the clean clip's quality above 1 that a defect leaves,
MOS = 1 + (clean MOS - 1) * product of keeps.  Each rule below gives a keep that falls with the strength.

* Compression, blur (all variants): keep from VMAF against the clean reference, by a logistic curve fitted on
  pictures that carry both VMAF and human MOS.
* Size of the file: `clean_mos`, from how human MOS of lightly compressed pictures falls with the coded height
  (crf <= 16), softened by an exponent of 0.65, because those pictures were shown enlarged to UHD.
* Everything else, where VMAF is lenient or meaningless: a stated table of strengths and keeps per family and
  variant (families.py), linear between its knots (stated, not measured: an opinion about how much each defect hurts).
* Corruption: the same kind of table over the damaged share of the picture, which is measured after the damage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.build.families import VARIANTS
from vqathinker.rating.defects import DEFECTS, SEVERITIES

CLEAN_TOP = 4.4
HEIGHT_EXPONENT = 0.65
INVISIBLE_KEEP = 0.92
NOTICEABLE_KEEP = 0.72
SEVERE_KEEP = 0.46
LIGHT_CRF = 16
SIZE_LIMITS = ((240, "severe"), (360, "noticeable"), (480, "slight"))


@dataclass(frozen=True)
class LogisticCurve:
    """low + (high - low) / (1 + exp(-(x - middle) / width)), rising in x."""

    low: float
    high: float
    middle: float
    width: float

    def __call__(self, x: np.ndarray | float) -> np.ndarray | float:
        return self.low + (self.high - self.low) / (1.0 + np.exp(-(np.asarray(x, float) - self.middle) / self.width))


@dataclass(frozen=True)
class FitQuality:
    """Of a curve on rows it was not fitted on: rank and linear correlation, root mean square error in MOS, rows."""

    srcc: float
    plcc: float
    rmse: float
    rows: int


@dataclass(frozen=True)
class RatedRows:
    """Pictures with a human MOS (1..5): VMAF (0..100), crf and coded height in pixels, each (N,) float."""

    vmaf: np.ndarray
    crf: np.ndarray
    height: np.ndarray
    mos: np.ndarray

    @property
    def lines(self) -> np.ndarray:
        return np.log2(self.height)

    def lightly_compressed(self) -> RatedRows:
        light = self.crf <= LIGHT_CRF
        return RatedRows(self.vmaf[light], self.crf[light], self.height[light], self.mos[light])


@dataclass(frozen=True)
class LabelRules:
    """The two fitted curves, VMAF (0..100) -> MOS and log2 of the shorter side in pixels -> MOS, and their quality."""

    vmaf: LogisticCurve
    height: LogisticCurve
    vmaf_fit: FitQuality
    height_fit: FitQuality


def fit_quality(curve: LogisticCurve, x: np.ndarray, mos: np.ndarray) -> FitQuality:
    """How well a curve predicts the MOS (1..5) of these rows, x and mos both (N,)."""
    values = curve(x)
    error = float(np.sqrt(np.mean((values - mos) ** 2)))
    from scipy.stats import pearsonr, spearmanr

    return FitQuality(float(spearmanr(values, mos)[0]), float(pearsonr(values, mos)[0]), error, len(x))


def fit_curve(
    x: np.ndarray, mos: np.ndarray, start: tuple[float, ...], low: tuple[float, ...], high: tuple[float, ...]
):
    """Least-squares logistic within bounds, each (low, high, middle, width); x and mos (N,)."""
    from scipy.optimize import curve_fit  # takes longer than all else that `--help` needs

    values, _ = curve_fit(lambda x, *p: LogisticCurve(*p)(x), x, mos, p0=start, bounds=(low, high), maxfev=20000)
    return LogisticCurve(*(float(v) for v in values))


def fit_rules(rows: RatedRows, held_out: RatedRows) -> LabelRules:
    """Both curves fitted on `rows`; their quality is that on `held_out`, other contents of the same study."""
    vmaf = fit_curve(rows.vmaf, rows.mos, (1, 4.3, 50, 20), (0.5, 3.5, 10, 5), (1.5, 5, 90, 60))
    light, test = rows.lightly_compressed(), held_out.lightly_compressed()
    height = fit_curve(light.lines, light.mos, (1, 4.3, 8.8, 0.5), (1, 3.5, 7, 0.2), (1.5, 5, 10.5, 2))
    return LabelRules(
        vmaf,
        height,
        fit_quality(vmaf, held_out.vmaf, held_out.mos),
        fit_quality(height, test.lines, test.mos),
    )


def keep_from_vmaf(vmaf: float, rules: LabelRules) -> float:
    """Quality that a VMAF (0..100) leaves, relative to VMAF 100; in (0, 1], rising in VMAF."""
    return float(np.clip((rules.vmaf(vmaf) - 1.0) / (rules.vmaf(100.0) - 1.0), 0.0, 1.0))


def keep_from_strength(family: str, variant: str, strength: float) -> float:
    """Stated rule: linear between the knots of `VARIANTS`, 1 at strength 0, flat beyond the last knot's slope end."""
    rule = VARIANTS[family, variant]
    if strength > rule.at[-1]:
        return float(rule.keeps[-1] * rule.at[-1] / strength)
    return float(np.interp(strength, (0.0, *rule.at), (1.0, *rule.keeps)))


def clean_mos(width: int, height: int, rules: LabelRules) -> float:
    """MOS (1..5) of an undegraded clip whose file has this size: 4.4 from 900 lines on, less below."""
    lines = min(width, height, 900)
    share = (rules.height(np.log2(lines)) - 1.0) / (rules.height(np.log2(900)) - 1.0)
    return float(1.0 + (CLEAN_TOP - 1.0) * np.clip(share, 0.0, 1.0) ** HEIGHT_EXPONENT)


def combine(clean: float, keeps: list[float]) -> float:
    """Pseudo-MOS in [1, 5] of a clip with several independent defects: their keeps multiply."""
    return float(np.clip(1.0 + (clean - 1.0) * np.prod(keeps), 1.0, 5.0))


def severity_from_keep(keep: float) -> str | None:
    """ "slight", "noticeable" or "severe"; None where the defect would not be seen (keep above 0.92)."""
    if keep > INVISIBLE_KEEP:
        return None
    return "slight" if keep > NOTICEABLE_KEEP else "noticeable" if keep > SEVERE_KEEP else "severe"


def size_severity(width: int, height: int) -> str | None:
    """Severity of low_resolution from the file's own shorter side: < 240 severe, < 360 noticeable, < 480 slight."""
    for limit, severity in SIZE_LIMITS:
        if min(width, height) < limit:
            return severity
    return None


def defect_list(found: list[tuple[str, str | None]]) -> list[dict[str, str]]:
    """Each named defect once with its worst severity, worst first; None severities are not visible and left out."""
    worst: dict[str, str] = {}
    for name, severity in found:
        if severity and SEVERITIES.index(severity) >= SEVERITIES.index(worst.get(name, "slight")):
            worst[name] = severity
    ranked = sorted(worst.items(), key=lambda item: (-SEVERITIES.index(item[1]), DEFECTS.index(item[0])))
    return [{"name": name, "severity": severity} for name, severity in ranked]
