"""Where the files of `resources/` are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

_PACKAGE = Path(__file__).resolve().parent
_PACKED = _PACKAGE / "_resources"  # what the wheel's force-include makes of the checkout's folder
_CHECKOUT = _PACKAGE.parent / "resources"


def resource_path(name: str) -> Path:
    """The existing file or folder that `resources/` holds under that name, written with `/` (`sample/shop.toml`).

    Raises FileNotFoundError when there is none, and ValueError for a name that leads out of the folder.
    """
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name:
        raise ValueError(f"{name!r} is not the name of a resource")
    root = _PACKED if _PACKED.is_dir() else _CHECKOUT
    path = root.joinpath(*relative.parts)
    if not path.exists():
        raise FileNotFoundError(f"the resource {name!r} is not in {root}")
    return path
