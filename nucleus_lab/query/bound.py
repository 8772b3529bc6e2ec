"""What a query means for one dataset: names replaced by fields, classes and collections.

Between the tree of the parser and SQL. A condition here is in normal form: every property of many
objects stands inside an :class:`Exists` (or an aggregate), and what speaks about the same object
stands inside the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from nucleus_lab.query.fields import Field
    from nucleus_lab.query.tree import TextOperator

Kind = Literal["number", "text", "bool", "time", "duration", "json", "list"]
NOUNS: Final = {
    "number": "a number",
    "text": "a text",
    "bool": "true or false",
    "time": "a date",
    "duration": "a duration",
    "json": "metadata",
    "list": "a list",
}
"""What messages call a value of each kind."""
Place = tuple[int, int]
"""Start and end of what a node was read from."""


class Scope(msgspec.Struct, eq=False):
    """A row that conditions speak about: the row of the result, or some object reached from it.

    Attributes:
        kind: Table family: ``items``, ``annotations``, ``predictions``, ``matches``, ``scenes``,
            ``slices``, ``autotags``, ``examples`` (what an autotag was trained on).
        parent: Row from which it is reached; ``None`` for a row of the result.
        every_run: Range over the predictions of all model runs.
        detail: Further identity: the autotag of an ``autotags`` or ``examples`` scope.
        merged: The scope that stands for this one after grouping.
    """

    kind: str
    parent: Scope | None = None
    every_run: bool = False
    detail: tuple[str, ...] = ()
    merged: Scope | None = None

    @property
    def root(self) -> Scope:
        """The scope that stands for this one."""
        scope = self
        while scope.merged is not None:
            scope = scope.merged
        return scope


class Constant(msgspec.Struct):
    """A value that the query gives.

    Attributes:
        kind: Its type.
        value: Number, text, bool, datetime, milliseconds of a duration, or a list of constants.
        text: As written, for comparison with text.
        place: Where it stands.
        whole_day: It is a date without a time.
        bare: It was written without quotes.
    """

    kind: Kind
    value: Any
    text: str
    place: Place
    whole_day: bool = False
    bare: bool = False


class FieldValue(msgspec.Struct):
    """A property of the row of a scope.

    Attributes:
        scope: The row.
        field: Which property.
        path: Keys inside a JSON property.
        name: As written.
        place: Where it stands.
    """

    scope: Scope
    field: Field
    path: tuple[str, ...]
    name: str
    place: Place


class Many(msgspec.Struct):
    """A property of many objects, before it is grouped into an :class:`Exists`.

    Attributes:
        inner: The property, of ``inner.scope``.
        where: What the objects have to be.
        groupable: Whether neighbours in an AND speak about the same object.
        bound: Whether the scope is a row of the result, so that there is only one object.
    """

    inner: FieldValue
    where: tuple[BoundCondition, ...] = ()
    groupable: bool = True
    bound: bool = False


class Count(msgspec.Struct):
    """How many objects there are: never missing.

    Attributes:
        scope: The objects.
        types: Names of annotation types; empty for all.
        label: Class they must have.
        where: Further condition.
        place: Where it stands.
        name: As written.
        rows: Count rows, where otherwise each segment of a mask counts.
    """

    scope: Scope
    types: tuple[str, ...]
    label: str | None
    where: BoundCondition | None
    place: Place
    name: str
    rows: bool = False


class Aggregate(msgspec.Struct):
    """The values of many objects in one: ``min``, ``max``, ``sum`` or ``avg``.

    Attributes:
        function: Its name.
        scope: The objects.
        where: What they have to be.
        operand: The value of one object.
        place: Where it stands.
        ordering: Rows are ordered by it, so that of metadata also texts count.
    """

    function: str
    scope: Scope
    where: tuple[BoundCondition, ...]
    operand: BoundValue
    place: Place
    ordering: bool = False


class Arithmetic(msgspec.Struct):
    """Two values and an operator."""

    operator: str
    left: BoundValue
    right: BoundValue
    place: Place


class Call(msgspec.Struct):
    """A function of values, such as ``negate``, ``abs``, ``lower`` or ``length``."""

    function: str
    arguments: tuple[BoundValue, ...]
    place: Place


BoundValue = Constant | FieldValue | Many | Count | Aggregate | Arithmetic | Call


class All(msgspec.Struct):
    """Every part holds; no part: true."""

    parts: tuple[BoundCondition, ...]


class AnyOf(msgspec.Struct):
    """Some part holds; no part: false."""

    parts: tuple[BoundCondition, ...]


class Complement(msgspec.Struct):
    """The part does not hold."""

    part: BoundCondition


class Test(msgspec.Struct):
    """A comparison or a chain of them, about single values."""

    operands: tuple[BoundValue, ...]
    operators: tuple[str, ...]
    place: Place


class Member(msgspec.Struct):
    """The value equals one of some constants."""

    operand: BoundValue
    values: tuple[Constant, ...]
    place: Place


class Matches(msgspec.Struct):
    """The text of the value fits a pattern, which may be a value of the row as well."""

    operand: BoundValue
    operator: TextOperator
    pattern: BoundValue
    place: Place


class Present(msgspec.Struct):
    """There is a value."""

    operand: BoundValue
    place: Place


class Named(msgspec.Struct):
    """A condition that is written in a shorter way than its parts."""

    text: str
    part: BoundCondition


class Exists(msgspec.Struct):
    """Some row of the scope has it all.

    Attributes:
        scope: The rows.
        where: The condition; ``None`` when any row will do.
    """

    scope: Scope
    where: BoundCondition | None


class OfTypes(msgspec.Struct):
    """The object of a scope has one of these annotation types."""

    scope: Scope
    types: tuple[str, ...]


class OfLabel(msgspec.Struct):
    """The object of a scope has this label; a mask, when one of its segments has it."""

    scope: Scope
    label: str


class OfTaxonomy(msgspec.Struct):
    """The object of a scope is a category in this taxonomy."""

    scope: Scope
    taxonomy: str


BoundCondition = (
    All
    | AnyOf
    | Complement
    | Test
    | Member
    | Matches
    | Present
    | Named
    | Exists
    | OfTypes
    | OfLabel
    | OfTaxonomy
)


class BoundKey(msgspec.Struct):
    """One key of an ordering."""

    operand: BoundValue
    descending: bool
    nulls_first: bool


class BoundQuery(msgspec.Struct):
    """A whole query, ready to compile.

    Attributes:
        scopes: The rows of the result by kind; the first is the row itself.
        condition: What it selects; ``None`` for everything.
        order: Keys of the ordering.
        limit: Most rows.
        offset: Rows left out at the beginning.
        sample: Size of a random sample.
        seed: Makes the sample repeatable.
        warnings: What a person should know about how it was read.
        keeping: Warnings that hold if items lack a key of metadata, with the key.
        momentary: It means something else at the next moment, so that it is read anew.
    """

    source: str
    level: str
    scopes: dict[str, Scope]
    condition: BoundCondition | None
    order: tuple[BoundKey, ...] = ()
    limit: int | None = None
    offset: int | None = None
    sample: int | None = None
    seed: int | None = None
    warnings: list[str] = []
    keeping: list[tuple[str, tuple[str, ...]]] = []
    momentary: bool = False
