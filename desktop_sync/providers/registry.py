"""The providers of this program by name, imported when they are first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from desktop_sync.core.errors import BugError, ConfigurationError
from desktop_sync.core.provider_port import Provider

BUILT_IN: Mapping[str, tuple[str, str]] = {
    "csv": ("desktop_sync.providers.csv.provider", "CsvProvider"),
    "sql": ("desktop_sync.providers.sql.provider", "SqlProvider"),
}


class Registry:
    """Finds providers by the name that configurations use (`sql`, `csv`). Safe to use from any thread."""

    def __init__(self, modules: Mapping[str, tuple[str, str]] = BUILT_IN) -> None:
        """`modules`: provider name to (module, class); the class is made without arguments."""
        self._modules = dict(modules)

    def names(self) -> tuple[str, ...]:
        """All known names, sorted. Imports nothing."""
        return tuple(sorted(self._modules))

    def get(self, name: str) -> Provider:
        """The provider of that name. Raises ConfigurationError when there is none."""
        if name not in self._modules:
            known = ", ".join(self.names())
            raise ConfigurationError(f"there is no provider “{name}”; known are {known}", path="endpoint.provider")
        module, class_name = self._modules[name]
        provider: Provider = getattr(importlib.import_module(module), class_name)()
        if provider.name != name:
            raise BugError(f"the provider registered as {name!r} calls itself {provider.name!r}")
        return provider

    def all(self) -> tuple[Provider, ...]:
        """Every provider, sorted by name."""
        return tuple(self.get(name) for name in self.names())
