"""Icons: one-colour SVG drawings of `resources/icons`, tinted in the scheme's colours and sharp at any scale."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop_sync.resource import resource_path


@cache
def _drawing(name: str) -> str:
    return resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")


def tinted(name: str, colour: str) -> QByteArray:
    """The drawing with its `currentColor` replaced."""
    return QByteArray(_drawing(name).replace("currentColor", colour).encode())


def paint_icon(painter: QPainter, name: str, colour: str, rect: QRectF) -> None:
    """The icon is painted into the square, in that colour."""
    _renderer(name, colour).render(painter, rect)


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(tinted(name, colour))


def pixmap(name: str, colour: str, size: int = 18, ratio: float = 2.0) -> QPixmap:
    """A pixmap of `size` device-independent pixels."""
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(Qt.GlobalColor.transparent))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_icon(painter, name, colour, QRectF(0, 0, size, size))
    painter.end()
    return image


@cache
def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """An icon in 16 to 64 pixels; `disabled` is its colour where the control is disabled."""
    made = QIcon()
    for size in (16, 18, 24, 32, 64):
        made.addPixmap(pixmap(name, colour, size, 1.0))
        made.addPixmap(pixmap(name, colour, size, 2.0))
        if disabled:
            made.addPixmap(pixmap(name, disabled, size, 2.0), QIcon.Mode.Disabled)
    return made


def write_tinted(name: str, colour: str, folder: Path) -> Path:
    """A tinted copy as a file, for stylesheets, which know images by path only."""
    path = folder / f"{name}-{colour.lstrip('#')}.svg"
    if not path.exists():
        path.write_bytes(bytes(tinted(name, colour).data()))
    return path
