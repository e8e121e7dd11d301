"""One installed plugin, in memory, that can be changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_sync.core.configuration import StepKind, SyncConfiguration
from desktop_sync.core.plugin_pin import PinState, PluginInfo, pin_state


@dataclass
class FakePlugins:
    """`digest` is that of its files as they are, `pins` what was confirmed."""

    digest: str = "ab" * 32
    pins: dict[str, str] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        return ("clean_addresses",)

    def look(self, name: str) -> PluginInfo:
        state = pin_state(self.digest, self.pins.get(name, ""))
        return PluginInfo(name, "address-tools 2.1", "/usr/lib/python3/dist-packages", self.digest, state)

    def confirm(self, name: str, digest: str) -> PluginInfo:
        self.pins[name] = digest
        return self.look(name)

    def unconfirmed(self, configuration: SyncConfiguration) -> tuple[PluginInfo, ...]:
        used = [step.plugin for step in configuration.steps if step.kind is StepKind.PLUGIN and step.enabled]
        return tuple(info for info in map(self.look, used) if info.state is not PinState.CONFIRMED)
