"""Requests made from the route table: bodies that almost fit, ids that almost exist."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect
from sample_requests import sample_request

from nucleus_lab.routes import Route
from nucleus_lab.wire import Request, encode

ODD: Sequence[Any] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, -(2**64), 0.5, -0.0, 1e308, "", " ", "x",
    "\0", "\u202e", "ü/ä b%2F", "x" * 5000, "1", "null", "../../etc/passwd", "' OR 1=1 --",
    "https://example.org/a.jpg", "/etc/hosts", "s3://b/k", "2026-11-05", "9999-99-99", [], {}, [[]],
    [None], [{}], [1, "a"], {"a": {"b": [1]}}, {"": 1}, ["x"] * 300,
)  # fmt: skip


class Maker:
    """Makes requests.

    Args:
        seed: Of all that is random.
        known: Ids and names that exist, by the name of the path parameter or body key.
    """

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self.random = random.Random(seed)
        self.known = known

    def request(self, route: Route) -> Request:
        """Make one request of a route; about a third of them are sound."""
        if route.template == "api/{category}/files":
            return sample_request(self.random)
        path = "/".join(self._segment(part) for part in route.template.split("/"))
        query = {}
        if self.random.random() < 0.3:
            names = ["async", "name", "type", "model_id", "from_item", "family", "iouThreshold"]
            names += ["filters", "query", "limit", "offset", "json", "category", "labels", "ids"]
            names += ["limitPayloadValues", "sliceStart", "sliceEnd", "axisIx", "maxLength"]
            query = {self.random.choice(names): str(self.random.choice([*ODD, "1", "0", "{}"]))}
        return Request(route.method, path, self._payload(route.body), query)

    def _segment(self, part: str) -> str:
        from urllib.parse import quote

        if not part.startswith("{"):
            return part
        name = part.strip("{}").partition(":")[0]
        pool = [*self.known.get(name, []), *self.known.get(name, [])]
        other = [value for values in self.known.values() for value in values]
        odd = ["ds_", "di_zz", "0", "-1", "1e9", "%", "nothing", f"{name}_0000000ffffff", "a/b"]
        return quote(self.random.choice(pool * 3 + other[:3] + odd), safe="/")

    def _payload(self, kind: Any) -> Any:
        if kind is None:
            return None
        if kind is bytes:
            return self.random.choice([b"", b"{", b'{"reference_id":"a"}\n', b"\xff" * 9])
        value = self._value(inspect.type_info(kind), "body")
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 5])):
            value = self._spoilt(value)
        text = encode(value)
        if self.random.random() < 0.05:
            text = text[: self.random.randrange(len(text) + 1)]
        return text

    def _value(self, kind: Any, name: str) -> Any:
        """A value of a type, with ids that exist where the name of the key asks for one."""
        pick = self.random
        match kind:
            case inspect.UnionType():
                return self._value(pick.choice(kind.types), name)
            case inspect.StructType():
                found = {
                    field.encode_name: self._value(field.type, field.encode_name)
                    for field in kind.fields
                    if field.required or pick.random() < 0.6
                }
                return found | ({kind.tag_field: kind.tag} if kind.tag_field else {})
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
                count = pick.choice([0, 1, 1, 2, 3])
                return [self._value(kind.item_type, name) for _ in range(count)]
            case inspect.TupleType():
                return [self._value(inner, name) for inner in kind.item_types]
            case inspect.DictType():
                return {pick.choice(["a", "kind", "camera_params"]): pick.choice(ODD)}
            case inspect.StrType():
                pool = self.known.get(name.rstrip("s"), []) or self.known.get(name, [])
                return pick.choice([*pool, *pool, "x", "a.jpg", ""])
            case inspect.IntType():
                return pick.choice([kind.ge or 0, 1, 2, 10, 100, 100_000])
            case inspect.FloatType():
                return pick.choice([0, 0.5, 1, 3.25, 100])
            case inspect.BoolType():
                return pick.random() < 0.5
            case inspect.LiteralType():
                return pick.choice(list(kind.values))
            case inspect.NoneType():
                return None
            case _:
                return pick.choice(ODD)

    def _spoilt(self, value: Any) -> Any:
        """The value with one thing in it replaced, left out, or repeated."""
        pick = self.random
        if isinstance(value, dict) and value and pick.random() < 0.85:
            key = pick.choice(sorted(value))
            rest = {name: inner for name, inner in value.items() if name != key}
            if pick.random() < 0.2:
                return rest
            return {**rest, key: self._spoilt(value[key])}
        if isinstance(value, list) and value and pick.random() < 0.85:
            place = pick.randrange(len(value))
            changed = self._spoilt(value[place])
            if pick.random() < 0.15:
                return [*value, value[place]]
            return [*value[:place], changed, *value[place + 1 :]]
        return pick.choice(ODD)


def is_an_error(payload: Any) -> bool:
    """Whether an answer is the JSON that clients read an error from."""
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("error"), str)
        and bool(payload["error"])
        and set(payload) <= {"error", "code", "details", "success"}
        and not payload.get("success")
        and bool(msgspec.json.encode(payload))
    )
