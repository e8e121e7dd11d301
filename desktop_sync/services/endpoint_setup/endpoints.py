"""Endpoints: set up, tried, opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from desktop_sync.core import capability_text
from desktop_sync.core.configuration import Endpoint, SecretReference, SettingValue
from desktop_sync.core.errors import ConfigurationError, MissingError, Place, SecretUnavailableError
from desktop_sync.core.ledger_port import DefinitionStore
from desktop_sync.core.ports import Secrets, SecretState
from desktop_sync.core.provider_port import (
    EndpointReport,
    EndpointSession,
    ExplainedProvider,
    FileKeeper,
    OpenContext,
    Provider,
    ReadRequest,
    Setting,
    SettingKind,
    StructureSummary,
)
from desktop_sync.core.setting_check import setting_problem
from desktop_sync.core.structure import Structure
from desktop_sync.core.text_order import text_key
from desktop_sync.services.endpoint_setup.cell_text import text_rows
from desktop_sync.services.session.clocks import ClockDoctor
from desktop_sync.services.views import ProviderInfo, SampleTable

PlainSettings = dict[str, str | int | float | bool]
NO_SECRETS: Mapping[str, str] = {}


SECRET_REST_S = 60.0
"""So long a secret that could not be had is not asked for again by runs that nobody asks for."""

_NEVER: tuple[float, SecretUnavailableError | None] = (0.0, None)


class ProviderRegistry(Protocol):
    """The providers that this installation has."""

    def names(self) -> tuple[str, ...]:
        """Sorted."""

    def get(self, name: str) -> Provider:
        """Raises ConfigurationError when there is no provider of that name."""


class EndpointService:
    """Every method blocks, may be called from any thread, and raises errors of `core.errors`."""

    def __init__(
        self,
        store: DefinitionStore,
        registry: ProviderRegistry,
        secrets: Secrets,
        doctor: ClockDoctor | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`doctor` measures the clocks of endpoints that are tested."""
        self._monotonic_s = monotonic_s
        self._lacking: dict[str, tuple[float, SecretUnavailableError]] = {}
        self._doctor = doctor
        self._store = store
        self._registry = registry
        self._secrets = secrets

    def providers(self) -> tuple[ProviderInfo, ...]:
        """What endpoints can be made of, by label."""
        infos = [provider_info(self._registry.get(name)) for name in self._registry.names()]
        return tuple(sorted(infos, key=lambda info: text_key(info.label)))

    def list(self) -> tuple[Endpoint, ...]:
        """All endpoints, by name."""
        return tuple(sorted(self._store.endpoints(), key=lambda endpoint: text_key(endpoint.name)))

    def get(self, name: str) -> Endpoint:
        """Raises ConfigurationError when there is none of that name."""
        for endpoint in self._store.endpoints():
            if endpoint.name == name:
                return endpoint
        raise ConfigurationError("there is no endpoint of this name", Place(endpoint=name), path="endpoint")

    def test(self, endpoint: Endpoint, secrets: Mapping[str, str] = NO_SECRETS) -> EndpointReport:
        """What works, without writing anything and without storing the secrets given by setting key."""
        with closing(self._open(endpoint, secrets)) as session:
            report = session.test()
            if self._doctor is None:
                return report
            is_known = any(known == endpoint for known in self._store.endpoints())
            reading = self._doctor.read(endpoint.name, session, keeps=is_known)
        if not reading.samples:
            return report
        shift = reading.shift
        notes = (*report.notes, reading.alarm) if reading.alarm else report.notes
        return replace(report, clock_shift_s=shift.shift_us / 1e6, clock_error_s=shift.error_us / 1e6, notes=notes)

    def save(self, endpoint: Endpoint, secrets: Mapping[str, str] = NO_SECRETS) -> Endpoint:
        """Checked and kept, replacing the one of that name; typed secrets go to the password store first.

        Raises ConfigurationError for unusable settings and SecretUnavailableError when the password store does not
        take a secret; then nothing is kept. The endpoint returned holds references instead of secrets.
        """
        if not endpoint.name.strip():
            raise ConfigurationError("the endpoint needs a name", path="endpoint.name")
        if endpoint.name != endpoint.name.strip():
            endpoint = replace(endpoint, name=endpoint.name.strip())
        provider = self._registry.get(endpoint.provider)
        settings: dict[str, SettingValue] = dict(endpoint.settings)
        chosen: dict[str, str] = {}
        for setting in provider.settings:
            if setting.kind is SettingKind.SECRET and secrets.get(setting.key):
                reference = self._reference(endpoint, setting)
                settings[setting.key] = SecretReference(reference)
                chosen[reference] = secrets[setting.key]
        kept = replace(endpoint, settings=settings)
        check_settings(provider, kept)
        if isinstance(provider, FileKeeper):  # it can say without opening anything that settings do not go together
            provider.place(_plain_context(kept, self._base_folder(kept.name)))
        for reference, value in chosen.items():
            state = self._secrets.write(reference, value)
            if state is not SecretState.AVAILABLE:
                raise SecretUnavailableError(reference, state.name)
        self._store.save_endpoint(kept, self._base_folder(kept.name))
        return kept

    def delete(self, name: str) -> None:
        """Gone, with the secrets that were stored for it alone. Raises ConfigurationError while it is used."""
        endpoint = self.get(name)
        self._store.delete_endpoint(name)
        still_used = {used for other in self._store.endpoints() for used in other.secret_names}
        for name in endpoint.secret_names:
            if name not in still_used:
                self._secrets.delete(name)

    def structures(self, name: str) -> tuple[StructureSummary, ...]:
        with closing(self.open(name)) as session:
            return session.structures()

    def describe(self, name: str, structure: str) -> Structure:
        with closing(self.open(name)) as session:
            return session.describe(structure)

    def sample(self, name: str, structure: str, limit: int = 5) -> SampleTable:
        """The first few records as text, in the endpoint's order."""
        with closing(self.open(name)) as session:
            described = session.describe(structure)
            request = ReadRequest(described, described.field_names, limit=limit)
            rows = text_rows(session.read(request))
        return SampleTable(described.field_names, tuple(rows[:limit]))

    def create_structure(self, name: str, structure: Structure) -> None:
        """The structure is there, empty. Raises ConfigurationError when it exists or the endpoint cannot make any."""
        with closing(self.open(name)) as session:
            if not session.capabilities.can_create_structures:
                raise ConfigurationError(
                    "this endpoint cannot create structures; create it there and come back",
                    Place(endpoint=name, structure=structure.name),
                )
            session.create_structure(structure)

    def open(self, name: str) -> EndpointSession:
        """A session; close it. Raises SecretUnavailableError when the password store does not give a secret."""
        return self._open(self.get(name), NO_SECRETS)

    def provider(self, name: str) -> ProviderInfo:
        """The provider of that name. Raises ConfigurationError when this installation has none."""
        return provider_info(self._registry.get(name))

    def has_structure(self, name: str, structure: str) -> bool:
        try:
            self.describe(name, structure)
        except MissingError:
            return False
        return True

    def keeper(self, name: str) -> tuple[FileKeeper, OpenContext] | None:
        """Who knows the files that the endpoint is, and what to ask with; None where it is none of files."""
        endpoint = self.get(name)
        provider = self._registry.get(endpoint.provider)
        if not isinstance(provider, FileKeeper):
            return None
        return provider, _plain_context(endpoint, self._store.base_folder(endpoint.name))

    def check_secrets(self, name: str) -> None:
        """The secrets that the endpoint is opened with can be had. Raises SecretUnavailableError. May take long."""
        for value in self.get(name).settings.values():
            if isinstance(value, SecretReference):
                self._secret(value.name)

    def lacks(self, name: str) -> SecretUnavailableError | None:
        """What could not be had a moment ago of the secrets that the endpoint is opened with. Asks nobody."""
        now_s = self._monotonic_s()
        for value in self.get(name).settings.values():
            at_s, error = self._lacking.get(value.name, _NEVER) if isinstance(value, SecretReference) else _NEVER
            if error is not None and 0 <= now_s - at_s < SECRET_REST_S:
                return error
        return None

    def needs_network(self, name: str) -> bool:
        """Whether the endpoint is on another machine."""
        return self._registry.get(self.get(name).provider).capabilities.needs_network

    def _open(self, endpoint: Endpoint, secrets: Mapping[str, str]) -> EndpointSession:
        provider = self._registry.get(endpoint.provider)
        typed = {key for key, value in secrets.items() if value}
        check_settings(provider, endpoint, typed)
        settings = self._resolve(endpoint, {key: secrets[key] for key in typed})
        return provider.open(OpenContext(endpoint.name, settings, self._base_folder(endpoint.name)))

    def _resolve(self, endpoint: Endpoint, typed: Mapping[str, str]) -> PlainSettings:
        declared = self._registry.get(endpoint.provider).settings
        settings: PlainSettings = {item.key: item.default for item in declared if item.default is not None}
        for key, value in endpoint.settings.items():
            if key in typed:
                continue
            if not isinstance(value, SecretReference):
                settings[key] = value
                continue
            settings[key] = self._secret(value.name)
        return {**settings, **typed}

    def _secret(self, name: str) -> str:
        reading = self._secrets.read(name)
        if reading.state is not SecretState.AVAILABLE or reading.value is None:
            error = SecretUnavailableError(name, reading.state.name)
            self._lacking[name] = (self._monotonic_s(), error)
            raise error
        self._lacking.pop(name, None)
        return reading.value

    def _base_folder(self, name: str) -> str:
        known = any(endpoint.name == name for endpoint in self._store.endpoints())
        return self._store.base_folder(name) if known else ""

    def _reference(self, endpoint: Endpoint, setting: Setting) -> str:
        """The name to keep a secret under: the one it has, unless another endpoint shares it."""
        own = f"{endpoint.name} {setting.label}"
        value = endpoint.settings.get(setting.key)
        if not isinstance(value, SecretReference) or value.name == own:
            return own
        shared = any(
            value in other.settings.values() for other in self._store.endpoints() if other.name != endpoint.name
        )
        return own if shared else value.name


def _plain_context(endpoint: Endpoint, base_folder: str) -> OpenContext:
    """What files are found with: all settings but the secrets."""
    plain = {key: value for key, value in endpoint.settings.items() if not isinstance(value, SecretReference)}
    return OpenContext(endpoint.name, plain, base_folder)


def provider_info(provider: Provider) -> ProviderInfo:
    return ProviderInfo(
        provider.name,
        provider.label,
        provider.settings,
        provider.capabilities,
        capability_text.limits(provider.capabilities),
        provider.explanation if isinstance(provider, ExplainedProvider) else "",
    )


def check_settings(provider: Provider, endpoint: Endpoint, typed: set[str] | None = None) -> None:
    """Raises ConfigurationError, with the setting's path, for the first setting that cannot be used.

    `typed` are keys of secrets that are given beside the settings.
    """
    declared = {setting.key: setting for setting in provider.settings}
    for key in endpoint.settings:
        if key not in declared:
            known = ", ".join(declared) or "none"
            raise ConfigurationError(
                f'"{key}" is no setting of {provider.label}; its settings are: {known}',
                Place(endpoint=endpoint.name),
                path=f"settings.{key}",
            )
    for setting in provider.settings:
        value = endpoint.settings.get(setting.key)
        if setting.key in (typed or ()):
            continue
        problem = setting_problem(setting, value)
        if problem:
            raise ConfigurationError(problem, Place(endpoint=endpoint.name), path=f"settings.{setting.key}")
