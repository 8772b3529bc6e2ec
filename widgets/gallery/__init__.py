"""The gallery of a dataset."""

from __future__ import annotations

from nucleus_lab.widgets.gallery.widget import LARGE, Gallery

__all__ = ["LARGE", "Gallery"]
