"""Words for the steps of a pipeline."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop_sync.core.configuration import Direction, Moment, PipelineStep, Side, StepKind, SyncConfiguration
from desktop_sync.core.pipeline import KINDS, PipelineRow, moment_of, needs_approval
from desktop_sync.services.views import StepOutcome, StepTrace
from desktop_sync.ui.palette import Tone


def open_step_text(name: str) -> str:
    """What leads to a step, as text of a button."""
    return tr("Open the step “{0}”…").format(name.replace("&", "&&"))


def tr(text: str) -> str:
    return QCoreApplication.translate("steps", text)


def kind_title(kind: StepKind) -> str:
    return tr(KINDS[kind].title)


def way(configuration: SyncConfiguration, direction: Direction) -> str:
    """ "CRM → Shop"."""
    arrows = {Direction.A_TO_B: "→", Direction.B_TO_A: "←", Direction.BOTH: "⇄"}
    return f"{configuration.a} {arrows[direction]} {configuration.b}"


def source_of(direction: Direction) -> Side:
    return Side.B if direction is Direction.B_TO_A else Side.A


def moment_word(moment: Moment) -> str:
    words = {
        Moment.BEFORE_RUN: tr("before the run"),
        Moment.BEFORE_MAPPING: tr("before the mapping"),
        Moment.AFTER_MAPPING: tr("after the mapping"),
        Moment.AFTER_BATCH: tr("after each batch that was written"),
        Moment.AFTER_RUN: tr("after the run"),
    }
    return words[moment]


def concern(configuration: SyncConfiguration, step: PipelineStep | None) -> str:
    """What a step of one's own is about; empty for a standard step, which is about everything."""
    if step is None:
        return tr("all records")
    entity = step.entity or tr("all records")
    return entity if step.direction is Direction.BOTH else f"{entity}, {way(configuration, step.direction)}"


def state_word(row: PipelineRow) -> str:
    if row.locked:
        return tr("Always")
    if row.enabled:
        return tr("On")
    if row.step is not None and needs_approval(row.step):
        return tr("Off until you allow it")
    return tr("Off")


def state_tone(row: PipelineRow) -> Tone:
    if row.locked:
        return Tone.MUTED
    if row.enabled:
        return Tone.GOOD
    return Tone.WARNING if row.step is not None and needs_approval(row.step) else Tone.NEUTRAL


def what_it_does(row: PipelineRow) -> str:
    """In a few words: of an own step what it says, of a standard one what it is for."""
    step = row.step
    if step is None:
        return tr(row.what)
    texts = {
        StepKind.FILTER: tr("only records with {0}").format(step.condition),
        StepKind.VALIDATE: tr("{0}, else: {1}").format(step.condition, step.message),
        StepKind.TRANSFORM: f"{step.field} = {step.expression}",
        StepKind.LOOK_UP: tr("{0} = what the list has for {1}").format(step.field, step.expression),
        StepKind.PLUGIN: tr("{0} fills {1}").format(step.plugin, ", ".join(step.fields)),
        StepKind.NOTIFY: step.message,
        StepKind.COMMAND: " ".join(step.command),
        StepKind.URL: step.url,
    }
    if step.lookup:
        return tr("{0} = the id of the record of {1} with {2}").format(step.field, step.lookup, step.expression)
    if step.kind in (StepKind.COMMAND, StepKind.URL):
        return f"{texts[step.kind]} ({moment_word(moment_of(step))})"
    return texts[step.kind]


def outcome_word(trace: StepTrace | None) -> str:
    if trace is None:
        return ""
    words = {
        StepOutcome.APPLIED: tr("Done"),
        StepOutcome.PASSED: tr("Passed"),
        StepOutcome.STOPPED: tr("Stopped here"),
        StepOutcome.NOT_REACHED: tr("Not reached"),
        StepOutcome.SWITCHED_OFF: tr("Off"),
        StepOutcome.ELSEWHERE: "—",
    }
    if trace.outcome is StepOutcome.APPLIED and trace.row.step is not None:
        return tr("Changed")
    return words[trace.outcome]


def outcome_tone(trace: StepTrace | None) -> Tone | None:
    if trace is None:
        return None
    tones = {StepOutcome.APPLIED: Tone.GOOD, StepOutcome.PASSED: Tone.NEUTRAL, StepOutcome.STOPPED: Tone.BAD}
    if trace.outcome is StepOutcome.APPLIED and trace.row.step is not None:
        return Tone.ACCENT
    return tones.get(trace.outcome, Tone.MUTED)
