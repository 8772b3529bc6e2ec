"""Rows of a dataset as the page draws them: without what a thumbnail does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nucleus_lab.widgets.palette import colours

_CLOUDS: Final = (".bin", ".pcd", ".ply", ".json")
_DRAWN: Final = ("geometry", "labels", "confidence")


def shapes(row: Mapping[str, Any], *, full: bool) -> list[dict[str, Any]]:
    """Return the objects of one row, ground truth first.

    Args:
        row: One of ``Dataset.rows``.
        full: With metadata, for the full picture.

    Returns:
        ``id``, ``type``, ``label``, ``prediction`` of each, and what its type draws.
    """
    found = []
    for group, prediction in (("annotations", False), ("predictions", True)):
        for payload in row.get(group) or ():
            shape = {
                "id": payload["id"],
                "type": payload.get("type", "mask"),
                "label": _label(payload),
                "prediction": prediction,
            }
            for key in _DRAWN:
                if payload.get(key) is not None:
                    shape[key] = payload[key]
            if payload.get("annotations"):
                shape["segments"] = [
                    {"label": segment["label"], "index": segment["index"]}
                    for segment in payload["annotations"]
                ]
            if full and payload.get("metadata"):
                shape["metadata"] = payload["metadata"]
            found.append(shape)
    return found


def _label(payload: Mapping[str, Any]) -> str:
    if payload.get("label") is not None:
        return str(payload["label"])
    segments = payload.get("annotations") or ()
    return str(segments[0]["label"]) if segments else ""


def thin(row: Mapping[str, Any], *, linked: bool = False) -> dict[str, Any]:
    """Return a row for the grid.

    Args:
        row: One of ``Dataset.rows``.
        linked: Whether the browser loads the picture from its URL.

    Returns:
        Ids, size and shapes; ``url`` of a linked picture; ``cloud`` of what is no picture but the
        points of a lidar frame.
    """
    location = str(row.get("location") or "")
    cloud = {"cloud": True} if location.lower().endswith(_CLOUDS) else {}
    link = {"url": location} if linked and location.startswith(("https://", "http://")) else {}
    return {
        **link,
        **cloud,
        "id": row["id"],
        "reference_id": row["reference_id"],
        "width": row.get("width"),
        "height": row.get("height"),
        "shapes": shapes(row, full=False),
    }


def full(row: Mapping[str, Any], *, linked: bool = False) -> dict[str, Any]:
    """Return a row for the full picture.

    Args:
        row: One of ``Dataset.rows``.
        linked: Whether the browser loads the picture from its URL.

    Returns:
        Ids, size, location, metadata, and shapes with their metadata.
    """
    return {
        **thin(row, linked=linked),
        "shapes": shapes(row, full=True),
        "location": row.get("location"),
        "metadata": row.get("metadata") or {},
    }


def label_list(counts: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Join the counts of ground truth and predictions, the most frequent label first.

    Args:
        counts: What ``Dataset.label_counts`` returned.

    Returns:
        ``label``, ``colour``, ``ground_truth`` and ``predictions`` of each label.
    """
    joined: dict[str, dict[str, Any]] = {}
    for group in ("ground_truth", "predictions"):
        for entry in counts.get(group) or ():
            fresh = {"label": entry["label"], "ground_truth": 0, "predictions": 0}
            joined.setdefault(entry["label"], fresh)[group] += entry["count"]
    ordered = sorted(
        joined.values(), key=lambda one: (-one["ground_truth"] - one["predictions"], one["label"])
    )
    # By ground truth alone, so that a label keeps its colour when a model's predictions are drawn
    # too, and has the same one in the plots of the evaluation.
    by_truth = sorted(joined.values(), key=lambda one: (-one["ground_truth"], one["label"]))
    painted = colours([one["label"] for one in by_truth])
    return [{**one, "colour": painted[one["label"]]} for one in ordered]


def media_type(picture: bytes) -> str:
    """Tell the kind of a picture from its first bytes.

    Args:
        picture: The content of its file.

    Returns:
        Its media type; of what is not known, that of a JPEG.
    """
    if picture.startswith(b"\x89PNG"):
        return "image/png"
    if picture.startswith(b"GIF8"):
        return "image/gif"
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    if picture.startswith(b"BM"):
        return "image/bmp"
    return "image/jpeg"
