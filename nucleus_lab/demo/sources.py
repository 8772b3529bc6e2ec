"""Photographs that scikit-image and scikit-learn carry in their wheels, with licence and author.

Only those whose licence note is clear are used: public domain, CC0, CC BY, or free of known
restrictions. Notes: the docstrings of ``skimage/data/_fetchers.py`` (scikit-image 0.26) and
``sklearn/datasets/images/README.txt`` (scikit-learn 1.9). Left out for want of a clear note: the
motorcycle pair, moon, page, immunohistochemistry, and the faces of LFW.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nucleus_lab.errors import MediaError


@dataclass(frozen=True, slots=True)
class Cut:
    """How a photograph is cut into tiles.

    Attributes:
        columns: Tiles side by side; neighbours overlap when they do not fit otherwise.
        rows: Tiles one below the other.
        width: Width of a tile in pixels of the photograph.
        height: Height of a tile in pixels of the photograph.
        zoom: Pixels of the tile for each pixel of the photograph.
        whole: Zoom of one more tile that shows the whole photograph; 0 for none.
        area: Part of the photograph that is cut, x, y, width, height; all of it when ``None``.
    """

    columns: int
    rows: int
    width: int
    height: int
    zoom: float
    whole: float
    area: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph of a wheel.

    Attributes:
        name: Short name; key of the ground truth.
        package: Import name of the package that carries it.
        file: Path below the package.
        subject: What kind of picture it is, for queries.
        author: Who made it.
        licence: Its licence as the package states it.
        source: Where the package took it from.
        cut: How it is cut.
    """

    name: str
    package: str
    file: str
    subject: str
    author: str
    licence: str
    source: str
    cut: Cut

    def path(self) -> Path:
        """Find the file inside the installed package, without importing it.

        Returns:
            The file.

        Raises:
            MediaError: The package or the file is not there.
        """
        spec = find_spec(self.package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            file = Path(folder) / self.file
            if file.is_file():
                return file
        raise MediaError(
            f"the photograph {self.name!r} comes with the package {self.package}, which is not "
            "installed or lacks it: pip install 'nucleus_lab[demo]'",
        )


_SKIMAGE = "https://scikit-image.org/docs/stable/api/skimage.data.html"

PHOTOGRAPHS = (
    Photograph(
        "astronaut", "skimage", "data/astronaut.png", "people", "NASA",
        "public domain", "https://flic.kr/p/r9qvLn",
        Cut(3, 3, 300, 300, 1.4, 1.0),
    ),
    Photograph(
        "camera", "skimage", "data/camera.png", "people", "Lav Varshney",
        "CC0", "https://github.com/scikit-image/scikit-image/issues/3927",
        Cut(3, 3, 300, 300, 1.4, 1.0),
    ),
    Photograph(
        "chelsea", "skimage", "data/chelsea.png", "animal", "Stéfan van der Walt",
        "CC0", _SKIMAGE,
        Cut(2, 2, 280, 210, 1.6, 1.2),
    ),
    Photograph(
        "clock", "skimage", "data/clock_motion.png", "object", "Stéfan van der Walt",
        "public domain", _SKIMAGE,
        Cut(0, 0, 0, 0, 1.0, 1.2),
    ),
    Photograph(
        "coffee", "skimage", "data/coffee.png", "object", "Rachel Michetti",
        "CC0", _SKIMAGE,
        Cut(3, 2, 330, 270, 1.5, 1.0),
    ),
    Photograph(
        "coins", "skimage", "data/coins.png", "museum", "Brooklyn Museum",
        "no known copyright restrictions",
        "https://www.brooklynmuseum.org/opencollection/archives/image/51611",
        Cut(3, 2, 180, 160, 2.4, 1.6),
    ),
    Photograph(
        "rocket", "skimage", "data/rocket.jpg", "space", "SpaceX",
        "public domain", "https://www.flickr.com/photos/spacexphotos/16511594820",
        Cut(3, 2, 320, 240, 1.5, 1.0),
    ),
    Photograph(
        "hubble", "skimage", "data/hubble_deep_field.jpg", "space", "NASA, ESA",
        "public domain", "https://hubblesite.org/contents/news-releases/2012/news-2012-37",
        Cut(4, 4, 270, 230, 1.6, 0.0),
    ),
    Photograph(
        "retina", "skimage", "data/retina.jpg", "medicine", "Mikael Häggström",
        "CC0", "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
        Cut(2, 2, 860, 860, 0.6, 0.4),
    ),
    Photograph(
        "china", "sklearn", "datasets/images/china.jpg", "landscape", "danielbuechele",
        "CC BY 2.0", "https://www.flickr.com/photos/danielbuechele/6061409035",
        Cut(4, 3, 240, 200, 2.0, 1.0),
    ),
    Photograph(
        "flower", "sklearn", "datasets/images/flower.jpg", "nature", "vultilion",
        "CC BY 2.0", "https://www.flickr.com/photos/vultilion/6056698931",
        Cut(4, 3, 190, 160, 2.4, 1.0, (130, 70, 390, 357)),
    ),
    Photograph(
        "brick", "skimage", "data/brick.png", "texture", "CC0Textures",
        "CC0", "https://cc0textures.com/view.php?tex=Bricks25",
        Cut(0, 0, 0, 0, 1.0, 0.8),
    ),
    Photograph(
        "gravel", "skimage", "data/gravel.png", "texture", "CC0Textures",
        "CC0", "https://cc0textures.com/view.php?tex=Gravel04",
        Cut(0, 0, 0, 0, 1.0, 0.8),
    ),
)  # fmt: skip
"""All photographs of the demonstration, in the order of the dataset."""


def attribution() -> str:
    """Name every photograph with author, licence and source.

    Returns:
        A table in plain text, one line a photograph.
    """
    lines = ["Photographs of the Nucleus Lab demonstration, cut into tiles and enlarged", ""]
    lines += [
        f"{photo.name}: {photo.author}, {photo.licence}, {photo.source} (in {photo.package})"
        for photo in PHOTOGRAPHS
    ]
    return "\n".join(lines) + "\n"
