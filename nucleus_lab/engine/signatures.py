"""Proof that a URL was made by this workspace: a keyed digest of what the URL permits."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from nucleus_lab.errors import WorkspaceError

_SECRET_BYTES: Final = 32


def signature(workspace: Path, claim: str) -> str:
    """Sign a claim with the secret of a workspace.

    Args:
        workspace: Its folder; the secret is made at the first call.
        claim: What is permitted. Claims for different uses must never be equal: begin each with
            what it is for.

    Returns:
        Text that is safe in a URL and has no dot.
    """
    key = _secret(workspace / "secret")
    digest = hmac.new(key, claim.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_signed(workspace: Path, claim: str, given: str) -> bool:
    """Check a signature in a time that says nothing about it.

    Args:
        workspace: The folder of the workspace.
        claim: What is permitted.
        given: The signature as it came.

    Returns:
        Whether :func:`signature` made it for this claim.
    """
    expected = signature(workspace, claim).encode()
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected)


def _secret(path: Path) -> bytes:
    """Read the secret of the workspace; the first caller makes it."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return _make_secret(path)
    if len(found) != _SECRET_BYTES:
        raise WorkspaceError(f"{path} is damaged: delete it, a new one is made at next use")
    return found


def _make_secret(path: Path) -> bytes:
    temporary = path.with_name(f"secret.{os.getpid()}-{secrets.token_hex(4)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    return path.read_bytes()
