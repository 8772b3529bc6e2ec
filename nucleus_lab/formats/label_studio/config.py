"""The labeling interface of a Label Studio project: which tools and labels there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

PICTURE: Final = "image"
"""Name of the picture in the interface, and its key in ``data``."""

CHOICE: Final = "category"
"""Name of the choices that belong to no taxonomy."""

CONTROLS: Final = {
    "box": ("RectangleLabels", "rectanglelabels"),
    "polygon": ("PolygonLabels", "polygonlabels"),
    "keypoints": ("KeyPointLabels", "keypointlabels"),
}
"""Element of the interface and type of the result, by annotation type."""


def labeling_config(
    types: Sequence[str], labels: Sequence[str], taxonomies: Mapping[str, Mapping[str, Any]]
) -> str:
    """Write a labeling interface.

    Args:
        types: Annotation types; lines have no tool in Label Studio and are passed over.
        labels: Labels of regions, and of the choices where there is no taxonomy.
        taxonomies: ``type`` and ``labels`` by name; each becomes choices.

    Returns:
        XML.

    Example:
        >>> print(labeling_config(["box"], ["car"], {}))
        <View>
          <Image name="image" value="$image" />
          <RectangleLabels name="box" toName="image">
            <Label value="car" />
          </RectangleLabels>
        </View>
    """
    view = Element("View")
    SubElement(view, "Image", name=PICTURE, value=f"${PICTURE}")
    for kind, (element, _) in CONTROLS.items():
        if kind in types:
            control = SubElement(view, element, name=kind, toName=PICTURE)
            for label in labels:
                SubElement(control, "Label", value=label)
    for name, entry in taxonomies.items():
        _choices(view, name, entry["labels"], several=entry["type"] == "multicategory")
    if not taxonomies and labels and {"category", "multicategory"} & set(types):
        _choices(view, CHOICE, labels, several="category" not in types)
    indent(view)
    return tostring(view, encoding="unicode")


def _choices(view: Element, name: str, labels: Sequence[str], *, several: bool) -> None:
    choice = "multiple" if several else "single"
    control = SubElement(view, "Choices", name=name, toName=PICTURE, choice=choice)
    for label in labels:
        SubElement(control, "Choice", value=label)
