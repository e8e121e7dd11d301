"""What plugins there are, and whether their files are those that a person confirmed (RELIABILITY X16)."""

from __future__ import annotations

import hashlib
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.plugin_pin import PinState, PluginInfo, PluginPins, pin_state

GROUP = "desktop_sync.steps"
_SHOWN_DIGITS = 12
_AT_ONCE = 1 << 20


def plugin_names() -> tuple[str, ...]:
    """What the installed packages offer, sorted. Nothing of them is imported."""
    return tuple(sorted({point.name for point in _installed()}))


def entry_point(name: str) -> EntryPoint:
    """Raises ConfigurationError when no installed package offers it, or when what lies in the working folder would be
    taken for it."""
    found = [point for point in _installed() if point.name == name]
    if not found:
        offered = ", ".join(f'"{each}"' for each in plugin_names()) or "none"
        raise ConfigurationError(f'no installed package offers the plugin "{name}" (offered: {offered})', path="step")
    if any(_is_working_folder(place.parent) for place in _places(found[0])):
        text = f'the plugin "{name}" would be taken from the folder {Path.cwd()}, not from what is installed; start'
        raise ConfigurationError(f"{text} the program in another folder", path="step")
    return found[0]


def look_at(name: str, pins: PluginPins) -> PluginInfo:
    """The plugin as its files are now; nothing of it is imported. Raises ConfigurationError."""
    point = entry_point(name)
    digest = _digest(point)
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
    folder = next((str(place.parent) for place in _places(point)), "")
    return PluginInfo(name, package, folder, digest, pin_state(digest, pins.plugin_pin(name)))


def confirm(name: str, digest: str, pins: PluginPins) -> PluginInfo:
    """The plugin may run as a person saw it. Raises ConfigurationError where its files are others by now."""
    now = look_at(name, pins)
    if now.digest != digest:
        raise ConfigurationError(f'the plugin "{name}" was changed while you looked at it: look again', path="step")
    pins.pin_plugin(name, digest)
    return look_at(name, pins)


def refuse_unconfirmed(name: str, pins: PluginPins | None) -> PluginInfo:
    """Raises ConfigurationError unless the files are those that were confirmed."""
    if pins is None:
        raise ConfigurationError(f'the plugin "{name}" cannot be used here', path="step")
    found = look_at(name, pins)
    if found.state is not PinState.CONFIRMED:
        said = (
            "was changed since you allowed it" if found.state is PinState.CHANGED else "was not allowed on this machine"
        )
        raise ConfigurationError(
            f'the plugin "{name}" of {found.package} {said} (SHA-256 {short(found.digest)}): look at what lies in '
            f"{found.folder}, then switch its step on again",
            path="step",
        )
    return found


def short(digest: str) -> str:
    """Enough of a digest for people to compare."""
    return f"{digest[:_SHOWN_DIGITS]}…"


def _installed() -> list[EntryPoint]:
    return [
        point
        for point in entry_points(group=GROUP)
        if point.dist is None or not _is_working_folder(Path(str(point.dist.locate_file(""))))
    ]


def _is_working_folder(folder: Path) -> bool:
    return folder.resolve() == Path.cwd().resolve()


def _places(point: EntryPoint) -> list[Path]:
    """The folders of its package, or its one file. Imports nothing."""
    try:
        spec = find_spec(point.module.partition(".")[0])
    except ValueError:  # a module that was put together by hand has none
        spec = None
    if spec is None:
        return []
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    return places or ([Path(spec.origin)] if spec.origin else [])


def _digest(point: EntryPoint) -> str:
    found = hashlib.sha256()
    for place in _places(point):
        files = sorted(one for one in place.rglob("*") if one.is_file()) if place.is_dir() else [place]
        for file in files:
            if "__pycache__" in file.parts or not file.is_file():
                continue
            own = hashlib.sha256()
            with file.open("rb") as content:
                while part := content.read(_AT_ONCE):
                    own.update(part)
            name = file.relative_to(place.parent).as_posix()
            found.update(f"{len(name)}:{name}:{own.hexdigest()};".encode())
    found.update(point.value.encode())
    return found.hexdigest()
