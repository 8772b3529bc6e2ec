"""What the databases' own errors mean to a user of the workspace."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from nucleus_lab.errors import InvalidInputError, NucleusError, StorageFullError, WorkspaceError

# SQLite names its errors by text that has not changed in twenty years; the numbers are not
# available on every driver.
_SQLITE: Final = (
    ("database or disk is full", "full"),
    ("readonly database", "read_only"),
    ("database is locked", "busy"),
    ("malformed", "damaged"),
    ("file is not a database", "damaged"),
    ("disk i/o error", "input_output"),
    ("unable to open database file", "cannot_open"),
)


def _cause(fault: BaseException) -> str:
    """Return a word for what went wrong, ``""`` when it is a fault of ours."""
    if isinstance(fault, OSError):
        known = {errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EROFS: "read_only"}
        known[errno.EACCES] = "read_only"
        return known.get(fault.errno or 0, "")
    state = getattr(fault, "sqlstate", None)  # PostgreSQL
    if state == "22P05" or (state is None and "NUL (0x00)" in str(fault)):
        return "nul"
    if state:
        if state in {"53100", "53200"}:
            return "full"
        if state == "25006":
            return "read_only"
        if state == "42501":
            return "no_rights"
        return "unreachable" if state[:2] in {"08", "57"} else ""
    text = str(fault).lower()
    if type(fault).__module__.startswith("psycopg"):
        return "unreachable" if type(fault).__name__ == "OperationalError" else ""
    return next((word for part, word in _SQLITE if part in text), "")


@contextmanager
def storage_failures(place: str, free_space: Any) -> Iterator[None]:
    """Turn errors of the database into ours inside a block.

    Args:
        place: The workspace or database as a person would name it.
        free_space: Called without arguments for the bytes that are left there.

    Yields:
        Nothing.

    Raises:
        StorageFullError: No space is left; nothing of the transaction was kept.
        WorkspaceError: The database is read-only, damaged, locked for too long or unreachable.
        InvalidInputError: A text of the call cannot be stored.
    """
    try:
        yield
    except NucleusError:
        raise
    except Exception as fault:
        cause = _cause(getattr(fault, "orig", None) or fault)
        if cause in {"input_output", "cannot_open"} and free_space() < 1 << 20:
            cause = "full"
        if not cause:
            raise
        raise _error(cause, place, fault) from fault


def _error(cause: str, place: str, fault: Exception) -> NucleusError:
    if cause == "full":
        return StorageFullError(
            f"there is no space left at {place}; nothing of this call was kept: free some space "
            "and repeat it"
        )
    if cause == "nul":
        return InvalidInputError(
            "a text of this call holds the character U+0000, which the database cannot store: "
            "leave it out"
        )
    remedies = {
        "read_only": "cannot be written: check the permissions of the folder and of its files, "
        "and that the disk is not mounted read-only",
        "busy": "is held by another process that has been writing for more than a minute: wait for "
        "it, or end it",
        "damaged": "holds a damaged database: restore the folder from a backup",
        "input_output": "cannot be read or written by the operating system: check the disk",
        "cannot_open": "cannot be opened: check that the folder exists and may be written",
        "no_rights": "does not let this user do that: grant the role of the URL the rights to make "
        "and write tables (GRANT ALL ON SCHEMA public TO …), or use the owner of the database",
        "refused": "refuses the user or the password: correct user:password@ in the URL, or give "
        "the password by PGPASSWORD or a password file",
        "no_database": "is not there: make the database (createdb), or correct its name, the last "
        "part of the URL",
        "unreachable": "does not answer: check that the database server runs and the URL is right",
    }
    if cause == "unreachable":
        cause = _refusal(str(getattr(fault, "orig", None) or fault))
    detail = str(getattr(fault, "orig", None) or fault).strip().splitlines()
    return WorkspaceError(f"{place} {remedies[cause]} ({detail[0] if detail else cause})")


def _refusal(text: str) -> str:
    """Tell a server that says no from one that says nothing: libpq has no other sign of it."""
    if re.search(r'database ".*" does not exist', text):
        return "no_database"
    told = ("password authentication failed", "no password supplied", "no pg_hba.conf entry")
    known = any(part in text for part in told) or re.search(r'role ".*" does not exist', text)
    return "refused" if known else "unreachable"
