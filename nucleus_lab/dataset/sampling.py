"""Slices that are sampled from a dataset."""

from __future__ import annotations

from typing import Any

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.dataset.uploads import positive
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.slice import SliceBuilderFilters, SliceBuilderMethods


class SamplingMethods(DatasetBase):
    """Build slices by sampling."""

    def build_slice(
        self,
        name: str,
        sample_size: int,
        sample_method: str | SliceBuilderMethods,
        filters: SliceBuilderFilters | None = None,
    ) -> str | tuple[AsyncJob, str] | dict[str, Any]:
        """Make a slice of a sample of the dataset, of another slice, or of what a tag scores.

        ``Random`` gives everything the same chance. ``Uniqueness`` chooses what lies as far apart
        as possible by the primary index, so that near duplicates come last::

            job, slice_id = dataset.build_slice("to label", 200, SliceBuilderMethods.UNIQUENESS)
            job.sleep_until_complete()
            client.get_slice(slice_id).items

        Args:
            name: Unique within the dataset.
            sample_size: At most so many; fewer where there are fewer to choose from.
            sample_method: ``Random`` or ``Uniqueness``.
            filters: Sample only from a slice, or by the scores of an autotag. A slice of objects or
                a tag of objects gives a slice of objects.

        Returns:
            The job, and the id that the slice will have: it appears, with all of its members, when
            the job completes, and never when the job fails or is killed.

        Raises:
            InvalidInputError: There is no such method, or the size is below 1.
        """
        methods = {method.value.lower(): method for method in SliceBuilderMethods}
        method = methods.get(str(getattr(sample_method, "value", sample_method)).lower())
        if method is None:
            known = " or ".join(repr(each.value) for each in SliceBuilderMethods)
            raise InvalidInputError(f"sample_method is {sample_method!r}: use {known}")
        positive("sample_size", sample_size)
        payload: dict[str, Any] = {
            "name": name,
            "sampleSize": sample_size,
            "sampleMethod": method.value,
            "filters": _wire(filters) if filters is not None else {},
        }
        answer = self._ask(payload, "build_slice")
        return AsyncJob.from_json(answer, self._client), answer.get("sliceId") or ""


def _wire(filters: SliceBuilderFilters) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if filters.slice_id is not None:
        found["sliceId"] = filters.slice_id
    if filters.autotag is not None:
        found["autotag"] = {
            "autotagId": filters.autotag.autotag_id,
            "range": list(filters.autotag.score_range),
        }
    return found
