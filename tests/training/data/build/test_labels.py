import numpy as np
import pytest

from training.data.build.families import VARIANTS, VMAF_FAMILIES, strength_at
from training.data.build.labels import (
    LogisticCurve,
    RatedRows,
    clean_mos,
    combine,
    fit_curve,
    fit_rules,
    keep_from_strength,
    keep_from_vmaf,
    severity_from_keep,
    size_severity,
)
from vqathinker.rating.defects import DEFECTS, SEVERITIES


def rated_rows(seed: int, count: int = 120) -> RatedRows:
    """Pictures whose MOS rises with the height and with VMAF, with a little noise, as in the real table."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(144, 900, count)
    crf = rng.integers(3, 40, count).astype(float)
    vmaf = np.clip(100 * (height / 900) ** 0.7 - crf, 1, 97)
    return RatedRows(vmaf, crf, height, np.clip(1 + 3.4 * vmaf / 100 + rng.normal(0, 0.1, count), 1, 5))


@pytest.fixture(scope="module")
def rules():
    return fit_rules(rated_rows(0), rated_rows(1))


def test_a_curve_is_recovered_from_its_own_points():
    curve, x = LogisticCurve(1.0, 4.4, 46.0, 15.0), np.linspace(0, 100, 60)
    fitted = fit_curve(x, curve(x), (1, 4, 50, 20), (0.5, 3.5, 10, 5), (1.5, 5, 90, 60))
    assert np.allclose(fitted(x), curve(x), atol=1e-3)


def test_the_fit_reports_its_quality_on_other_rows(rules):
    assert rules.vmaf_fit.srcc > 0.9 and rules.vmaf_fit.rows == 120
    assert rules.height_fit.rows == int(np.sum(rated_rows(1).crf <= 16))


def test_vmaf_rule_is_monotone_and_ends_at_one(rules):
    keeps = [keep_from_vmaf(v, rules) for v in range(0, 101, 5)]
    assert np.all(np.diff(keeps) > 0) and keeps[-1] == pytest.approx(1.0)


def test_clean_mos_rises_with_the_shorter_side(rules):
    scores = [clean_mos(2 * lines, lines, rules) for lines in (100, 144, 240, 360, 480, 720, 900)]
    assert np.all(np.diff(scores) > 0) and scores[-1] == pytest.approx(4.4)
    assert clean_mos(480, 854, rules) == clean_mos(854, 480, rules)


@pytest.mark.parametrize(("family", "variant"), [key for key, rule in sorted(VARIANTS.items()) if rule.keeps])
def test_stated_rules_are_monotone_in_strength(family, variant):
    strengths = np.linspace(0, 2 * VARIANTS[family, variant].at[-1], 60)
    keeps = [keep_from_strength(family, variant, s) for s in strengths]
    assert keeps[0] == 1.0 and np.all(np.diff(keeps) < 0) and keeps[-1] > 0


@pytest.mark.parametrize(("family", "variant"), sorted(VARIANTS))
def test_every_level_of_every_family_has_a_rule_and_is_visible(family, variant):
    assert family in DEFECTS
    strengths = [strength_at(family, variant, level) for level in (0, 0.8, 1.7, 2.5, 3.2)]
    assert np.all(np.diff(strengths) >= 0) and strengths[0] < strengths[-1]
    if family in VMAF_FAMILIES or family == "low_resolution":
        return
    found = [severity_from_keep(keep_from_strength(family, variant, s)) for s in strengths]
    assert found[0] in ("slight", "noticeable") and found[-1] == "severe"
    assert found == sorted(found, key=SEVERITIES.index)


def test_severity_and_size_limits():
    assert [severity_from_keep(k) for k in (0.99, 0.9, 0.7, 0.4)] == [None, "slight", "noticeable", "severe"]
    assert [size_severity(2000, h) for h in (480, 479, 359, 239)] == [None, "slight", "noticeable", "severe"]
    assert size_severity(239, 2000) == "severe"


def test_defects_multiply():
    assert combine(4.0, []) == 4.0
    assert combine(4.0, [0.5, 0.5]) == pytest.approx(1.75)
