"""How charts of Evaluation V2 show themselves."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from nucleus_lab.data_transfer_object.evaluation_v2 import (
    ApBySize,
    ConfusionEntry,
    EvaluationV2Charts,
    EvaluationV2ExamplesPage,
    EvaluationV2MatchExample,
    MapSummary,
    PerClassAp,
    ScoreHistogramBucket,
    TideAttribution,
    TotalCounts,
)

HOSTILE = "<script>alert('&')</script>"


def charts(classes: int = 2) -> EvaluationV2Charts:
    return EvaluationV2Charts(
        mapSummary=MapSummary(0.828751342916186, 0.8034146359714699, 0.6394423715046956),
        perClassAp=[
            PerClassAp(HOSTILE, 0.25),
            *(PerClassAp(f"class {n}", n / classes) for n in range(1, classes)),
        ],
        confusionMatrix=[
            ConfusionEntry(HOSTILE, HOSTILE, 5),
            ConfusionEntry(HOSTILE, "cup", 2),
            ConfusionEntry("cup", HOSTILE, 3),
            ConfusionEntry("background", "cup", 9),
            ConfusionEntry("cup", "background", 9),
        ],
        scoreHistogram=[ScoreHistogramBucket(n / 10, (n + 1) / 10, 17 * n) for n in range(10)],
        computedIouRanges=[],
        totalCounts=TotalCounts(3, 1, 2, 4),
        apBySize=ApBySize(None, 0.5, 0.75),
        prCurve=[],
        tideAttribution=TideAttribution(732, 20, 52, 11, 37, 44, 127),
    )


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_charts_tell_what_goes_wrong_in_few_digits() -> None:
    page = charts()._repr_html_()

    told = text(page)
    assert "mAP 0.639 AP50 0.829 AP75 0.803 precision 0.750 recall 0.600 small -" in told
    assert "right 732 (72%) localization 20 (2%) classification 52 (5%)" in told
    assert "missed 127 (12%)" in told
    # The most frequent first, without what is right or confused with nothing at all.
    assert re.findall(r"(\S+) (\S+) (\d+) ", told.partition("predicted as count ")[2])[0][2] == "3"
    assert HOSTILE not in page
    ElementTree.fromstring(page.replace("tabindex='0'", ""))


def test_the_histogram_has_round_numbers() -> None:
    [drawn] = re.findall(r"<svg.*?</svg>", charts()._repr_html_())

    texts = [each.text for each in ElementTree.fromstring(drawn).iter("text")]
    assert texts == [
        *("0", "50", "100", "150"),
        *("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"),
        "confidence",
    ]
    titles = [each.text for each in ElementTree.fromstring(drawn).iter("title")]
    assert titles[3] == "confidence 0.30 to 0.40: 51"


def test_of_many_classes_the_best_and_the_worst_are_shown() -> None:
    told = text(charts(classes=101)._repr_html_())

    assert "class 100 0.990" in told
    assert "81 more" in told
    assert "class 1 0.010" in told
    assert "class 50 " not in told


def test_charts_of_nothing_are_shown() -> None:
    nothing = EvaluationV2Charts(
        MapSummary(), [], [], [], [], TotalCounts(0, 0, 0, 0), ApBySize(), [],
        TideAttribution(0, 0, 0, 0, 0, 0, 0),
    )  # fmt: skip

    told = text(nothing._repr_html_())

    assert told.count("nothing to show") == 4
    assert "mAP -" in told


def test_a_part_of_the_charts_shows_sensible_digits() -> None:
    told = text(charts().mapSummary._repr_html_())

    assert told.split() == ["mapAt50", "0.829", "mapAt75", "0.803", "mapAt5095", "0.639"]


def test_examples_are_a_table() -> None:
    row = EvaluationV2MatchExample(
        "1", "ev", "di", False, "FP", pred_canonical_label=HOSTILE, iou=0.123456,
        confidence=0.9, reference_id="a.jpg", cause="background",
    )  # fmt: skip

    page = EvaluationV2ExamplesPage([row], 12)._repr_html_()

    assert "1 of 12 rows" in page
    assert "a.jpg FP background" in text(page)
    assert "0.123 0.900" in text(page)
    assert HOSTILE not in page
    assert "<table" not in EvaluationV2ExamplesPage([], 0)._repr_html_()
