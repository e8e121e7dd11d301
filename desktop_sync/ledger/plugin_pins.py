"""Which plugins a person confirmed: facts of the ledger, so that no imported file brings its own confirmation."""

from __future__ import annotations

from desktop_sync.ledger.home_mark import fact, put_fact
from desktop_sync.ledger.store import Store

_PREFIX = "plugin "


class SqlPluginPins(Store):
    """The `PluginPins` of the ledger."""

    def plugin_pin(self, name: str) -> str:
        with self._database.reading() as connection:
            return fact(connection, _PREFIX + name) or ""

    def pin_plugin(self, name: str, digest: str) -> None:
        with self._database.writing("pin_plugin") as connection:
            put_fact(connection, _PREFIX + name, digest)
