"""The `csv` provider."""

from __future__ import annotations

import os
from dataclasses import replace

from desktop_sync.core.errors import ConfigurationError, EndpointError, Place
from desktop_sync.core.provider_port import (
    LEASE_SETTING,
    Capabilities,
    ConditionalWrite,
    CreateClass,
    EndpointSession,
    OpenContext,
    Setting,
    SettingKind,
    lease_setting,
)
from desktop_sync.providers.csv.dialect import check_encoding
from desktop_sync.providers.csv.folder import SUFFIXES, CsvFolder
from desktop_sync.providers.csv.lease_file import NAME as LEASE_FILE
from desktop_sync.providers.csv.session import CsvSession

CAPABILITIES = Capabilities(
    can_create_structures=True,
    creates=CreateClass.CLIENT_ID,
    conditional_write=ConditionalWrite.STRONG,
    commits_each_batch=False,
    distinguishes_empty_and_null=False,
    stores_text_only=True,
)

_DELIMITERS = {"": "", "comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_SETTINGS = (
    Setting(
        "folder",
        "Folder",
        SettingKind.FOLDER,
        is_required=True,
        help="Each .csv, .tsv and .txt file in it is a structure; the first line names its fields.",
    ),
    Setting(
        "delimiter",
        "Between cells",
        SettingKind.CHOICE,
        default="",
        choices=(
            ("", "found by looking"),
            ("comma", "comma ,"),
            ("semicolon", "semicolon ;"),
            ("tab", "tab"),
            ("pipe", "vertical bar |"),
        ),
        help="What separates the cells of a line.",
    ),
    Setting(
        "encoding",
        "Encoding",
        SettingKind.CHOICE,
        default="",
        choices=(
            ("", "found by looking"),
            ("utf-8", "UTF-8"),
            ("utf-8-sig", "UTF-8 with a byte order mark"),
            ("utf-16", "UTF-16"),
            ("cp1252", "Western European (Windows)"),
            ("iso-8859-1", "Western European (ISO 8859-1)"),
            ("cp1250", "Central European (Windows)"),
            ("cp1251", "Cyrillic (Windows)"),
        ),
        help="How letters are stored in the files.",
    ),
    lease_setting(f"a small hidden file {LEASE_FILE}"),
)


class CsvProvider:
    """Folders of delimited text files."""

    name = "csv"
    label = "CSV files"
    explanation = "A folder with text files as spreadsheets write them. Each file holds records of one kind."
    settings = _SETTINGS
    capabilities = CAPABILITIES

    def open(self, context: OpenContext) -> EndpointSession:
        """A session on the folder. Raises ConfigurationError for unusable settings, MissingError without the folder."""
        place = Place(context.endpoint)
        given = str(context.settings.get("folder") or "")
        if not given:
            raise ConfigurationError("choose a folder", place, "endpoint.settings.folder")
        delimiter = str(context.settings.get("delimiter") or "")
        if delimiter not in _DELIMITERS and delimiter not in _DELIMITERS.values():
            raise ConfigurationError(
                "the delimiter must be comma, semicolon, tab or pipe", place, "endpoint.settings.delimiter"
            )
        encoding = str(context.settings.get("encoding") or "")
        check_encoding(encoding or "utf-8", place)
        folder = CsvFolder(context.endpoint, _path(context), _DELIMITERS.get(delimiter, delimiter), encoding)
        folder.check()
        keeps = bool(context.settings.get(LEASE_SETTING, False))
        return CsvSession(folder, replace(CAPABILITIES, keeps_leases=True) if keeps else CAPABILITIES)

    def place(self, context: OpenContext) -> str:
        """The folder."""
        return _path(context)

    def files(self, context: OpenContext, structure: str) -> tuple[str, ...]:
        """The structure's file; while it is missing, those that it may be made as."""
        folder = CsvFolder(context.endpoint, _path(context))
        try:
            return (folder.file_of(structure),)
        except EndpointError:
            return tuple(os.path.join(folder.path, structure + suffix) for suffix in ("", *SUFFIXES))


def _path(context: OpenContext) -> str:
    given = str(context.settings.get("folder") or "")
    return os.path.join(os.path.abspath(context.base_folder or os.curdir), given)
