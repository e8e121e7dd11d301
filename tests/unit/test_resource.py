"""A resource is found in the checkout and in an installed wheel by the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_sync import resource


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packed resources of a pretended installation, beside which a checkout's folder lies too."""
    for name in ("packed/icons/sync.svg", "checkout/icons/sync.svg", "checkout/only here"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(resource, "_PACKED", tmp_path / "packed")
    monkeypatch.setattr(resource, "_CHECKOUT", tmp_path / "checkout")
    return tmp_path


def test_the_packed_resources_of_a_wheel_come_first(installed: Path) -> None:
    assert resource.resource_path("icons/sync.svg") == installed / "packed" / "icons" / "sync.svg"


def test_a_checkout_uses_its_own_folder(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "_PACKED", installed / "not there")
    assert resource.resource_path("icons/sync.svg") == installed / "checkout" / "icons" / "sync.svg"


def test_a_resource_that_is_not_there_is_named(installed: Path) -> None:
    with pytest.raises(FileNotFoundError, match="'only here' is not in"):
        resource.resource_path("only here")


@pytest.mark.scenario("X20")
@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "icons/../../x", "..\\x"])
def test_a_name_that_leads_out_of_the_folder_is_refused(installed: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a resource"):
        resource.resource_path(name)


def test_this_checkout_has_its_icons() -> None:
    assert resource.resource_path("icons").is_dir()
