"""Whether the settings of an endpoint can be used, as far as their declaration says."""

from __future__ import annotations

from desktop_sync.core.configuration import SecretReference, SettingValue
from desktop_sync.core.provider_port import Setting, SettingKind


def setting_problem(setting: Setting, value: SettingValue | None) -> str:
    """Why the value does not do for the setting, as a clause for people; empty when it does."""
    if value is None or value == "":
        return f'"{setting.label}" is needed' if setting.is_required and setting.default in (None, "") else ""
    if isinstance(value, SecretReference):
        return "" if setting.kind is SettingKind.SECRET else f'"{setting.label}" is not kept in the password store'
    match setting.kind:
        case SettingKind.SECRET:
            return f'"{setting.label}" must be kept in the password store, not in the settings'
        case SettingKind.NUMBER:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return "" if is_number else f'"{setting.label}" must be a number'
        case SettingKind.FLAG:
            return "" if isinstance(value, bool) else f'"{setting.label}" must be yes or no'
        case SettingKind.CHOICE:
            offered = [choice for choice, _ in setting.choices]
            return "" if value in offered else f'"{setting.label}" must be one of: {", ".join(offered)}'
        case _:
            return "" if isinstance(value, str) else f'"{setting.label}" must be a text'
