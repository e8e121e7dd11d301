"""One module a command; `COMMANDS` is all of them, in the order of the help."""

from __future__ import annotations

from desktop_sync.cli.command import Command
from desktop_sync.cli.commands.bind import BIND
from desktop_sync.cli.commands.check import CHECK
from desktop_sync.cli.commands.conflicts import CONFLICTS
from desktop_sync.cli.commands.enable import DISABLE, ENABLE
from desktop_sync.cli.commands.explain import EXPLAIN
from desktop_sync.cli.commands.export_file import EXPORT
from desktop_sync.cli.commands.history import HISTORY
from desktop_sync.cli.commands.import_file import IMPORT
from desktop_sync.cli.commands.link import LINK
from desktop_sync.cli.commands.list_configurations import LIST
from desktop_sync.cli.commands.prepare import PREPARE
from desktop_sync.cli.commands.preview import PREVIEW
from desktop_sync.cli.commands.process import PROCESS
from desktop_sync.cli.commands.purge import PURGE
from desktop_sync.cli.commands.records import RECORDS
from desktop_sync.cli.commands.reset import RESET
from desktop_sync.cli.commands.resolve import RESOLVE
from desktop_sync.cli.commands.run import RUN
from desktop_sync.cli.commands.sample import SAMPLE
from desktop_sync.cli.commands.secret import SECRET
from desktop_sync.cli.commands.steps import STEPS
from desktop_sync.cli.commands.undo import UNDO
from desktop_sync.cli.commands.unlink import UNLINK
from desktop_sync.cli.commands.verify import VERIFY
from desktop_sync.cli.commands.watch import WATCH

COMMANDS: tuple[Command, ...] = (
    IMPORT,
    EXPORT,
    LIST,
    CHECK,
    BIND,
    STEPS,
    PREVIEW,
    PREPARE,
    PROCESS,
    RUN,
    ENABLE,
    DISABLE,
    WATCH,
    RECORDS,
    CONFLICTS,
    RESOLVE,
    LINK,
    UNLINK,
    RESET,
    UNDO,
    VERIFY,
    EXPLAIN,
    HISTORY,
    PURGE,
    SECRET,
    SAMPLE,
)
