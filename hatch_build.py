"""Builds the message catalogues: from a committed .po the .mo that gettext reads, in wheels and editable installs."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGUES = "omconsole/locale/*/LC_MESSAGES/*"


def compile_catalogue(po: Path) -> Path:
    """Compiles one .po beside itself and returns the .mo.

    The .mo is replaced in one step and only when it changes, since a running console or test may be reading it.
    A .po that gettext cannot use raises ``babel.messages.pofile.PoFileError``.
    """
    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parent.parent.name, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    mo = po.with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != compiled.getvalue():
        fresh = mo.with_suffix(f".{os.getpid()}.mo")
        fresh.write_bytes(compiled.getvalue())
        fresh.replace(mo)
    return mo


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own configuration type
    """Compiles every catalogue before hatchling collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles the catalogues and names them as artifacts, since git ignores them; `version` may be editable."""
        for po in sorted(Path(self.root).glob(f"{CATALOGUES}.po")):
            compile_catalogue(po)
        build_data["artifacts"].append(f"/{CATALOGUES}.mo")
