"""The wizards for endpoints and sync configurations. Both are opened, never executed, and say `saved` with a name."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import Endpoint, SyncConfiguration
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import JobRunner
from desktop_sync.ui.wizards.configuration.dialog import ConfigurationWizard
from desktop_sync.ui.wizards.endpoint.dialog import EndpointWizard

__all__ = ["ConfigurationWizard", "EndpointWizard", "open_configuration_wizard", "open_endpoint_wizard"]


def open_endpoint_wizard(
    parent: QWidget | None, application: Application, jobs: JobRunner, endpoint: Endpoint | None = None
) -> EndpointWizard:
    """The wizard is shown. `saved` carries the endpoint's name. Window's thread."""
    wizard = EndpointWizard(application, jobs, endpoint, parent)
    wizard.open()
    return wizard


def open_configuration_wizard(
    parent: QWidget | None, application: Application, jobs: JobRunner, configuration: SyncConfiguration | None = None
) -> ConfigurationWizard:
    """The wizard is shown. `saved` carries the configuration's name; `preview_wanted` follows "Save and preview"."""
    wizard = ConfigurationWizard(application, jobs, configuration, parent)
    wizard.open()
    return wizard
