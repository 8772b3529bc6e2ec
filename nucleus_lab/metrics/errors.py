"""The errors of metrics."""

from __future__ import annotations

from nucleus_lab.errors import InvalidInputError, NucleusError


class PolygonAnnotationTypeError(InvalidInputError, TypeError):
    """Something that is neither a box nor a polygon was given where one of them is expected."""

    code = "polygon_annotation_type"


class EverythingFilteredError(InvalidInputError):
    """The filters left no annotation or no prediction of those that were given."""

    code = "everything_filtered"


class MissingLibraryError(NucleusError, ImportError):
    """A library that only some metrics need is not installed."""

    code = "missing_library"
