"""The names that generated datasets hold and generated queries ask for."""

from __future__ import annotations

CLASSES = ["car", "truck", "traffic light", "box", "area", "both", "snow ☃"]
TAXONOMIES = ["mood", "both"]
CHOICES = ["calm", "car", "navy"]
TRACKS = ["t1", "t2", "T 3"]
SLICES = ["train", "val", "hard negatives"]
IMAGE_TAGS = ["rain", "night fog"]
OBJECT_TAGS = ["sign"]
SAVED = {
    "rear": "metadata.camera = rear",
    "cars": "annotations.label = car AND annotations.area > 4",
    "all": "",
    "nested": 'saved("rear") OR metadata.speed > 50',
}
TEXTS = [
    "front", "rear", "Rear", "rear ", "", "50", "50.0", "true", "null", "car", "t1", "ÄÖ ß", "äö",
    "100% wet_road", "WET road", 'qu"ote', "it's", "back\\slash", "a*b?[c]", "\u0001", "\u2400",
    "𝄞 clef", "\ufeffbom", "-", "2021-03-01", "{x}", "line\nbreak", "\ud7ff", "\uffff", "z", "é",
]  # fmt: skip
"""Text of all kinds; none holds the NUL that no query and no database takes."""
NUMBERS = [
    0, -0.0, 1, 2, 3, 5, 7, 50, 50.0, 49.5, 60.25, 0.1, -8, -0.5, 1e-7, 1e9, 2**31, 640, 1920,
]  # fmt: skip
DATES = [
    "2021-03-01T10:00:00Z", "2021-03-01", "2021-02-28 23:59", "2021-03-02T01:00:00+02:00",
    "2021-02-31", "2021-13-01", "not a date", "2021-3-1", "1969-12-31T23:59:59.5Z",
    "2024-05-01T17:59:59.25-05:30", "0000-01-01", "2021-03-01T24:00", "2021-03-01T10:00:00.001",
    "20210301", " 2021-03-01",
]  # fmt: skip
PATTERNS = ["r", "^r", "e+a", "[0-9]", "ar$", "(front|rear)", "wet.road", "^$", "a?b", "\\.", "☃"]
