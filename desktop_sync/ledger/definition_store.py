"""Endpoints and sync configurations in the ledger."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, select, update

from desktop_sync.core.care import name_only
from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.entity_renames import renamed_entities
from desktop_sync.core.errors import ConfigurationError, LedgerError, Place
from desktop_sync.core.provider_port import LEASE_SETTING
from desktop_sync.ledger import tables
from desktop_sync.ledger.definition_codec import configuration_text, endpoint_text, read_configuration, read_endpoint
from desktop_sync.ledger.home_mark import fact, put_fact
from desktop_sync.ledger.json_codec import DocumentError
from desktop_sync.ledger.plan_shelf import SqlPlanShelf
from desktop_sync.ledger.store import Store, configuration_id, make_configuration_id

_SYSTEMS = "endpoint systems"
_ON_THE_WAY = ""  # no entity has this name
_NONE_SEEN: Mapping[str, str] = {}
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.\-]*://[^\s/?#@]*:[^\s/?#@]+@", re.IGNORECASE)

# Asked several times a run, so they are put together once.
_ENDPOINTS = select(tables.endpoint.c.document).order_by(tables.endpoint.c.name)
_BASE_FOLDER = select(tables.endpoint.c.base_folder).where(tables.endpoint.c.name == bindparam("endpoint"))
_LIVING = (
    select(tables.configuration.c.id)
    .where(tables.configuration.c.deleted_at.is_(None))
    .order_by(tables.configuration.c.name)
)
_versions = tables.configuration_version.c
_NEWEST = (
    select(_versions.document)
    .where(_versions.configuration_id == bindparam("configuration"))
    .order_by(_versions.version.desc())
    .limit(1)
)


class SqlDefinitionStore(SqlPlanShelf, Store):
    """The `DefinitionStore` of the ledger. A waiting plan goes with the name that it was made under."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """By name."""
        with self._database.reading() as connection:
            texts = connection.execute(_ENDPOINTS).scalars().all()
        return tuple(self._endpoint(text) for text in texts)

    def configurations(self) -> tuple[SyncConfiguration, ...]:
        """The current versions, by name."""
        with self._database.reading() as connection:
            return self._current(connection)

    def base_folder(self, endpoint: str) -> str:
        """The folder that relative paths of the endpoint start at, or empty."""
        with self._database.reading() as connection:
            found = connection.execute(_BASE_FOLDER, {"endpoint": endpoint}).scalar()
        return found or ""

    def systems(self, seen: Mapping[str, str] = _NONE_SEEN) -> dict[str, str]:
        """For endpoints that are one system: the name of the one that was known first. `seen` are told besides."""
        with self._database.reading() as connection:
            return systems_of(connection, seen)

    def keep_systems(self, identities: Mapping[str, str]) -> None:
        """These endpoints are now the systems with these identities. Writes nothing where that is known."""
        with self._database.reading() as connection:
            known = _identities(connection)
        if identities.items() <= known.items():
            return
        with self._database.writing("keep_systems") as connection:
            _keep_identities(connection, _identities(connection) | dict(identities))

    def save_endpoint(self, endpoint: Endpoint, base_folder: str = "") -> None:
        """Kept in place of the one of that name. Raises ConfigurationError where a setting holds a password."""
        for name, setting in endpoint.settings.items():
            if isinstance(setting, str) and _PASSWORD_IN_URL.search(setting):
                raise ConfigurationError(
                    f"the setting {name!r} holds a password; give it as a secret instead", Place(endpoint.name)
                )
        columns = {"document": endpoint_text(endpoint), "base_folder": base_folder, "saved_at": self._now_us()}
        with self._database.writing("save_endpoint") as connection:
            _forget_identity(connection, endpoint.name)  # it may be another system now
            known = connection.execute(
                update(tables.endpoint).where(tables.endpoint.c.name == endpoint.name).values(**columns)
            )
            if not known.rowcount:
                connection.execute(insert(tables.endpoint).values(name=endpoint.name, **columns))

    def save_configuration(self, configuration: SyncConfiguration) -> SyncConfiguration:
        """Kept as a new version if anything differs; the kept one is returned. Structures whose fields are not what
        they were at the last run are taken as they are: a person has looked at the configuration. Which structures
        they were is not forgotten. What is known of an entity goes with it to its new name (`renamed_entities`), and a
        waiting plan is dropped then; raises AlreadyRunningError where that would be under a run."""
        with self._database.reading() as connection:
            is_renaming = bool(self._renamed(connection, configuration))
        with self._parts.locks.hold(configuration.name) if is_renaming else nullcontext():
            with self._database.writing("save_configuration") as connection:
                owner = make_configuration_id(connection, configuration.name)
                _forget_fields(connection, owner)
                for old, new in self._renamed(connection, configuration).items() if is_renaming else ():
                    _rename_entity(connection, owner, old, new)
                kept = self._save_version(connection, owner, configuration)
            if is_renaming:
                self.drop(configuration.name)
        return kept

    def rename_configuration(self, name: str, new_name: str) -> None:
        """Peers, runs and history go along; a waiting plan is dropped. Raises AlreadyRunningError while it runs,
        ConfigurationError where there is no such configuration or the new name is taken."""
        if name == new_name:
            return
        with self._parts.locks.hold(name), self._parts.locks.hold(new_name):
            with self._database.writing("rename_configuration") as connection:
                known = self._known_id(connection, name)
                if configuration_id(connection, new_name) is not None:
                    raise ConfigurationError(f"there is a configuration named {new_name!r} already")
                connection.execute(
                    update(tables.configuration).where(tables.configuration.c.id == known).values(name=new_name)
                )
                current = self._current_of(connection, known)
                if current is not None:
                    self._save_version(connection, known, replace(current, name=new_name))
            self.drop(name)

    def delete_endpoint(self, name: str) -> None:
        """Gone; raises ConfigurationError while a configuration uses it."""
        with self._database.writing("delete_endpoint") as connection:
            users = [each.name for each in self._current(connection) if name in (each.a, each.b)]
            if users:
                raise ConfigurationError(f"the configuration {users[0]!r} uses it", Place(name))
            connection.execute(delete(tables.endpoint).where(tables.endpoint.c.name == name))
            _forget_identity(connection, name)

    def delete_configuration(self, name: str) -> None:
        """Gone with its peers, conflicts and waiting plan; runs and history stay. Raises AlreadyRunningError while it
        runs."""
        with self._parts.locks.hold(name):
            with self._database.writing("delete_configuration") as connection:
                known = self._known_id(connection, name)
                _forget_peers(connection, tables.entity.c.configuration_id == known)
                gone = update(tables.configuration).where(tables.configuration.c.id == known)
                connection.execute(gone.values(deleted_at=self._now_us()))
            self.drop(name)

    def reset_peering(self, configuration: str, entity: str) -> None:
        """The next run meets the entity's records for the first time; history and baselines of runs stay, and a waiting
        plan is dropped. Raises AlreadyRunningError while the configuration runs. May be repeated."""
        with self._parts.locks.hold(configuration):
            with self._database.writing("reset_peering") as connection:
                known = self._known_id(connection, configuration)
                _forget_peers(
                    connection, and_(tables.entity.c.configuration_id == known, tables.entity.c.name == entity)
                )
            self.drop(configuration)

    def _renamed(self, connection: Connection, value: SyncConfiguration) -> dict[str, str]:
        """The entities that go on under another name with this version."""
        known = configuration_id(connection, value.name)
        current = None if known is None else self._current_of(connection, known)
        return {} if current is None else renamed_entities(current.entities, value.entities)

    def _known_id(self, connection: Connection, name: str) -> int:
        known = configuration_id(connection, name)
        if known is None:
            raise ConfigurationError(f"there is no configuration named {name!r}")
        return known

    def _save_version(self, connection: Connection, known: int, value: SyncConfiguration) -> SyncConfiguration:
        current = self._current_of(connection, known)
        if current is not None and replace(value, version=current.version) == current:
            return current
        # Versions go on where an earlier configuration of the name, deleted since, stopped: runs name them.
        of_name = select(tables.configuration.c.id).where(tables.configuration.c.name == value.name).scalar_subquery()
        versions = tables.configuration_version
        last = connection.execute(
            select(func.max(versions.c.version)).where(
                versions.c.configuration_id.in_(of_name) | (versions.c.configuration_id == known)
            )
        ).scalar()
        kept = replace(value, version=(last or 0) + 1, identity=self._identity(connection, current, value))
        columns = {"version": kept.version, "document": configuration_text(kept), "saved_at": self._now_us()}
        connection.execute(insert(versions).values(configuration_id=known, **columns))
        return kept

    def _identity(self, connection: Connection, current: SyncConfiguration | None, value: SyncConfiguration) -> str:
        """The one it has; else the one that it comes with, or one of its own, unless another living one has that."""
        if current is not None:
            return current.lease_key
        named = (value.a, value.b)
        endpoints = connection.execute(select(tables.endpoint.c.document).where(tables.endpoint.c.name.in_(named)))
        made = made_identity(value, [self._endpoint(text) for text in endpoints.scalars()])
        identity = value.identity or made
        is_taken = any(identity == one.lease_key for one in self._current(connection))
        return self._parts.ids.new_id() if is_taken else identity

    def _current_of(self, connection: Connection, known: int) -> SyncConfiguration | None:
        text = connection.execute(_NEWEST, {"configuration": known}).scalar()
        return None if text is None else self._configuration(text)

    def _current(self, connection: Connection) -> tuple[SyncConfiguration, ...]:
        found = (self._current_of(connection, known) for known in connection.execute(_LIVING).scalars().all())
        return tuple(each for each in found if each is not None)

    def _endpoint(self, text: str) -> Endpoint:
        try:
            return read_endpoint(text)
        except DocumentError as error:
            raise self._unreadable("endpoint", error) from error

    def _configuration(self, text: str) -> SyncConfiguration:
        try:
            return read_configuration(text)
        except DocumentError as error:
            raise self._unreadable("configuration", error) from error

    def _unreadable(self, what: str, error: DocumentError) -> LedgerError:
        problem = f"it holds a definition of this kind that this program cannot read: {what} ({error})"
        return LedgerError(problem, str(self._database.path))


def systems_of(connection: Connection, seen: Mapping[str, str] = _NONE_SEEN) -> dict[str, str]:
    """Endpoint → the first endpoint that is the same system; those that are alone are not in it."""
    first: dict[str, str] = {}
    known = _identities(connection) | dict(seen)
    found = {name: first.setdefault(identity, name) for name, identity in known.items()}
    return {name: same for name, same in found.items() if list(found.values()).count(same) > 1}


def _identities(connection: Connection) -> dict[str, str]:
    """By endpoint, in the order in which they became known."""
    return dict(json.loads(fact(connection, _SYSTEMS) or "[]"))


def _keep_identities(connection: Connection, identities: Mapping[str, str]) -> None:
    put_fact(connection, _SYSTEMS, json.dumps(list(identities.items())))


def _forget_identity(connection: Connection, endpoint: str) -> None:
    known = _identities(connection)
    if known.pop(endpoint, None) is not None:
        _keep_identities(connection, known)


def made_identity(configuration: SyncConfiguration, endpoints: Iterable[Endpoint]) -> str:
    """What a new configuration is known by: the same for copies of one file, another one where systems differ."""
    systems = {
        one.name: [one.provider, sorted((k, repr(v)) for k, v in one.settings.items() if k != LEASE_SETTING)]
        for one in endpoints
    }
    text = json.dumps([configuration.name, *(systems.get(name) for name in (configuration.a, configuration.b))])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _forget_fields(connection: Connection, configuration: int) -> None:
    marks = tables.watermark
    mine = select(tables.entity.c.id).where(tables.entity.c.configuration_id == configuration)
    own = marks.c.entity_id.in_(mine)
    for (shape,) in connection.execute(select(marks.c.shape).where(own).distinct()).all():
        changed = update(marks).where(own, marks.c.shape == shape).values(shape=name_only(shape))
        connection.execute(changed)


def _rename_entity(connection: Connection, configuration: int, old: str, new: str) -> None:
    """What is kept for the entity has the new name. What an earlier entity of that name left behind takes the old."""
    mine = tables.entity.c.configuration_id == configuration
    for before, after in ((new, _ON_THE_WAY), (old, new), (_ON_THE_WAY, old)):
        connection.execute(update(tables.entity).where(mine, tables.entity.c.name == before).values(name=after))


def _forget_peers(connection: Connection, which: ColumnElement[bool]) -> None:
    """The sync records of these entities are gone, and all that is known of their sides."""
    mine = select(tables.entity.c.id).where(which).scalar_subquery()
    for table in (tables.conflict, tables.watermark, tables.held, tables.known_ids, tables.absence, tables.sync_record):
        connection.execute(delete(table).where(table.c.entity_id.in_(mine)))
    connection.execute(update(tables.entity).where(which).values(record_count=0))
