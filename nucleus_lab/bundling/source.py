"""Functions as source text: with what they refer to, as one module that runs elsewhere.

What a function refers to is followed: other functions and classes of the notebook or script are
written down too, names of installed packages are imported, plain constants are assigned. Anything
else (a network, an array, an open file) has no source and is refused by name.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import symtable
import sys
import sysconfig
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from types import FunctionType, ModuleType
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError

_REMEDY: Final = (
    "load it inside load_model_fn, or keep the code in a folder and use "
    "create_launch_model_from_dir"
)


def source_of(functions: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Write functions down as one module.

    Args:
        functions: Functions or classes, by any key.

    Returns:
        The text of the module, and the name of each in it.

    Raises:
        InvalidInputError: One has no source, or refers to something that has none.
    """
    module = _Module()
    names = {}
    for key, function in functions.items():
        if not isinstance(function, (FunctionType, type)):
            raise InvalidInputError(
                f"{key} is {function!r}: give a function that was written with def, or a class"
            )
        names[key] = function.__name__
        module.add(function.__name__, function, key)
    return module.text(), names


class _Module:
    """The module while it grows."""

    def __init__(self) -> None:
        self._imports: dict[str, None] = {}
        self._parts: list[str] = []
        self._known: dict[str, Any] = {}

    def text(self) -> str:
        """Join the parts."""
        head = ["from __future__ import annotations", *self._imports]
        return "\n".join([*head, "", "\n\n".join(self._parts), ""])

    def add(self, name: str, value: Any, where: str) -> None:
        """Make a name mean a value in the module.

        Args:
            name: The name, as the code uses it.
            value: What it means there.
            where: Which function uses it, for messages.
        """
        if name in self._known:
            if self._known[name] is not value:
                raise InvalidInputError(
                    f"{where} uses the name {name!r} for something else than another function of "
                    "the bundle does: rename one of them"
                )
            return
        self._known[name] = value
        if isinstance(value, ModuleType):
            self._import(name, value, where)
        elif _imported(value) is not None:
            self._imports[f"{_imported(value)} as {name}"] = None
        elif isinstance(value, (FunctionType, type)):
            self._define(name, value, where)
        else:
            self._assign(name, value, where)

    def _import(self, name: str, value: ModuleType, where: str) -> None:
        if not _installed(value.__name__):
            raise InvalidInputError(
                f"{where} uses the module {value.__name__!r}, which is not installed but a file "
                "of your own: keep the code in a folder and use create_launch_model_from_dir"
            )
        self._imports[f"import {value.__name__} as {name}"] = None

    def _define(self, name: str, value: Any, where: str) -> None:
        try:
            text = textwrap.dedent(inspect.getsource(value))
            tree = ast.parse(text)
        except (OSError, TypeError, SyntaxError) as fault:
            raise InvalidInputError(
                f"{where}: the source of {value.__name__!r} cannot be found ({fault}): write it "
                "with def in a cell or a file"
            ) from fault
        if not isinstance(tree.body[0], (ast.FunctionDef, ast.ClassDef)):
            raise InvalidInputError(
                f"{where}: {name!r} is a lambda or a part of a longer line: write it with def"
            )
        scope = _scope(value)
        for used in _names_used(tree):
            if used in scope and used != value.__name__:
                self.add(used, scope[used], value.__name__)
            elif used not in scope and not hasattr(builtins, used) and used != value.__name__:
                raise InvalidInputError(
                    f"{value.__name__!r} uses the name {used!r}, which means nothing there: "
                    "define or import it"
                )
        self._parts.append(text.rstrip())
        if value.__name__ != name:
            self._parts.append(f"{name} = {value.__name__}")

    def _assign(self, name: str, value: Any, where: str) -> None:
        if isinstance(value, PurePath):
            self._imports["import pathlib"] = None
            self._parts.append(f"{name} = pathlib.Path({str(value)!r})")
            return
        try:
            plain = ast.literal_eval(repr(value)) == value
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            plain = False
        if not plain:
            raise InvalidInputError(
                f"{where} uses {name!r}, a value of type {type(value).__name__} that cannot be "
                f"written down as source: {_REMEDY}"
            )
        self._parts.append(f"{name} = {value!r}")


def _scope(value: Any) -> dict[str, Any]:
    """What the names in a function or a class mean."""
    if isinstance(value, type):
        found = dict(vars(sys.modules[value.__module__]))
        for member in vars(value).values():
            inner = getattr(member, "__func__", member)
            if isinstance(inner, FunctionType):
                found |= _closure(inner)
        return found
    return {**value.__globals__, **_closure(value)}


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not yet bound: the function refers to itself, or to a later one
            continue
    found.pop("__class__", None)
    return found


class _WithoutAnnotations(ast.NodeTransformer):
    """Drops annotations, which are never evaluated in the module."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _names_used(tree: ast.Module) -> list[str]:
    """Names that the code takes from outside, sorted."""
    text = ast.unparse(ast.fix_missing_locations(_WithoutAnnotations().visit(tree)))
    top = symtable.symtable(text, "bundle", "exec")
    found = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_referenced() and not symbol.is_assigned()
    }
    for table in _below(top):
        found.update(
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        )
    return sorted(found - {"__class__", "__name__", "__file__"})


def _below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _below(child)


def _imported(value: Any) -> str | None:
    """The statement that imports a thing of an installed package, without its alias."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    name = name or getattr(value, "_name", None)
    if (
        not isinstance(module, str)
        or not isinstance(name, str)
        or "." in name
        or module == "__main__"
    ):
        return None
    if not _installed(module):
        return None
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
    return f"from {module} import {name}" if found is value else None


def _installed(module: str) -> bool:
    """Whether a module is found without the folder that the caller works in."""
    top = module.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    found = sys.modules.get(top)
    origin = getattr(found, "__file__", None) or next(iter(getattr(found, "__path__", ())), None)
    if origin is None:
        return False
    if top == "nucleus_lab":
        return True
    homes = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    place = Path(origin).resolve()
    return "site-packages" in place.parts or any(home in place.parents for home in homes)
