"""Masks: local files are looked for when they are uploaded."""

from __future__ import annotations

import pytest

from nucleus_lab.annotation import BoxAnnotation, SegmentationAnnotation, SegmentationPrediction


@pytest.mark.parametrize("kind", [SegmentationAnnotation, SegmentationPrediction])
def test_mask_says_whether_a_file_has_to_travel_along(kind, tmp_path):
    there = tmp_path / "there.png"
    there.write_bytes(b"")

    assert kind(str(there), [], "i").has_local_files_to_upload() is True
    assert kind("https://a/m.png", [], "i").has_local_files_to_upload() is False
    assert BoxAnnotation("car", 1, 2, 3, 4, "i").has_local_files_to_upload() is False
    with pytest.raises(FileNotFoundError, match=r"gone\.png.*item 'i'"):
        kind(str(tmp_path / "gone.png"), [], "i").has_local_files_to_upload()
