"""Configuration files: import, export, and reading without importing (SPEC §11)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop_sync.core import configuration_check, pipeline
from desktop_sync.core.configuration import Definitions, Endpoint, SettingValue, SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.finding import Finding, Level
from desktop_sync.core.ledger_port import DefinitionStore
from desktop_sync.core.ports import Secrets, SecretState
from desktop_sync.core.provider_port import SettingKind
from desktop_sync.core.trigger_check import AFTER_PATH, check_cycle
from desktop_sync.services.definition.definition_reader import DeclaredProviders, read_definitions
from desktop_sync.services.definition.definition_running import placed_arrivals
from desktop_sync.services.definition.definition_table import suggestion
from desktop_sync.services.definition.definition_text import parse_toml, read_definition_text
from desktop_sync.services.views import ImportReport

SQLITE_FILE = "sqlite:///"
Check = Callable[[SyncConfiguration], tuple[Finding, ...]]


class DefinitionFileService:
    """Brings definitions in from files and out to them. Nothing in a file runs, opens or connects to anything here.

    With `secrets`, an import tells which secrets the password store lacks;
    without, it names all that the file refers to. `check` says what keeps a configuration from being stored.
    """

    def __init__(
        self,
        store: DefinitionStore,
        providers: DeclaredProviders,
        secrets: Secrets | None = None,
        check: Check = configuration_check.check,
    ) -> None:
        self._store = store
        self._check = check
        self._providers = providers
        self._secrets = secrets

    def import_file(self, path: Path) -> ImportReport:
        """The file's endpoints and configurations are stored; those of the same names are replaced.

        All of it is checked before anything is stored. Relative paths start at the file's folder. A configuration that
        runs by itself (schedules, real time, other runs, files) comes in switched off, and the report names it:
        importing approves running by hand. Only one that is stored exactly so, with exactly these endpoints, keeps its
        switch; a stored one whose endpoint now reaches something else is switched off too. A step that runs a command,
        calls a URL or uses a plugin comes in switched off unless just that step is stored and enabled. May be repeated.
        Raises ConfigurationError.
        """
        base_folder = str(path.resolve().parent)
        if any("\ud800" <= letter <= "\udfff" for letter in base_folder):
            # Neither the ledger nor an exported file could hold it, and what stands beside the file starts there.
            problem = "the name of the folder that it stands in is no text; rename the folder"
            raise ConfigurationError(problem, path=path.name)
        definitions = self.parse(read_definition_text(path), path.name)
        placed = tuple(placed_arrivals(configuration, base_folder) for configuration in definitions.configurations)
        definitions = dataclasses.replace(definitions, configurations=placed)
        for configuration in definitions.configurations:
            self._refuse_errors(configuration, path.name)
        self._refuse_cycles(definitions, path.name)
        moved = self._moved(definitions.endpoints, base_folder)
        stored = {configuration.name: configuration for configuration in self._store.configurations()}
        for endpoint in definitions.endpoints:
            self._store.save_endpoint(endpoint, base_folder)
        switched_off: list[str] = []
        steps_off: list[tuple[str, str]] = []
        imported = {configuration.name: configuration for configuration in definitions.configurations}
        for name, configuration in (stored | imported).items():
            harmless, off = pipeline.approved(configuration, stored.get(name))
            steps_off += [(name, step) for step in off]
            approved = _approved(harmless, stored.get(name), moved)
            if name in imported or approved != configuration:
                self._store.save_configuration(approved)
            if configuration.enabled and not approved.enabled:
                switched_off.append(name)
        return ImportReport(
            endpoints=tuple(endpoint.name for endpoint in definitions.endpoints),
            configurations=tuple(configuration.name for configuration in definitions.configurations),
            needs_secrets=self._missing_secrets(definitions.endpoints),
            switched_off=tuple(switched_off),
            steps_off=tuple(steps_off),
        )

    def parse(self, text: str, source: str) -> Definitions:
        """The definitions that the text holds; nothing is stored. `source` names the file in messages.

        Configurations may refer to endpoints of the text and to stored ones. Raises ConfigurationError.
        """
        known = [endpoint.name for endpoint in self._store.endpoints()]
        return read_definitions(parse_toml(text, source), source, self._providers, known)

    def export(self, names: Sequence[str] = ()) -> str:
        """TOML of the configurations of these names with the endpoints they use, or of everything without names.

        A name may also be an endpoint's. Holds no secrets. Paths are absolute where the folder that they start at is
        known, so that the text means the same wherever it is kept. Raises ConfigurationError for an unknown name.
        """
        # The TOML writer takes a while to import; only an export needs it.
        from desktop_sync.services.definition.definition_writer import write_definitions

        endpoints = {endpoint.name: endpoint for endpoint in self._store.endpoints()}
        configurations = {configuration.name: configuration for configuration in self._store.configurations()}
        used = set(names)
        for name in names:
            if name in configurations:
                used |= {configurations[name].a, configurations[name].b}
            elif name not in endpoints:
                known = [*configurations, *endpoints]
                raise ConfigurationError(
                    f'there is no configuration and no endpoint "{name}"{suggestion(name, known)}', path="export"
                )
        return write_definitions(
            Definitions(
                tuple(self._placed(endpoint) for name, endpoint in endpoints.items() if not names or name in used),
                tuple(each for name, each in configurations.items() if not names or name in names),
            )
        )

    def _refuse_errors(self, configuration: SyncConfiguration, source: str) -> None:
        # What starts each other is looked at in all of the file together, not beside what it replaces.
        found = (finding for finding in self._check(configuration) if finding.path != AFTER_PATH)
        errors = [finding for finding in found if finding.level is Level.ERROR]
        if not errors:
            return
        first, others = errors[0], len(errors) - 1
        where = [f'{source}: configuration "{configuration.name}"']
        if first.entity:
            where.append(f'entity "{first.entity}"')
        if first.field_index is not None:
            where.append(f"field {first.field_index + 1}")
        more = f" ({others} more such findings)" if others else ""
        raise ConfigurationError(first.message + more, path=", ".join(where))

    def _refuse_cycles(self, definitions: Definitions, source: str) -> None:
        """Raises ConfigurationError where runs, those of the file included, would start each other for ever."""
        known = {one.name: one for one in (*self._store.configurations(), *definitions.configurations)}
        for configuration in definitions.configurations:
            for finding in check_cycle(configuration, known.values()):
                raise ConfigurationError(finding.message, path=f'{source}: configuration "{configuration.name}"')

    def _moved(self, endpoints: Sequence[Endpoint], base_folder: str) -> frozenset[str]:
        """Names of those that are not stored exactly so: what they reach has not been approved yet."""
        stored = {endpoint.name: endpoint for endpoint in self._store.endpoints()}
        return frozenset(
            endpoint.name
            for endpoint in endpoints
            if stored.get(endpoint.name) != endpoint or self._store.base_folder(endpoint.name) != base_folder
        )

    def _placed(self, endpoint: Endpoint) -> Endpoint:
        base_folder = self._store.base_folder(endpoint.name)
        if not base_folder or endpoint.provider not in self._providers.names():
            return endpoint
        declared = self._providers.get(endpoint.provider).settings
        paths = {setting.key for setting in declared if setting.kind in (SettingKind.FILE, SettingKind.FOLDER)}
        settings: dict[str, SettingValue] = {
            key: _absolute(base_folder, value, key in paths) if isinstance(value, str) else value
            for key, value in endpoint.settings.items()
        }
        return dataclasses.replace(endpoint, settings=settings)

    def _missing_secrets(self, endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
        names = dict.fromkeys(name for endpoint in endpoints for name in endpoint.secret_names)
        secrets = self._secrets
        if secrets is None:
            return tuple(names)
        return tuple(name for name in names if secrets.read(name).state is SecretState.ABSENT)


def _absolute(base_folder: str, value: str, is_path: bool) -> str:
    """The value, with a path made absolute: a plain one, or that in the address of an SQLite file."""
    if is_path and value:
        return str(Path(base_folder, value))
    scheme, separator, path = value.partition(SQLITE_FILE)
    if separator and not scheme and path and not path.startswith(":"):
        return SQLITE_FILE + str(Path(base_folder, path))
    return value


def _approved(
    configuration: SyncConfiguration, stored: SyncConfiguration | None, moved: frozenset[str]
) -> SyncConfiguration:
    """What an import may store: switched on only if nothing but a person starts it, or when a person had switched on
    just this."""
    if not configuration.runs_by_itself or not configuration.enabled:
        return configuration
    is_known = stored is not None and dataclasses.replace(configuration, version=stored.version) == stored
    if is_known and configuration.a not in moved and configuration.b not in moved:
        return configuration
    return dataclasses.replace(configuration, enabled=False)
