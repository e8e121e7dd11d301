"""`desktop-sync check NAME`"""

from __future__ import annotations

from desktop_sync.cli.arguments import add_name
from desktop_sync.cli.command import Command, Invocation
from desktop_sync.cli.commands.bind import binding_document, binding_lines
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.core.errors import ConfigurationError, EndpointError
from desktop_sync.services.views import BindingReport, Finding, Level


def _execute(invocation: Invocation) -> int:
    configurations = invocation.application.configurations
    configuration = configurations.get(invocation.arguments.name)
    findings = configurations.check_live(configuration)
    output, binding = invocation.output, _binding(invocation, configuration.name)
    if output.is_json:
        output.document(
            {
                "configuration": configuration.name,
                "findings": [_document(each, configuration) for each in findings],
                "binding": None if binding is None else binding_document(binding),
            }
        )
    else:
        for finding in findings:
            place = ", ".join(part for part in (finding.entity, _field(finding, configuration)) if part)
            output.line(f"{finding.level.value}: {place + ': ' if place else ''}{finding.message}")
        if not findings:
            output.line(f"{configuration.name} can run as it is.")
        if binding is not None and (binding.mode is not None or binding.leases):
            for line in binding_lines(binding):
                output.line(line)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if not errors:
        return ExitCode.DONE
    return ExitCode.ENDPOINT if all(error.is_unusable for error in errors) else ExitCode.CONFIGURATION


def _binding(invocation: Invocation, name: str) -> BindingReport | None:
    """Whose the configuration is; None where an endpoint cannot be opened, which the findings say."""
    try:
        return invocation.application.bindings.look(name)
    except (EndpointError, ConfigurationError):
        return None


def _field(finding: Finding, configuration: SyncConfiguration) -> str:
    entity = configuration.entity(finding.entity)
    if entity is None or finding.field_index is None or finding.field_index >= len(entity.fields):
        return ""
    mapping = entity.fields[finding.field_index]
    return f"field {mapping.a or mapping.b}"


def _document(finding: Finding, configuration: SyncConfiguration) -> dict[str, Json]:
    return {
        "level": finding.level.value,
        "message": finding.message,
        "entity": finding.entity,
        "field": _field(finding, configuration).removeprefix("field "),
        "path": finding.path,
    }


CHECK = Command("check", "tell what is wrong with a configuration, looking at both endpoints", add_name, _execute)
