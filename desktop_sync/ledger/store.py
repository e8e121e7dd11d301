"""What all stores of the ledger are made of."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, CursorResult, bindparam, insert, select

from desktop_sync.core.errors import BugError
from desktop_sync.core.ledger_values import EntityKey
from desktop_sync.core.ports import Clock, Ids
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.home_folder import HomeFolder
from desktop_sync.ledger.home_mark import HomeMark
from desktop_sync.ledger.id_block import IdBlock
from desktop_sync.ledger.instants import to_us
from desktop_sync.ledger.run_lock import RunLocks
from desktop_sync.ledger.tables import configuration, entity


@dataclass(frozen=True, slots=True)
class LedgerParts:
    """What the stores share."""

    home: HomeFolder
    database: Database
    clock: Clock
    ids: Ids
    id_block: IdBlock
    locks: RunLocks
    mark: HomeMark


class Store:
    """Base of the stores."""

    def __init__(self, parts: LedgerParts) -> None:
        self._parts = parts
        self._database = parts.database

    def _now_us(self) -> int:
        return to_us(self._parts.clock.now())


# Asked dozens of times a run, so they are put together once.
_CONFIGURATION_ID = select(configuration.c.id).where(
    configuration.c.name == bindparam("configuration"), configuration.c.deleted_at.is_(None)
)
_ENTITY_ID = select(entity.c.id).where(
    entity.c.configuration_id == _CONFIGURATION_ID.scalar_subquery(), entity.c.name == bindparam("entity")
)


_ENTITY_IDS = (
    select(entity.c.id)
    .join(configuration, configuration.c.id == entity.c.configuration_id)
    .where(configuration.c.deleted_at.is_(None))
    .order_by(entity.c.id)
)
_ENTITY_IDS_OF = _ENTITY_IDS.where(configuration.c.name == bindparam("configuration"))
OF_CONFIGURATION = select(entity.c.id).where(entity.c.configuration_id == _CONFIGURATION_ID.scalar_subquery())
"""For statements that are put together once: the ids of the entities of the living configuration that the parameter
`configuration` names."""


def configuration_id(connection: Connection, name: str) -> int | None:
    """The id of the living configuration of that name."""
    return connection.execute(_CONFIGURATION_ID, {"configuration": name}).scalar()


def make_configuration_id(connection: Connection, name: str) -> int:
    """The same, made where it is not there."""
    found = configuration_id(connection, name)
    if found is not None:
        return found
    return made_id(connection.execute(insert(configuration).values(name=name)))


def entity_id(connection: Connection, key: EntityKey) -> int | None:
    """The id of an entity, None before anything was kept for it."""
    return connection.execute(_ENTITY_ID, {"configuration": key.configuration, "entity": key.entity}).scalar()


def make_entity_id(connection: Connection, key: EntityKey) -> int:
    """The same, made where it is not there."""
    found = entity_id(connection, key)
    if found is not None:
        return found
    owner = make_configuration_id(connection, key.configuration)
    made = connection.execute(insert(entity).values(configuration_id=owner, name=key.entity, record_count=0))
    return made_id(made)


def entity_ids(connection: Connection, configuration_name: str = "", entity_name: str = "") -> list[int]:
    """The ids of the entities of living configurations, of all or of the one named, in order."""
    statement = _ENTITY_IDS_OF if configuration_name else _ENTITY_IDS
    if entity_name:
        statement = statement.where(entity.c.name == entity_name)
    named = {"configuration": configuration_name} if configuration_name else {}
    return list(connection.execute(statement, named).scalars())


def made_id(made: CursorResult[*tuple[object, ...]]) -> int:
    """The id that the database gave the row of an INSERT."""
    key = made.inserted_primary_key
    if key is None:
        raise BugError("a row got no id")
    return int(key[0])
