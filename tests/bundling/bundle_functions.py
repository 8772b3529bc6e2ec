"""Functions that tests make bundles of; not a package, so that their source has to travel."""

from __future__ import annotations

import io
import math as numbers
from collections import OrderedDict
from pathlib import Path
from typing import Any

from PIL import Image

THRESHOLD = 0.5
NAMES = {"a": ("car", 1), "b": [None, True]}
HOME = Path("/models")
NETWORK = object()
model = NETWORK


class Base:
    scale = THRESHOLD


class Detector(Base):
    def __call__(self, picture: bytes) -> list[Any]:
        width, height = size(picture)
        return [
            {
                "type": "box",
                "label": NAMES["a"][0],
                "confidence": self.scale,
                "geometry": {"x": 0, "y": 0, "width": width, "height": height},
            }
        ]


def size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as opened:
        return opened.size


def decorate(function: Any) -> Any:
    return function


@decorate
def load_model(*, places: Any = NAMES) -> dict[str, Any]:
    return OrderedDict(home=str(HOME), pi=numbers.floor(numbers.pi), places=places)


def load_predict(model: Any) -> Any:
    def predict(picture: bytes) -> list[Any]:
        return Detector()(picture)[: model["pi"]]

    return predict


def load_any(model: Any) -> Any:
    return model


def uses_network(picture: bytes) -> list[Any]:
    return [NETWORK, picture]


def uses_nothing(picture: bytes) -> list[Any]:
    return [undefined_name, picture]  # noqa: F821


def factory(count: int) -> Any:
    def predict(picture: bytes) -> list[Any]:
        return [{"type": "category", "label": str(count), "geometry": {}}]

    return predict


def by_width(picture: bytes) -> list[Any]:
    """Do by the width of the picture what code may do wrong."""
    import os
    import signal
    import time

    width, _ = size(picture)
    if width == 11:
        raise ValueError("eleven")
    if width == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    if width == 13:
        time.sleep(60)
    if width == 14:
        return {"not": "a list"}
    if width == 15:
        return [{"type": "box", "label": "car", "geometry": {"x": 1}}]
    print("a word for the log")  # noqa: T201
    return Detector()(picture)


def always_dies(picture: bytes) -> list[Any]:
    import os

    os._exit(7)


def always_fails(picture: bytes) -> list[Any]:
    raise RuntimeError(f"no luck with {len(picture)} bytes"[:7])


def sleeps(picture: bytes) -> list[Any]:
    import time

    time.sleep(300)
    return []


def cannot_load() -> Any:
    raise OSError("weights.pt is missing")


take = lambda picture: []  # noqa: E731
