"""The endpoint wizard as a state machine without a screen."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from desktop_sync.core.configuration import Endpoint, SecretReference, SettingValue, Webhook
from desktop_sync.core.configuration_check import name_problem
from desktop_sync.core.provider_port import Setting, SettingKind
from desktop_sync.core.setting_check import setting_problem


class EndpointPage(enum.Enum):
    KIND = "kind"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class EndpointSetup:
    """An endpoint in the making. `secrets` are typed and not stored yet, by setting key; repr never shows them.

    `original` is the name of the endpoint that is edited, or empty; its name and kind stay.
    """

    page: EndpointPage = EndpointPage.KIND
    provider: str = ""
    declared: tuple[Setting, ...] = ()
    name: str = ""
    values: Mapping[str, SettingValue] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    original: str = ""
    taken_names: frozenset[str] = frozenset()
    webhook: Webhook | None = None

    def of_kind(self, provider: str, label: str, declared: tuple[Setting, ...]) -> EndpointSetup:
        """With that provider and its defaults; what was filled in for another kind is dropped."""
        if provider == self.provider:
            return self
        defaults = {item.key: item.default for item in declared}
        values: dict[str, SettingValue] = {key: value for key, value in defaults.items() if value not in (None, "")}
        name = self.name or label
        number = 2
        while name in self.taken_names:
            name = f"{self.name or label} {number}"
            number += 1
        return replace(self, provider=provider, declared=declared, values=values, secrets={}, name=name)

    def named(self, name: str) -> EndpointSetup:
        return replace(self, name=name.strip())

    def with_value(self, key: str, value: SettingValue | None) -> EndpointSetup:
        """With a plain setting; None or an empty text takes it away."""
        values = {other: kept for other, kept in self.values.items() if other != key}
        if value is not None and value != "":
            values[key] = value
        return replace(self, values=values)

    def with_secret(self, key: str, secret: str) -> EndpointSetup:
        """With a secret just typed; empty means the stored one, if there is one."""
        secrets = {other: kept for other, kept in self.secrets.items() if other != key}
        if secret:
            secrets[key] = secret
        return replace(self, secrets=secrets)

    def has_stored_secret(self, key: str) -> bool:
        return isinstance(self.values.get(key), SecretReference)

    def problems(self) -> dict[str, str]:
        """What is wrong, as sentences by setting key; the key of the name is `name:`, which no setting has."""
        found: dict[str, str] = {}
        problem = name_problem(self.name)
        if not problem and self.name != self.original and self.name in self.taken_names:
            problem = f'There is an endpoint "{self.name}" already.'
        if problem:
            found["name:"] = problem
        for setting in self.declared:
            if setting.kind is SettingKind.SECRET and setting.key in self.secrets:
                continue
            clause = setting_problem(setting, self.values.get(setting.key))
            if clause:
                found[setting.key] = f"{clause[:1].upper()}{clause[1:]}."
        return found

    @property
    def can_go_on(self) -> bool:
        """From the page of kinds to the settings, or from the settings to saving."""
        return bool(self.provider) if self.page is EndpointPage.KIND else not self.problems()

    def next(self) -> EndpointSetup:
        return replace(self, page=EndpointPage.SETTINGS) if self.can_go_on else self

    def back(self) -> EndpointSetup:
        """On the page of kinds; unmoved while an endpoint is edited, whose kind stays."""
        return self if self.original else replace(self, page=EndpointPage.KIND)

    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.provider, dict(self.values), self.webhook)


def edit(endpoint: Endpoint, declared: tuple[Setting, ...], taken_names: frozenset[str]) -> EndpointSetup:
    """A setup for an endpoint that is there already."""
    return EndpointSetup(
        EndpointPage.SETTINGS, endpoint.provider, declared, endpoint.name, dict(endpoint.settings), {}, endpoint.name,
        taken_names, endpoint.webhook,
    )  # fmt: skip
