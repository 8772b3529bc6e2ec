"""A bound query to SQL, for SQLite and PostgreSQL alike.

Values are bound parameters; only metadata keys stand in the text of the statement, escaped, since
an expression index meets no other form. Conditions may be NULL, which counts as false; a
complement is ``IS NOT TRUE`` and so exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import MetaData

from nucleus_lab.query import bound, hints
from nucleus_lab.query.bound import BoundCondition, BoundValue, Scope
from nucleus_lab.query.catalog import Catalog
from nucleus_lab.query.compare import Comparer
from nucleus_lab.query.compile_objects import label_of, link, segment_count, table_of, types_of
from nucleus_lab.query.compile_values import ValueCompiler
from nucleus_lab.query.context import Context
from nucleus_lab.query.dialects import Clause, dialect_named
from nucleus_lab.query.group import many_of
from nucleus_lab.query.semijoin import Rare, at_least_one, semijoin
from nucleus_lab.query.sql import NULL, ONE, TRUE, Sql, and_, call, case, cast, literal, or_
from nucleus_lab.query.sql_select import Row, select
from nucleus_lab.query.text_tests import TextTester
from nucleus_lab.query.values import DOUBLE, SqlValue, present, some

_HOLLOW: Final = {"null", "array"}
"""Kinds of JSON that may hold no value."""
_WIDEST: Final = 32
"""Most conditions that are joined without parentheses."""


def condition_of(
    query: bound.BoundQuery,
    metadata: MetaData,
    catalog: Catalog,
    dialect: str,
    rows: dict[str, str],
    *,
    whole: bool = False,
    rare: Rare | None = None,
) -> Sql:
    """Compile the condition of a query.

    Args:
        query: The bound query.
        metadata: The tables of the engine.
        catalog: Names of the dataset.
        dialect: ``sqlite`` or ``postgresql``.
        rows: What each kind of row in ``query.scopes`` is called in the statement.
        whole: All rows are wanted: an index of labels may be read from end to end.
        rare: Tells whether few objects meet conditions, so that all of them may be read.

    Returns:
        The condition; what makes rows belong to the dataset is not in it.

    Raises:
        QueryError: Values are compared that have no comparison.
    """
    compiler = _Compiler(query, metadata, catalog, dialect, rows)
    if query.condition is None:
        return TRUE
    compiler.rare = rare
    found = semijoin(compiler, query.condition) if whole and dialect == "sqlite" else None
    return compiler.condition(query.condition) if found is None else found


def order_of(
    query: bound.BoundQuery,
    metadata: MetaData,
    catalog: Catalog,
    dialect: str,
    rows: dict[str, str],
) -> list[Sql]:
    """Compile the ordering of a query.

    Args:
        query: The bound query.
        metadata: The tables of the engine.
        catalog: Names of the dataset.
        dialect: ``sqlite`` or ``postgresql``.
        rows: What each kind of row in ``query.scopes`` is called in the statement.

    Returns:
        The keys; empty for the order of ingestion.

    Raises:
        QueryError: A key has no order.
    """
    compiler = _Compiler(query, metadata, catalog, dialect, rows)
    keys: list[Sql] = []
    for key in query.order:
        if isinstance(key.operand, bound.Constant):
            continue  # orders nothing, and to a database a number would name a column
        fold = "max" if key.descending else "min"
        for expression in compiler.sort_expressions(key.operand, fold):
            turned = "DESC" if key.descending else "ASC"
            last = "FIRST" if key.nulls_first else "LAST"
            keys.append(Sql(f"{expression.text} {turned} NULLS {last}", expression.values))
    return keys


def _joined(operator: Callable[..., Clause], parts: list[Clause]) -> Clause:
    """Join conditions as a shallow tree: to SQLite ``a OR b OR …`` is one level for each part."""
    while len(parts) > _WIDEST:
        chunks = [parts[at : at + _WIDEST] for at in range(0, len(parts), _WIDEST)]
        # IS TRUE keeps the groups apart, which the database would merge again.
        parts = [operator(*chunk).is_(TRUE) for chunk in chunks]
    return operator(*parts)


_FIRST: Final = {
    "slice_member": "slice_id",
    "autotag_score": "autotag_id",
    "autotag_example": "autotag_id",
}
"""A column that always has a value, of the tables without a key of their own."""


def _tied(value: Sql, row: Row, node: bound.Aggregate) -> Sql:
    """Let what is folded name the objects: SQL folds a value of the outer row out there."""
    if isinstance(node.operand, bound.FieldValue) and node.operand.field.source != "@missing":
        return value
    return case((row.c[_FIRST.get(row.table, "id")].is_not(NULL), value))


class _Compiler(ValueCompiler):
    """Conditions; the values come from :class:`ValueCompiler`."""

    def __init__(
        self,
        query: bound.BoundQuery,
        metadata: MetaData,
        catalog: Catalog,
        dialect: str,
        rows: dict[str, str],
    ) -> None:
        context = Context(query.source, dialect_named(dialect), metadata, catalog)
        super().__init__(context, Comparer(query.source, context.dialect, context.names))
        self.text_tester = TextTester(query.source, context.dialect, context.names)
        self.rare: Rare | None = None
        for kind, scope in query.scopes.items():
            context.rows[scope] = Row(rows[kind])

    def condition(self, node: BoundCondition) -> Clause:
        clause: Clause = _HANDLERS[type(node)](self, node)
        return clause

    def all_of(self, node: bound.All) -> Clause:
        return _joined(and_, [self.condition(part) for part in node.parts])

    def any_of(self, node: bound.AnyOf) -> Clause:
        return _joined(or_, [self.condition(part) for part in node.parts])

    def complement(self, node: bound.Complement) -> Clause:
        if isinstance(node.part, bound.Present):
            value = self.value(node.part.operand)
            if len(value.sources) == 1 and not (value.sources[0].known or {"null"}) & _HOLLOW:
                source = value.sources[0]  # an index finds this, and none finds a NOT IN
                return source.get("kind").is_(NULL)
        return self.condition(node.part).is_not(TRUE)

    def test(self, node: bound.Test) -> Clause:
        some_object = at_least_one(node)
        if some_object is not None:
            found = self._any_counted(some_object)
            if found is not None:
                return found
        values = [self.value(operand) for operand in node.operands]
        if len(values) == 2:
            whole = self._whole_remainders(node)
            if whole is not None:
                return whole
            exact, hint = self.comparer.compare(node.operators[0], values[0], values[1]), None
        else:
            exact, hint = self._chain(values, node.operators), self._between(values, node.operators)
        return exact if hint is None else and_(hint, exact)

    def _between(self, values: list[SqlValue], signs: tuple[str, ...]) -> Clause | None:
        low, value, high = values if len(values) == 3 else (None, None, None)
        if low is None or value is None or high is None:
            return None
        if signs[0][0] == ">":
            low, high = high, low
        if low.constant is None or high.constant is None:
            return None
        return hints.between(self.context.dialect, low.constant, value, high.constant)

    def _whole_remainders(self, node: bound.Test) -> Clause | None:
        """Compare the remainder of a number in metadata: of whole ones the hint is the answer."""
        left, right = node.operands
        if node.operators != ("=",) or not isinstance(right, bound.Constant):
            return None
        if not isinstance(left, bound.Arithmetic) or left.operator != "%":
            return None
        if not isinstance(left.left, bound.FieldValue) or not isinstance(
            left.right, bound.Constant
        ):
            return None
        value = self.value(left.left)
        hint = hints.remainder(self.context.dialect, value, left.right, right)
        if hint is None:
            return None
        source = value.sources[0]
        real = cast(source.dialect.json("raw number", source.column, source.path), DOUBLE)
        rest = self._operate("%", real, literal(float(left.right.value)))
        branches = [
            (Sql("'integer'"), TRUE),
            (Sql("'real'"), rest == literal(float(right.value))),
        ]
        return and_(hint, case(*branches, value=source.get("type")))

    def _chain(self, values: list[SqlValue], signs: tuple[str, ...]) -> Clause:
        """Compare neighbours; of a list, one member has to satisfy all that it takes part in."""

        def take(index: int, chosen: list[SqlValue]) -> Clause:
            if index == len(values):
                return and_(
                    *(
                        self.comparer.single(sign, chosen[at], chosen[at + 1])
                        for at, sign in enumerate(signs)
                    )
                )
            return some(
                values[index], self.context.names, lambda one: take(index + 1, [*chosen, one])
            )

        return take(0, [])

    def member(self, node: bound.Member) -> Clause:
        return self.comparer.member(self.value(node.operand), node.values)

    def matches(self, node: bound.Matches) -> Clause:
        value = self.value(node.operand)
        if isinstance(node.pattern, bound.Constant):
            return self.text_tester.matches(value, node.operator, node.pattern)
        return self.text_tester.fits(value, node.operator, self.value(node.pattern))

    def named(self, node: bound.Named) -> Clause:
        return self.condition(node.part)

    def present(self, node: bound.Present) -> Clause:
        return present(self.value(node.operand), self.context.names)

    def exists(self, node: bound.Exists) -> Clause:
        row, linked = self.enter(node.scope)
        parts = linked if node.where is None else [*linked, self.condition(node.where)]
        return select(ONE).select_from(row).where(*parts).exists()

    def of_types(self, node: bound.OfTypes) -> Clause:
        return types_of(self.context, node.scope, node.types)

    def of_label(self, node: bound.OfLabel) -> Clause:
        return label_of(self.context, node.scope, node.label)

    def of_taxonomy(self, node: bound.OfTaxonomy) -> Clause:
        row = self.context.row(node.scope)
        key = self.context.catalog.taxonomies.get(node.taxonomy)
        return self.context.never() if key is None else row.c.taxonomy_id == key

    def enter(self, scope: Scope) -> tuple[Row, list[Clause]]:
        """Give a scope its alias, and say how it hangs on its parent."""
        scope = scope.root
        row = self.context.alias(table_of(scope), scope.kind)
        self.context.rows[scope] = row
        return row, link(self.context, scope, row)

    def _any_counted(self, node: bound.Count) -> Clause | None:
        """Look for one object, where counting them would go on to the last."""
        row, parts = self.counted(node)
        if not node.rows and segment_count(self.context, node, row) is not None:
            return None
        return select(ONE).select_from(row).where(*parts).exists()

    def counted(self, node: bound.Count) -> tuple[Row, list[Clause]]:
        """Give what is counted its alias, and say what it has to be."""
        row, parts = self.enter(node.scope)
        if node.where is not None:
            parts.append(self.condition(node.where))
        if node.types:
            parts.append(types_of(self.context, node.scope, node.types))
        if node.label is not None:
            parts.append(label_of(self.context, node.scope, node.label))
        return row, parts

    def count(self, node: bound.Count) -> SqlValue:
        row, parts = self.counted(node)
        weight = None if node.rows else segment_count(self.context, node, row)
        counted = call("count", Sql("*"))
        if weight is not None:
            counted = call("coalesce", call("sum", weight), 0)
        number = select(counted).select_from(row).where(*parts).scalar_subquery()
        return SqlValue("number", node.name, node.place, number)

    def aggregate(self, node: bound.Aggregate) -> SqlValue:
        row, parts = self.enter(node.scope)
        parts += [self.condition(each) for each in node.where]
        operand = self.value(node.operand)
        expression, kind = self.foldable(operand, node)
        folded = call(node.function, _tied(expression, row, node))
        if node.function == "sum":
            folded = call("coalesce", folded, Sql("0.0"))
        number = select(folded).select_from(row).where(*parts).scalar_subquery()
        return SqlValue(kind, operand.name, node.place, number)

    def sort_expressions(self, node: BoundValue, fold: str) -> list[Sql]:
        if isinstance(node, bound.Aggregate) and node.ordering:
            row, parts = self.enter(node.scope)
            parts += [self.condition(each) for each in node.where]
            folded = [
                call(fold, _tied(each, row, node))
                for each in super().sort_expressions(node.operand, fold)
            ]
            return [
                select(each).select_from(row).where(*parts).scalar_subquery() for each in folded
            ]
        found = super().sort_expressions(node, fold)
        where = [self.condition(each) for many in many_of(node) for each in many.where]
        return [case((and_(*where), each)) for each in found] if where else found

    def value(self, node: BoundValue) -> SqlValue:
        if isinstance(node, bound.Count):
            return self.count(node)
        if isinstance(node, bound.Aggregate):
            return self.aggregate(node)
        return super().value(node)


_HANDLERS: Final[dict[type, Any]] = {
    bound.All: _Compiler.all_of,
    bound.AnyOf: _Compiler.any_of,
    bound.Complement: _Compiler.complement,
    bound.Test: _Compiler.test,
    bound.Member: _Compiler.member,
    bound.Matches: _Compiler.matches,
    bound.Present: _Compiler.present,
    bound.Named: _Compiler.named,
    bound.Exists: _Compiler.exists,
    bound.OfTypes: _Compiler.of_types,
    bound.OfLabel: _Compiler.of_label,
    bound.OfTaxonomy: _Compiler.of_taxonomy,
}
