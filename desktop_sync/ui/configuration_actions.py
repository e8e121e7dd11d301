"""What a person does to configurations: rename, duplicate, switch off, match anew, delete, import, export."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_sync.core.configuration import SyncConfiguration
from desktop_sync.services.views import ImportReport
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.job_runner import Job
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.dialogs.text_entry import TextEntryDialog


def duplicate(application: Application, name: str, new_name: str) -> str:
    """A switched-off copy exists under the new name; in a worker."""
    original = application.configurations.get(name)
    application.configurations.save(replace(original, name=new_name, enabled=False, version=1))
    return new_name


def rename(application: Application, name: str, new_name: str) -> tuple[str, str]:
    application.configurations.rename(name, new_name)
    return name, new_name


def export_to(application: Application, names: tuple[str, ...], path: Path) -> str:
    """The definitions are in the file; in a worker."""
    path.write_text(application.definitions.export(names), encoding="utf-8")
    return path.name


class ConfigurationActions(QObject):
    """`changed` carries the name to choose next, or empty; `renamed` (from, to) and `deleted` come before it.
    `said` is for the status bar, `failed` an error."""

    changed = Signal(str)
    renamed = Signal(str, str)
    deleted = Signal(str)
    said = Signal(str)
    failed = Signal(object)

    def __init__(self, context: WindowContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._name = ""
        self._entity = ""
        self._taken: tuple[str, ...] = ()

    def show_names(self, names: tuple[str, ...]) -> None:
        """Names that are taken."""
        self._taken = names

    def _follow(self, job: Job) -> Job:
        job.failed.connect(self.failed)
        return job

    def _check_name(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        name = texts[0]
        if not name:
            return (self.tr("A name is needed."),)
        return (self.tr("There is a synchronization of that name already."),) if name in self._taken else ("",)

    @Slot(str)
    def ask_rename(self, name: str) -> None:
        self._name = name
        fields = ((self.tr("&Name"), name),)
        dialog = TextEntryDialog(
            self.tr("Rename {0}").format(name), fields, self.tr("&Rename"), self._check_name, self._window
        )
        dialog.entered.connect(self._rename)
        dialog.open()

    @Slot(object)
    def _rename(self, texts: tuple[str, ...]) -> None:
        job = self._follow(self._context.jobs.start(partial(rename, self._context.application, self._name, texts[0])))
        job.finished.connect(self._renamed)

    @Slot(object)
    def _renamed(self, names: tuple[str, str]) -> None:
        self.said.emit(self.tr("Renamed to {0}").format(names[1]))
        self.renamed.emit(*names)
        self.changed.emit(names[1])

    @Slot(str)
    def ask_duplicate(self, name: str) -> None:
        self._name = name
        fields = ((self.tr("&Name of the copy"), self.tr("{0} copy").format(name)),)
        dialog = TextEntryDialog(
            self.tr("Duplicate {0}").format(name), fields, self.tr("&Duplicate"), self._check_name, self._window
        )
        dialog.entered.connect(self._duplicate)
        dialog.open()

    @Slot(object)
    def _duplicate(self, texts: tuple[str, ...]) -> None:
        job = self._follow(
            self._context.jobs.start(partial(duplicate, self._context.application, self._name, texts[0]))
        )
        job.finished.connect(self._duplicated)

    @Slot(object)
    def _duplicated(self, name: str) -> None:
        self.said.emit(self.tr("{0} is made, switched off until you switch it on").format(name))
        self.changed.emit(name)

    @Slot(str, bool)
    def enable(self, name: str, enabled: bool) -> None:
        self._name = name
        job = self._follow(
            self._context.jobs.start(partial(self._context.application.configurations.set_enabled, name, enabled))
        )
        job.finished.connect(self._enabled)

    @Slot()
    def _enabled(self) -> None:
        self.changed.emit(self._name)

    @Slot(str)
    def ask_delete(self, name: str) -> None:
        self._name = name
        dialog = AskDialog(
            self.tr("Delete the synchronization {0}?").format(name),
            self.tr(
                "Its settings are lost, and so is the knowledge which record is which: set up again, it would "
                "match all records anew. There is no way back. The records of both systems stay as they are."
            ),
            (("keep", self.tr("&Keep it"), ""), ("delete", self.tr("&Delete"), "danger")),
            self._window,
        )
        dialog.answered.connect(self._delete)
        dialog.open()

    @Slot(str, bool)
    def _delete(self, answer: str, _again: bool) -> None:
        if answer == "delete":
            job = self._follow(
                self._context.jobs.start(partial(self._context.application.configurations.delete, self._name))
            )
            job.finished.connect(self._deleted)

    @Slot()
    def _deleted(self) -> None:
        self.said.emit(self.tr("{0} is deleted").format(self._name))
        self.deleted.emit(self._name)
        self.changed.emit("")

    @Slot(str, str)
    def ask_reset(self, name: str, entity: str) -> None:
        """Whether the entity's records are to be matched anew."""
        self._name, self._entity = name, entity
        dialog = AskDialog(
            self.tr("Match the records of {0} anew?").format(entity),
            self.tr(
                "Which records are pairs is forgotten, with decisions that wait and links made by hand; there is no "
                "way back. Nothing is written to either system now. The next run matches all records anew, as the "
                "first one did, and deletes nothing: what was deleted on one side only since the last run comes back "
                "from the other. The history stays."
            ),
            (("keep", self.tr("&Keep the pairs"), ""), ("reset", self.tr("&Match anew"), "danger")),
            self._window,
        )
        dialog.answered.connect(self._reset)
        dialog.open()

    @Slot(str, bool)
    def _reset(self, answer: str, _again: bool) -> None:
        if answer == "reset":
            reset = self._context.application.configurations.reset_peering
            job = self._follow(self._context.jobs.start(partial(reset, self._name, self._entity)))
            job.finished.connect(self._was_reset)

    @Slot()
    def _was_reset(self) -> None:
        self.said.emit(self.tr("The next run matches the records of {0} anew").format(self._entity))
        self.changed.emit(self._name)

    @Slot(str, str, str)
    def ask_swap(self, name: str, a: str, b: str) -> None:
        """Whether its sides, the systems of those names, are to be swapped."""
        self._name = name
        dialog = AskDialog(
            self.tr("Swap {0} and {1} in {2}?").format(a, b, name),
            self.tr(
                "{1} becomes the first system and {0} the second one, on all pages and in files. What is carried over, "
                "which way, and who wins stays as it is. A preview that is open is closed."
            ).format(a, b),
            (("leave", self.tr("&Leave them"), ""), ("swap", self.tr("&Swap"), "primary")),
            self._window,
        )
        dialog.answered.connect(self._swap)
        dialog.open()

    @Slot(str, bool)
    def _swap(self, answer: str, _again: bool) -> None:
        if answer == "swap":
            swap = self._context.application.configurations.swap_sides
            job = self._follow(self._context.jobs.start(partial(swap, self._name)))
            job.finished.connect(self._swapped)

    @Slot(object)
    def _swapped(self, configuration: SyncConfiguration) -> None:
        self.said.emit(self.tr("{0} comes first now, then {1}").format(configuration.a, configuration.b))
        self.changed.emit(configuration.name)

    # Files

    def make_sample(self) -> None:
        """The sample project will be there."""
        self.said.emit(self.tr("Making the sample project…"))
        job = self._follow(self._context.jobs.start(self._context.application.sample.create))
        job.finished.connect(self._sample_made)

    @Slot(object)
    def _sample_made(self, name: str) -> None:
        self.changed.emit(name)
        self.said.emit(self.tr("The sample project is ready"))

    @Slot(str)
    def ask_export(self, name: str) -> None:
        """One configuration, or all where the name is empty."""
        self._name = name
        dialog = self._file_dialog(self.tr("Export definitions"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.selectFile(f"{name or 'synchronizations'}.toml")
        dialog.fileSelected.connect(self.export)
        dialog.open()

    @Slot(str)
    def export(self, path: str) -> None:
        names = (self._name,) if self._name else ()
        job = self._follow(self._context.jobs.start(partial(export_to, self._context.application, names, Path(path))))
        job.finished.connect(self._exported)

    @Slot(object)
    def _exported(self, file_name: str) -> None:
        self.said.emit(self.tr("Exported to {0}, without passwords").format(file_name))

    @Slot()
    def ask_import(self) -> None:
        dialog = self._file_dialog(self.tr("Import definitions"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_from)
        dialog.open()

    @Slot(str)
    def import_from(self, path: str) -> None:
        job = self._follow(
            self._context.jobs.start(partial(self._context.application.definitions.import_file, Path(path)))
        )
        job.finished.connect(self._imported)

    @Slot(object)
    def _imported(self, report: ImportReport) -> None:
        text = self.tr("Imported: {0}").format(", ".join((*report.endpoints, *report.configurations)) or "—")
        if report.needs_secrets:
            text += "   ·   " + self.tr("passwords are still needed: {0}").format(", ".join(report.needs_secrets))
        if report.steps_off:
            names = ", ".join(step for _, step in report.steps_off)
            text += "   ·   " + self.tr(
                "steps that act outside the two systems are off until you allow them: {0}"
            ).format(names)
        self.said.emit(text)
        self.changed.emit(report.configurations[0] if report.configurations else "")

    def _file_dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, str(Path.home()), self.tr("Definitions (*.toml)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog
