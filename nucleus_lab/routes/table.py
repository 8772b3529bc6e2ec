"""The route table: what a route is, how one is added, and how a path finds its handler.

A handler is a plain function with a decorator::

    @route("POST", "dataset/{ds}/append", body=AppendBody)
    def append_items(engine: Engine, call: Call[AppendBody], ds: str) -> dict[str, Any]: ...

``{name}`` takes one path segment, ``{name:path}`` takes one or more (published clients send
reference ids with raw slashes). Segments are matched on the raw path and percent-decoded
afterwards, so ``%2F`` inside a reference id never splits it.

The table knows from the index which module each route is in, and loads that module when a request
first asks for it: a notebook that counts items never pays for evaluations and labeling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import msgspec

from nucleus_lab.errors import NotFoundError, NucleusAPIError, NucleusError
from nucleus_lab.routes.index import INDEX
from nucleus_lab.routes.loading import load
from nucleus_lab.wire import FilePart, Response

Body = TypeVar("Body")
Handler = Callable[..., Any]
Refuse = Callable[[NucleusError], Response]


class Call(msgspec.Struct, Generic[Body]):
    """What a handler is given besides the engine and the path parameters.

    Attributes:
        body: The validated body; ``None`` for a route that declares none.
        query: Decoded query string.
        files: Files beside the body.
        caller: Name of the presented key; ``""`` in-process.
        base_url: Endpoint under which the caller reaches this server; ``""`` in-process.
        headers: Headers by names in small letters.
    """

    body: Body
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    files: Sequence[FilePart] = ()
    caller: str = ""
    base_url: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Route(msgspec.Struct, frozen=True):
    """One entry of the table.

    Attributes:
        method: HTTP method.
        template: Path below the endpoint with ``{name}`` places.
        handler: The function that answers.
        body: msgspec-readable type of the body, or ``None`` when the body is ignored.
        public: Whether the route answers without a key (signed URLs carry their own proof).
        refuse: Makes the answer of an error where the route's protocol has its own; ``None`` for
            the status of the error and ``{"error": …}``.
    """

    method: str
    template: str
    handler: Handler
    body: Any = None
    public: bool = False
    refuse: Refuse | None = None

    def refused(self, refusal: NucleusError) -> Response:
        """Answer an error.

        Args:
            refusal: The error.

        Returns:
            The answer, as the protocol of this route has it.
        """
        if self.refuse is not None:
            return self.refuse(refusal)
        return Response(refusal.status_code, refusal.to_wire())


class MethodNotAllowedError(NucleusAPIError):
    """The path exists under another method."""

    status_code = 405
    code = "method_not_allowed"


# What stands at a place of the trie: a route with the names of its places, or the module to load.
_Entry = tuple[Route, tuple[str, ...]] | str
_Found = tuple[tuple[Route, tuple[str, ...]], list[str]]


class _Node:
    """One segment of the trie; ``rest`` is a ``{name:path}`` place."""

    __slots__ = ("children", "place", "rest", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.place: _Node | None = None
        self.rest: _Node | None = None
        self.routes: dict[str, _Entry] = {}


class RouteTable:
    """All routes, found by walking the segments of a path.

    Literal segments win over ``{name}``, which wins over ``{name:path}``.

    Args:
        index: The module of each route, under names such as ``POST dataset/create``.
        load: Imports a module of the index; without a name, all modules that there are.
    """

    def __init__(
        self,
        index: Mapping[str, str] | None = None,
        load: Callable[[str | None], None] | None = None,
    ) -> None:
        self._root = _Node()
        self._routes: list[Route] = []
        self._load = load
        self._complete = load is None
        for name, module in (index or {}).items():
            method, _, template = name.partition(" ")
            self._place(template)[0].routes[method] = module

    @property
    def routes(self) -> list[Route]:
        """All routes, those included that no request has asked for yet."""
        self._load_all()
        return self._routes

    def add(self, entry: Route) -> None:
        """Add a route.

        Args:
            entry: The route.

        Raises:
            ValueError: The same method and path shape is taken.
        """
        node, names = self._place(entry.template)
        taken = node.routes.get(entry.method)
        if taken is not None and not isinstance(taken, str):
            raise ValueError(f"{entry.method} {entry.template} is taken by {taken[0].template}")
        node.routes[entry.method] = (entry, names)
        self._routes.append(entry)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Find the route of a request.

        Args:
            method: HTTP method.
            path: Raw path below the endpoint, percent-encoded, no leading slash, no query.

        Returns:
            The route and the percent-decoded path parameters.

        Raises:
            NotFoundError: No route has this path.
            MethodNotAllowedError: The path exists under other methods.
        """
        allowed: set[str] = set()
        found = self._find(method, path, allowed)
        if found is None:
            if allowed:
                raise MethodNotAllowedError(
                    f"{method} is not possible on {path}: use {', '.join(sorted(allowed))}"
                )
            raise NotFoundError(
                f"there is no route {method} {path}: check the address that the client was given, "
                "which ends in /v1/nucleus (in /v1 for Edge Impulse clients)"
            )
        (entry, names), values = found
        return entry, {
            name: unquote(value) if "%" in value else value
            for name, value in zip(names, values, strict=True)
        }

    def _find(self, method: str, path: str, allowed: set[str]) -> _Found | None:
        segments = path.split("/")
        found = _walk(self._root, segments, 0, [], method, allowed)
        if found is None and not self._complete:
            self._load_all()  # the index may lag behind: only what no module has is refused
        elif found is not None and isinstance(found[0], str) and self._load is not None:
            self._load(found[0])
        else:
            return _loaded(found)
        allowed.clear()
        return _loaded(_walk(self._root, segments, 0, [], method, allowed))

    def _load_all(self) -> None:
        if self._load is not None and not self._complete:
            self._load(None)
            self._complete = True

    def _place(self, template: str) -> tuple[_Node, tuple[str, ...]]:
        node = self._root
        names: list[str] = []
        for segment in template.split("/"):
            if segment.startswith("{") and segment.endswith("}"):
                name, _, kind = segment[1:-1].partition(":")
                names.append(name)
                if kind == "path":
                    node.rest = node.rest or _Node()
                    node = node.rest
                else:
                    node.place = node.place or _Node()
                    node = node.place
            else:
                node = node.children.setdefault(segment, _Node())
        return node, tuple(names)


def _walk(
    node: _Node, segments: list[str], at: int, values: list[str], method: str, allowed: set[str]
) -> tuple[_Entry, list[str]] | None:
    if at == len(segments):
        hit = node.routes.get(method)
        if hit:
            return hit, values
        allowed.update(node.routes)
        return None
    child = node.children.get(segments[at])
    if child is not None:
        found = _walk(child, segments, at + 1, values, method, allowed)
        if found:
            return found
    if node.place is not None and segments[at]:
        found = _walk(node.place, segments, at + 1, [*values, segments[at]], method, allowed)
        if found:
            return found
    if node.rest is not None:
        for end in range(len(segments), at, -1):
            rest = "/".join(segments[at:end])
            if not rest:
                continue
            found = _walk(node.rest, segments, end, [*values, rest], method, allowed)
            if found:
                return found
    return None


def _loaded(found: tuple[_Entry, list[str]] | None) -> _Found | None:
    if found is None or isinstance(found[0], str):
        return None
    return found[0], found[1]


TABLE = RouteTable(INDEX, load)


def route(
    method: str,
    template: str,
    *,
    body: Any = None,
    public: bool = False,
    refuse: Refuse | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler in the one table.

    Args:
        method: HTTP method.
        template: Path below the endpoint, such as ``dataset/{ds}/refloc/{ref:path}``.
        body: Type that the JSON body must have (a msgspec Struct, ``list[Struct]``, ``dict`` …);
            ``bytes`` hands the raw body over, whatever it holds.
        public: Answer without a key.
        refuse: Makes the answers of errors; ``None`` for those of the Nucleus protocol.

    Returns:
        The decorator; it hands the function back unchanged.
    """

    def register(handler: Handler) -> Handler:
        TABLE.add(Route(method, template, handler, body, public, refuse))
        return handler

    return register
