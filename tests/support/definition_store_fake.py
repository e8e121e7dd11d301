"""A DefinitionStore in memory, and providers that only declare settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.core.provider_port import Setting, SettingKind

EACH_ITS_OWN: Mapping[str, str] = {}


class MemoryDefinitionStore:
    def __init__(self) -> None:
        self.endpoint_by_name: dict[str, Endpoint] = {}
        self.folder_by_name: dict[str, str] = {}
        self.configuration_by_name: dict[str, SyncConfiguration] = {}

    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(self.endpoint_by_name[name] for name in sorted(self.endpoint_by_name))

    def configurations(self) -> tuple[SyncConfiguration, ...]:
        return tuple(self.configuration_by_name[name] for name in sorted(self.configuration_by_name))

    def base_folder(self, endpoint: str) -> str:
        return self.folder_by_name.get(endpoint, "")

    def systems(self, seen: Mapping[str, str] = EACH_ITS_OWN) -> dict[str, str]:
        return {}

    def keep_systems(self, identities: Mapping[str, str]) -> None:
        """Each endpoint is a system of its own here."""

    def save_endpoint(self, endpoint: Endpoint, base_folder: str = "") -> None:
        self.endpoint_by_name[endpoint.name] = endpoint
        self.folder_by_name[endpoint.name] = base_folder

    def save_configuration(self, configuration: SyncConfiguration) -> SyncConfiguration:
        kept = self.configuration_by_name.get(configuration.name)
        if kept is None:
            kept = dataclasses.replace(configuration, version=1)
        elif dataclasses.replace(configuration, version=kept.version) != kept:
            kept = dataclasses.replace(configuration, version=kept.version + 1)
        self.configuration_by_name[configuration.name] = kept
        return kept

    def rename_configuration(self, name: str, new_name: str) -> None:
        kept = self.configuration_by_name.pop(name)
        self.configuration_by_name[new_name] = dataclasses.replace(kept, name=new_name)

    def delete_endpoint(self, name: str) -> None:
        del self.endpoint_by_name[name]

    def delete_configuration(self, name: str) -> None:
        del self.configuration_by_name[name]

    def reset_peering(self, configuration: str, entity: str) -> None:
        assert self.configuration_by_name[configuration].entity(entity) is not None


@dataclass(frozen=True, slots=True)
class SettingsOnlyProvider:
    name: str
    settings: tuple[Setting, ...]


SQL = SettingsOnlyProvider(
    "sql",
    (
        Setting("url", "Address", is_required=True),
        Setting("user", "User"),
        Setting("password", "Password", SettingKind.SECRET),
        Setting("timeout_s", "Time limit", SettingKind.NUMBER),
        Setting("ssl", "Encrypted", SettingKind.FLAG),
    ),
)
CSV = SettingsOnlyProvider(
    "csv",
    (
        Setting("folder", "Folder", SettingKind.FOLDER, is_required=True),
        Setting("delimiter", "Delimiter", SettingKind.CHOICE, choices=((",", "comma"), (";", "semicolon"))),
    ),
)


class SettingsOnlyRegistry:
    def names(self) -> tuple[str, ...]:
        return ("csv", "sql")

    def get(self, name: str) -> SettingsOnlyProvider:
        return {"csv": CSV, "sql": SQL}[name]


PROVIDERS = SettingsOnlyRegistry()
