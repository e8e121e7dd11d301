"""What a person does to the steps of a configuration: add, edit, move, switch, remove; asked about where it matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from desktop_sync.core.configuration import Direction, PipelineStep, StepKind, SyncConfiguration
from desktop_sync.core.pipeline import KINDS, PipelineRow, moved, needs_approval, with_standard
from desktop_sync.core.plugin_pin import PinState, PluginInfo
from desktop_sync.ui.application_port import Application
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.text.step_words import kind_title
from desktop_sync.ui.views.step_dialog import StepDialog

Change = Callable[[SyncConfiguration], tuple[PipelineStep, ...]]


def save_steps(application: Application, name: str, change: Change) -> SyncConfiguration:
    """The newest version of the configuration has the changed steps; in a worker."""
    configuration = application.configurations.get(name)
    return application.configurations.save(replace(configuration, steps=change(configuration)))


class StepDesk(QObject):
    """`saved` carries the configuration with the changed steps, `entered` the kind and name of the step it is about."""

    saved = Signal(object)
    failed = Signal(object)
    entered = Signal(object, str)

    def __init__(self, context: WindowContext, page: QWidget) -> None:
        super().__init__(page)
        self._context = context
        self._page = page
        self._asking: PipelineStep | None = None
        self._allowed: PipelineStep | None = None
        self._seen: PluginInfo | None = None
        self._looking = Latest(context.jobs, self)
        self._looking.arrived.connect(self._ask_about_plugin)
        self._confirming = Latest(context.jobs, self)
        self._confirming.arrived.connect(self._confirmed)
        for asked in (self._looking, self._confirming):
            asked.failed.connect(self.failed)
        self.configuration: SyncConfiguration | None = None
        """The one whose steps are changed."""

    def _save(self, change: Change) -> None:
        if self.configuration is None:
            return
        name = self.configuration.name
        job = self._context.jobs.start(partial(save_steps, self._context.application, name, change))
        job.finished.connect(self._saved)
        job.failed.connect(self.failed)

    @Slot(object)
    def _saved(self, configuration: SyncConfiguration) -> None:
        self.configuration = configuration
        self.saved.emit(configuration)

    def add(self, kind: StepKind, entity: str, direction: Direction) -> None:
        """A dialog for a new step of that kind is open."""
        if KINDS[kind].is_about_records:
            self._open(PipelineStep(kind, "", entity, direction), is_new=True)
        else:
            self._open(PipelineStep(kind, "", "", Direction.BOTH), is_new=True)

    def edit(self, step: PipelineStep) -> None:
        """A dialog for the step is open."""
        self._open(step, is_new=False)

    def _open(self, step: PipelineStep, *, is_new: bool) -> None:
        if self.configuration is None:
            return
        dialog = StepDialog(self._context, self.configuration, step, is_new=is_new, parent=self._page)
        dialog.entered.connect(self._enter)
        dialog.open()

    @Slot(object, str)
    def _enter(self, step: PipelineStep, was: str) -> None:
        self.entered.emit(step.kind, step.name)
        if not was:
            self._save(lambda configuration: (*configuration.steps, step))
            return
        self._save(
            lambda configuration: tuple(
                step if one.kind in KINDS and one.name == was else one for one in configuration.steps
            )
        )

    def move(self, step: PipelineStep, by: int) -> None:
        """The step has its turn so many places later."""
        name = step.name
        self._save(lambda configuration: moved(configuration.steps, name, by))

    def switch(self, row: PipelineRow) -> None:
        """The step takes part, or not; one that acts outside the two systems is asked about first."""
        step, enabled = row.step, not row.enabled
        if row.locked:
            return
        if step is None:
            kind = row.kind
            self._save(lambda configuration: with_standard(configuration.steps, kind, enabled))
        elif enabled and needs_approval(step):
            self._ask(step)
        else:
            self._enter(replace(step, enabled=enabled), step.name)

    def _ask(self, step: PipelineStep) -> None:
        self._asking = step
        if step.kind is StepKind.PLUGIN:
            self._looking.ask(partial(self._context.application.plugins.look, step.plugin))
        else:
            self._ask_about(step, " ".join(step.command) or step.url)

    @Slot(object)
    def _ask_about_plugin(self, info: PluginInfo) -> None:
        self._seen = info
        if self._asking is not None:
            what = self.tr("{0} of {1}, in {2}\nSHA-256 {3}").format(info.name, info.package, info.folder, info.digest)
            if info.state is PinState.CHANGED:
                what += self.tr("\n\nIts files are others than those that you allowed before.")
            self._ask_about(self._asking, what)

    def _ask_about(self, step: PipelineStep, what: str) -> None:
        dialog = AskDialog(
            self.tr("Let the step {0} act?").format(step.name),
            self.tr(
                "{0}: {1}\n\nIt acts with your rights, outside the two systems, in every run from now on, also in "
                "those that a schedule starts. Allow it only if you know where it comes from."
            ).format(kind_title(step.kind), what),
            (("keep", self.tr("&Keep it off"), ""), ("allow", self.tr("&Allow it"), "primary")),
            self._page,
        )
        dialog.answered.connect(self._answered)
        dialog.open()

    @Slot(str, bool)
    def _answered(self, answer: str, _again: bool) -> None:
        step, self._asking = self._asking, None
        if answer != "allow" or step is None:
            return
        if step.kind is StepKind.PLUGIN and self._seen is not None:
            self._allowed = step
            self._confirming.ask(partial(self._context.application.plugins.confirm, self._seen.name, self._seen.digest))
        else:
            self._enter(replace(step, enabled=True), step.name)

    @Slot(object)
    def _confirmed(self, _info: PluginInfo) -> None:
        step, self._allowed = self._allowed, None
        if step is not None:
            self._enter(replace(step, enabled=True), step.name)

    def remove(self, step: PipelineStep) -> None:
        """The step is gone, after asking."""
        self._asking = step
        dialog = AskDialog(
            self.tr("Remove the step {0}?").format(step.name),
            self.tr("Records go through the other steps without it. To leave it out for a while, switch it off."),
            (("keep", self.tr("&Keep it"), ""), ("remove", self.tr("&Remove"), "danger")),
            self._page,
        )
        dialog.answered.connect(self._removed)
        dialog.open()

    @Slot(str, bool)
    def _removed(self, answer: str, _again: bool) -> None:
        step, self._asking = self._asking, None
        if answer == "remove" and step is not None:
            name = step.name
            self._save(
                lambda configuration: tuple(
                    one for one in configuration.steps if not (one.kind in KINDS and one.name == name)
                )
            )
