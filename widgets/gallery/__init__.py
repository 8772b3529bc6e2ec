"""The gallery of a dataset."""

from __future__ import annotations

from nucleus_lab.widgets.gallery.widget import Gallery

__all__ = ["Gallery"]
