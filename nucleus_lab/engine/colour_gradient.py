"""The built-in embedder: which colours a picture has, and where its edges run.

No weights and no network: it tells apart what differs in colour, light and texture, and knows
nothing of what a picture means. Three groups of numbers weigh the same: a joint histogram of hue,
saturation and value; the mean colour of each sixteenth of the picture; and, for each sixteenth, a
histogram of gradient orientations.

Source: M. J. Swain, D. H. Ballard, "Color indexing", IJCV 7 (1991); N. Dalal, B. Triggs,
"Histograms of oriented gradients for human detection", CVPR (2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final

from nucleus_lab.engine.embedders import DEFAULT, embedder
from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE: Final = 64  # pixels of the picture that is looked at
_CELLS: Final = 4  # in each direction
_ORIENTATIONS: Final = 8
_HUES, _SATURATIONS, _VALUES = 8, 3, 3


@embedder
class ColourGradient:
    """Colour histogram, layout of mean colours, and histograms of gradient orientations."""

    name: ClassVar[str] = DEFAULT
    dimension: ClassVar[int] = (
        _HUES * _SATURATIONS * _VALUES + _CELLS * _CELLS * 3 + _CELLS * _CELLS * _ORIENTATIONS
    )

    def check(self) -> None:
        """Refuse where scikit-image is not installed.

        Raises:
            InvalidInputError: It is not.
        """
        if find_spec("skimage") is None:
            raise InvalidInputError(
                f"the embedder {self.name} needs scikit-image: install it with  pip install "
                "'nucleus_lab[embeddings]'  where the workspace is opened"
            )

    def embed(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Embed pictures.

        Args:
            pictures: Each of shape ``(height, width, 3)``, RGB from 0 to 255.

        Returns:
            Shape ``(n, 248)``, each of length 1.
        """
        import numpy as np

        made = np.empty((len(pictures), self.dimension), np.float32)
        for place, pixels in enumerate(pictures):
            made[place] = _described(pixels)
        return made


def _described(pixels: NDArray[Any]) -> NDArray[Any]:
    import numpy as np
    from PIL import Image
    from skimage.color import rgb2lab
    from skimage.feature import hog

    picture = Image.fromarray(pixels).resize(
        (_SIDE, _SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0
    )
    bins = np.array([_HUES, _SATURATIONS, _VALUES])
    places = (np.asarray(picture.convert("HSV"), np.intp) * bins // 256).reshape(-1, 3)
    joint = (places[:, 0] * _SATURATIONS + places[:, 1]) * _VALUES + places[:, 2]
    # The root of a histogram: one large area does not outweigh all others.
    colours = np.sqrt(np.bincount(joint, minlength=int(bins.prod())))
    cell = _SIDE // _CELLS
    lab = rgb2lab(np.asarray(picture, np.float32) / 255.0) / (100.0, 128.0, 128.0)
    layout = lab.reshape(_CELLS, cell, _CELLS, cell, 3).mean((1, 3)).ravel()
    gradients = hog(
        lab[..., 0],
        orientations=_ORIENTATIONS,
        pixels_per_cell=(cell, cell),
        cells_per_block=(1, 1),
        block_norm="L2",
    )
    groups = [_unit(group) for group in (colours, layout, gradients)]
    return _unit(np.concatenate(groups))


def _unit(values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    length = float(np.linalg.norm(values))
    return values / length if length else values
