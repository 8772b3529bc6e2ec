"""Limits of what is compared, known also to those who have no arrays at hand."""

from __future__ import annotations

from typing import Final

LEAST_IOU: Final = 0.1
"""Pairs below it are not kept: what overlaps less is background (Bolya et al. 2020)."""
