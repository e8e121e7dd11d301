"""What the window remembers, and what it looks like."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop_sync.resource import resource_path
from desktop_sync.ui.icons import pixmap
from desktop_sync.ui.memory import WindowMemory
from desktop_sync.ui.preferences import read_preferences
from desktop_sync.ui.theme import Theme, ThemeChoice
from desktop_sync.ui.widgets.message_bar import MessageBar


def test_what_was_kept_is_there_in_the_next_start(tmp_path: Path) -> None:
    first = WindowMemory(tmp_path)
    first.set_text("window/chosen", "Customers & Co., “x”")
    first.set_state("window/geometry", QByteArray(b"\x00\x01geometry"))
    first.set_flag("asked", True)
    first.keep()
    second = WindowMemory(tmp_path)
    assert second.text("window/chosen") == "Customers & Co., “x”"
    assert second.state("window/geometry") == QByteArray(b"\x00\x01geometry")
    assert second.flag("asked")
    second.forget("asked")
    assert not second.flag("asked")


@pytest.mark.scenario("X21")
def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    memory = WindowMemory(tmp_path / "home")
    memory.set_text("a", "b")
    memory.keep()
    assert stat.S_IMODE((tmp_path / "home" / "window.ini").stat().st_mode) == 0o600


def test_a_damaged_file_counts_as_no_memory(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_bytes(b"[window\ngeometry=@ByteArray(\n\xff\xfe theme=purple")
    memory = WindowMemory(tmp_path)
    assert memory.state("window/geometry") is None
    assert read_preferences(memory).theme is ThemeChoice.SYSTEM


def test_an_unknown_theme_is_the_systems(tmp_path: Path) -> None:
    memory = WindowMemory(tmp_path)
    memory.set_text("window/theme", "purple")
    assert read_preferences(memory).theme is ThemeChoice.SYSTEM


def test_a_change_of_scheme_reaches_palette_and_stylesheet(qapp: QApplication, theme: Theme, qtbot: QtBot) -> None:
    light = qapp.palette().color(QPalette.ColorRole.Window)
    with qtbot.waitSignal(theme.changed, timeout=1000):
        theme.choose(ThemeChoice.DARK)
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() < 60 < light.lightness()
    assert theme.colours.window in qapp.styleSheet()
    with qtbot.assertNotEmitted(theme.changed):
        theme.choose(ThemeChoice.DARK)
    theme.choose(ThemeChoice.LIGHT)


def test_every_image_that_the_stylesheet_names_is_there(qapp: QApplication, theme: Theme) -> None:
    import re

    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme.choose(choice)
        named = re.findall(r'url\("([^"]+)"\)', qapp.styleSheet())
        assert named
        assert all(Path(path).is_file() for path in named)


@pytest.mark.parametrize("path", sorted(resource_path("icons").glob("*.svg")), ids=lambda path: path.stem)
def test_every_icon_paints_something(qapp: QApplication, path: Path) -> None:
    image = pixmap(path.stem, "#ff0000", 24).toImage()
    painted = sum(image.pixelColor(x, y).alpha() > 0 for x in range(image.width()) for y in range(image.height()))
    assert painted > 20


def test_the_tray_has_every_state_for_light_and_dark() -> None:
    for state in ("ok", "running", "paused", "attention"):
        for scheme in ("light", "dark"):
            assert resource_path(f"icons/tray-{state}-{scheme}.svg").is_file()


@pytest.mark.scenario("X23")
def test_a_message_shows_markup_as_text_and_can_be_closed(qtbot: QtBot, theme: Theme) -> None:
    bar = MessageBar(theme)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    bar.say("<b>not bold</b>")
    assert not bar.isHidden()
    label = next(label for label in bar.findChildren(QLabel) if label.text())
    assert label.textFormat() is Qt.TextFormat.PlainText
    qtbot.mouseClick(bar._close, Qt.MouseButton.LeftButton)
    assert bar.text == ""
