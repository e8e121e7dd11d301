"""The folder of one number of records: two databases, a home, and the configuration that keeps them the same."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.performance.data import FIELDS, STRUCTURE, make_table

CONFIGURATION = "Benchmark"
ENTITY = "customers"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths only; nothing exists until it is made."""

    folder: Path

    @property
    def a(self) -> Path:
        return self.folder / "a.sqlite"

    @property
    def b(self) -> Path:
        return self.folder / "b.sqlite"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger.sqlite"

    @property
    def definitions(self) -> Path:
        return self.folder / "benchmark.toml"

    def begin_anew(self) -> None:
        """Nothing was ever synchronized: B is empty and the home is gone."""
        shutil.rmtree(self.home, ignore_errors=True)
        make_table(self.b)
        self.definitions.write_text(definition_text(), encoding="utf-8")

    def forget(self) -> None:
        """No memo of an earlier complete read is left."""
        shutil.rmtree(self.home / "memo", ignore_errors=True)


def definition_text() -> str:
    """Both ways, all ten fields, found by the key, stamped on both sides."""
    fields = "".join(
        f'\n[[configuration.entity.field]]\na = "{name}"\nb = "{name}"\nidentifying = {str(name == "id").lower()}\n'
        for name in FIELDS
    )
    endpoints = "".join(
        f'\n[[endpoint]]\nname = "{name}"\nprovider = "sql"\nsettings = {{ file = "{file}" }}\n'
        for name, file in (("Side A", "a.sqlite"), ("Side B", "b.sqlite"))
    )
    return (
        f'format = 1\n{endpoints}\n[[configuration]]\nname = "{CONFIGURATION}"\na = "Side A"\nb = "Side B"\n\n'
        f'[[configuration.entity]]\nname = "{ENTITY}"\na = "{STRUCTURE}"\nb = "{STRUCTURE}"\ndirection = "both"\n'
        f'modified = {{ a = "updated_at", b = "updated_at" }}\n{fields}'
    )
