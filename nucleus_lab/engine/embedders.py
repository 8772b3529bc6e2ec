"""What turns pictures into vectors: the interface, and those that are known by name.

An embedder is a class with a decorator::

    @embedder
    class MyEmbedder:
        name = "my-embedder-1"     # raise the number when the vectors change
        dimension = 384

        def check(self) -> None: ...
        def embed(self, pictures): ...

The setting ``embedder`` chooses one; a module that ``job_modules`` names may add more.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar, runtime_checkable

from nucleus_lab.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine

DEFAULT: Final = "colour-gradient-1"
"""Name of the one that is built in."""


class Embedder(Protocol):
    """Turns pictures into vectors that are alike where the pictures are.

    Attributes:
        name: Name and version; vectors of two names are never compared.
        dimension: Numbers of a vector.
    """

    name: ClassVar[str]
    dimension: ClassVar[int]

    def check(self) -> None:
        """Refuse where something that it needs is not installed.

        Raises:
            InvalidInputError: Something is missing; the message says how to install it.
        """
        ...

    def embed(self, pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Embed pictures.

        Args:
            pictures: Each of shape ``(height, width, 3)``, RGB from 0 to 255; any sizes.

        Returns:
            Shape ``(n, dimension)``, 32-bit floats, each of length 1.
        """
        ...


@runtime_checkable
class TextEmbedder(Protocol):
    """What an embedder has besides when it can compare words with pictures."""

    def embed_text(self, texts: Sequence[str]) -> NDArray[Any]:
        """Embed words.

        Args:
            texts: The words.

        Returns:
            Shape ``(n, dimension)``, 32-bit floats of length 1, near to fitting pictures.
        """
        ...


_KNOWN: Final[dict[str, type[Embedder]]] = {}

Class = TypeVar("Class", bound=type[Embedder])


def embedder(made: Class) -> Class:
    """Register an embedder.

    Args:
        made: The class.

    Returns:
        The same class.

    Raises:
        ValueError: Another one has its name.
    """
    taken = _KNOWN.get(made.name)
    if taken is not None and taken.__qualname__ != made.__qualname__:
        raise ValueError(f"the embedder {made.name} is taken by {taken.__qualname__}")
    _KNOWN[made.name] = made
    return made


def chosen(engine: Engine) -> Embedder:
    """Return the embedder of a workspace, ready to work.

    Args:
        engine: The workspace.

    Returns:
        What the setting ``embedder`` names.

    Raises:
        InvalidInputError: There is none of that name, or something that it needs is missing.
    """
    name = engine.settings.embedder
    for module in ("nucleus_lab.engine.colour_gradient", *engine.settings.job_modules):
        importlib.import_module(module)
    if name not in _KNOWN:
        raise InvalidInputError(
            f"the setting embedder is {name!r}: known are {', '.join(sorted(_KNOWN))}; a module "
            "that job_modules names may register more"
        )
    made = _KNOWN[name]()
    made.check()
    return made
