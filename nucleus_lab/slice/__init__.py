"""Slices: named subsets of a dataset, and the values that describe how to build one."""

from nucleus_lab.slice.builder import (
    SliceBuilderFilterAutotag,
    SliceBuilderFilters,
    SliceBuilderMethods,
    SliceType,
)
from nucleus_lab.slice.handle import Slice

__all__ = [
    "Slice",
    "SliceBuilderFilterAutotag",
    "SliceBuilderFilters",
    "SliceBuilderMethods",
    "SliceType",
]
