"""Colours of labels: told apart by colour-blind readers, on light, dark and on photographs.

Source: the eight-colour set of Okabe and Ito, "Color Universal Design" (2008), without its black,
which is lost on dark themes; then the same hues lighter and darker, which differ in lightness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

COLOURS: Final = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2",
    "#ffd27f", "#b5e0fa", "#7fdcc0", "#e8c3da", "#ffab73", "#7fb8e0",
    "#8a5f00", "#2b6f96", "#00543d", "#8d843b", "#7a3f60", "#7d3700",
)  # fmt: skip

UNKNOWN: Final = "#9aa0a6"
"""Of a label that is not in the dataset's list."""


def colours(labels: Sequence[str]) -> dict[str, str]:
    """Give each label a colour, the most distinct colours first.

    Args:
        labels: Labels, the most frequent first.

    Returns:
        ``#rrggbb`` of each; colours repeat after the nineteenth label.
    """
    return {label: COLOURS[at % len(COLOURS)] for at, label in enumerate(labels)}
