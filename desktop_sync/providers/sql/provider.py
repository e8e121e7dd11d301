"""The `sql` provider: settings, and the session for the kind of database that they name."""

from __future__ import annotations

import os
from dataclasses import replace

from desktop_sync.core.errors import ConfigurationError, Place
from desktop_sync.core.provider_port import (
    LEASE_SETTING,
    Capabilities,
    ConditionalWrite,
    CreateClass,
    EndpointSession,
    OpenContext,
    Setting,
    SettingKind,
    lease_setting,
)
from desktop_sync.providers.sql.sqlite_connection import SqliteFile, check_file
from desktop_sync.providers.sql.sqlite_lease import TABLE as LEASE_TABLE
from desktop_sync.providers.sql.sqlite_session import SqliteSession

CAPABILITIES = Capabilities(
    can_create_structures=True,
    reads_modified_since=True,
    creates=CreateClass.CLIENT_ID,
    conditional_write=ConditionalWrite.STRONG,
    has_transactions=True,
    batch_size=10_000,
)

_SETTINGS = (
    Setting(
        "file",
        "Database file",
        SettingKind.FILE,
        help="The SQLite file. It must exist already; opening never makes one.",
        file_patterns=("*.db", "*.sqlite", "*.sqlite3", "*.db3"),
    ),
    Setting(
        "url",
        "Address",
        help="Instead of a file: the address of the database, for example sqlite:///shop.db or just shop.db.",
    ),
    Setting(
        "busy_timeout_s",
        "Wait for locks (seconds)",
        SettingKind.NUMBER,
        default=5,
        help="How long to wait while another program has locked the database.",
    ),
    lease_setting(f"a small table {LEASE_TABLE}"),
)


class SqlProvider:
    """Databases; SQLite files at present."""

    name = "sql"
    label = "Database"
    explanation = "A SQLite database file. Each of its tables and views holds records of one kind."
    settings = _SETTINGS
    capabilities = CAPABILITIES

    def open(self, context: OpenContext) -> EndpointSession:
        """A session on the SQLite file. Raises ConfigurationError for unusable settings, MissingError."""
        place = Place(context.endpoint)
        file = SqliteFile(
            context.endpoint,
            self.place(context),
            _busy_timeout_s(context, place),
        )
        check_file(file)
        keeps = bool(context.settings.get(LEASE_SETTING, False))
        return SqliteSession(file, replace(CAPABILITIES, keeps_leases=True) if keeps else CAPABILITIES)

    def place(self, context: OpenContext) -> str:
        """The database file."""
        path = _path(context, Place(context.endpoint))
        return os.path.join(os.path.abspath(context.base_folder or os.curdir), path)

    def files(self, context: OpenContext, structure: str) -> tuple[str, ...]:
        """The database file, and the log that its newest changes may still be in."""
        path = self.place(context)
        return (path, path + "-wal")


def _path(context: OpenContext, place: Place) -> str:
    path = str(context.settings.get("file") or "")
    url = str(context.settings.get("url") or "")
    if not path and not url:
        raise ConfigurationError("choose the database file, or give its address", place, "endpoint.settings.file")
    if path and url:
        raise ConfigurationError("give the database file or its address, not both", place, "endpoint.settings.url")
    if path:
        return path
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    if scheme.partition("+")[0] != "sqlite":
        raise ConfigurationError(
            f"databases of the kind “{scheme}” are not supported; use sqlite:///path", place, "endpoint.settings.url"
        )
    if not rest.startswith("/") or len(rest) < 2:
        raise ConfigurationError("write the address as sqlite:///path", place, "endpoint.settings.url")
    return rest[1:].partition("?")[0]


def _busy_timeout_s(context: OpenContext, place: Place) -> float:
    value = context.settings.get("busy_timeout_s", 5)
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ConfigurationError(
            "the wait for locks must be between 0 and 3600 seconds", place, "endpoint.settings.busy_timeout_s"
        )
    return seconds
