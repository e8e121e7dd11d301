"""What plugins there are, and that a person allows one as it is (SPEC §6, RELIABILITY X16)."""

from __future__ import annotations

from desktop_sync.core.configuration import StepKind, SyncConfiguration
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.plugin_pin import PinState, PluginInfo, PluginPins
from desktop_sync.services.session.plugin_files import confirm, look_at, plugin_names


class PluginService:
    """Any thread; reads the files of plugins and imports nothing of them."""

    def __init__(self, pins: PluginPins) -> None:
        self._pins = pins

    def names(self) -> tuple[str, ...]:
        """What the installed packages offer, sorted."""
        return plugin_names()

    def look(self, name: str) -> PluginInfo:
        """The plugin as it is now. Raises ConfigurationError when it is not offered."""
        return look_at(name, self._pins)

    def confirm(self, name: str, digest: str) -> PluginInfo:
        """It may run with these files, and with no others. Raises ConfigurationError where they changed meanwhile."""
        return confirm(name, digest, self._pins)

    def unconfirmed(self, configuration: SyncConfiguration) -> tuple[PluginInfo, ...]:
        """Plugins of steps that are on and would be refused; those that are not installed are not among them."""
        found = []
        for name in dict.fromkeys(
            step.plugin for step in configuration.steps if step.kind is StepKind.PLUGIN and step.enabled
        ):
            try:
                info = self.look(name)
            except ConfigurationError:
                continue
            if info.state is not PinState.CONFIRMED:
                found.append(info)
        return tuple(found)
