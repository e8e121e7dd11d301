"""A step of the user's own: its form by kind, what is wrong with it, and what it does to real records meanwhile."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from desktop_sync.core.configuration import (
    Direction,
    Moment,
    PipelineStep,
    StepKind,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.errors import ExpressionError
from desktop_sync.core.finding import Level
from desktop_sync.core.pipeline import KINDS, LONGEST_TIME_LIMIT_S, SENT, moment_of, needs_approval
from desktop_sync.core.pipeline_check import check_steps
from desktop_sync.services.views import RecordTrace, StepOutcome, StepTrace
from desktop_sync.ui.bridge.latest import Latest
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, SPACE_XL
from desktop_sync.ui.text.sentences import problem
from desktop_sync.ui.text.step_words import kind_title, moment_word, outcome_tone, outcome_word, source_of, tr, way
from desktop_sync.ui.views.field_columns import shown
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.parts import button, label, row
from desktop_sync.ui.wizards.configuration.choice_box import ChoiceBox
from desktop_sync.ui.wizards.field_row import FieldRow
from desktop_sync.ui.wizards.number_box import NumberBox

PAUSE_MS = 400
_Sample = tuple[RecordTrace, StepTrace | None]
A_LIST = ""


class StepDialog(QDialog):
    """`entered` carries the step, and the name that it had before (empty: it is new)."""

    entered = Signal(object, str)

    def __init__(
        self,
        context: WindowContext,
        configuration: SyncConfiguration,
        step: PipelineStep,
        *,
        is_new: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._configuration = configuration
        self._step = step
        self._was = "" if is_new else step.name
        self.rule = KINDS[step.kind]
        title = kind_title(step.kind) if is_new else step.name
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(680 if self.rule.is_about_records else 520)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._try)
        self._latest = Latest(context.jobs, self)
        self._latest.arrived.connect(self._tried)
        self._latest.failed.connect(self._not_tried)
        self._plugins = Latest(context.jobs, self)
        self._plugins.arrived.connect(self._show_plugins)
        self.rows: dict[str, FieldRow] = {}
        self._make_inputs()
        self._lay_out(title)
        self._fill()
        self._look()

    # The form

    def _line(self, key: str, caption: str, help_text: str = "", example: str = "") -> QLineEdit:
        edit = QLineEdit()
        edit.setPlaceholderText(example)
        edit.textEdited.connect(self._edited)
        self.rows[key] = FieldRow(caption, edit, help_text)
        return edit

    def _text(self, key: str, caption: str, help_text: str, example: str = "") -> QPlainTextEdit:
        edit = QPlainTextEdit()
        edit.setPlaceholderText(example)
        edit.setFixedHeight(84)
        edit.setTabChangesFocus(True)
        edit.textChanged.connect(self._edited)
        self.rows[key] = FieldRow(caption, edit, help_text)
        return edit

    def _make_inputs(self) -> None:
        kind, keys = self._step.kind, (*self.rule.needs, *self.rule.may)
        self.name = self._line("name", self.tr("&Name"), "", self.tr("for example {0}").format(self._example()))
        self.entity: ChoiceBox[str] = ChoiceBox()
        self.direction: ChoiceBox[Direction] = ChoiceBox()
        self.moment: ChoiceBox[Moment] = ChoiceBox()
        for box in (self.entity, self.direction, self.moment):
            box.activated.connect(self._edited)
        self.rows["entity"] = FieldRow(self.tr("Records &of"), self.entity)
        self.rows["direction"] = FieldRow(self.tr("On the &way"), self.direction)
        self.rows["moment"] = FieldRow(self.tr("Has its &turn"), self.moment)
        self.field: ChoiceBox[str] = ChoiceBox()
        self.field.activated.connect(self._edited)
        if "field" in keys:
            self.rows["field"] = FieldRow(self.tr("&Field that is sent"), self.field)
        if "fields" in keys:
            self.plugin: ChoiceBox[str] = ChoiceBox()
            self.plugin.activated.connect(self._edited)
            self.rows["plugin"] = FieldRow(self.tr("&Plugin of an installed package"), self.plugin)
            self.fields = self._line("fields", self.tr("Fields that it &fills"), self.tr("Names, with commas between"))
        if "expression" in keys:
            caption = self.tr("&Key to look up") if kind is StepKind.LOOK_UP else self.tr("&Value")
            self.expression = self._line("expression", caption, self._help())
        if "condition" in keys:
            captions = {
                StepKind.FILTER: self.tr("&Only records for which"),
                StepKind.NOTIFY: self.tr("&Only records for which"),
            }
            self.condition = self._line("condition", captions.get(kind, self.tr("&A record must meet")), self._help())
        if "message" in keys:
            help_text = self.tr("{count} is how many records it is about") if kind is StepKind.NOTIFY else ""
            self.text = self._line("message", self.tr("&Message"), help_text)
        if "choices" in keys:
            self.lookup: ChoiceBox[str] = ChoiceBox()
            self.lookup.activated.connect(self._edited)
            self.rows["lookup"] = FieldRow(self.tr("&Found in"), self.lookup)
            self.choices = self._text("choices", self.tr("&List"), self.tr("One key = value a line"), "AT = Austria")
            self.otherwise: ChoiceBox[UnknownChoice] = ChoiceBox()
            self.otherwise.activated.connect(self._edited)
            self.rows["otherwise"] = FieldRow(self.tr("A key that is &not in the list"), self.otherwise)
            self.default = self._line("default", self.tr("Value for &it"))
        if "command" in keys:
            self.command = self._text(
                "command",
                self.tr("&Program and arguments"),
                self.tr("One a line; no shell reads them. The records come on standard input, one JSON object a line."),
            )
        if "url" in keys:
            self.url = self._line("url", self.tr("&Address"), "", "https://example.org/hook")
        if "time_limit_s" in keys:
            self.limit = NumberBox(1, LONGEST_TIME_LIMIT_S)
            self.limit.setMaximumWidth(120)
            self.limit.valueChanged.connect(self._edited)
            self.rows["time_limit_s"] = FieldRow(self.tr("Time &limit in seconds"), self.limit)

    def _example(self) -> str:
        names = {
            StepKind.FILTER: self.tr("Only customers of this year"),
            StepKind.VALIDATE: self.tr("A postal code has five digits"),
            StepKind.TRANSFORM: self.tr("Telephone without spaces"),
            StepKind.LOOK_UP: self.tr("Country by its code"),
            StepKind.PLUGIN: self.tr("Clean addresses"),
            StepKind.NOTIFY: self.tr("Large orders"),
            StepKind.COMMAND: self.tr("Make the report"),
            StepKind.URL: self.tr("Tell the warehouse"),
        }
        return names[self._step.kind]

    def _help(self) -> str:
        entity = self._configuration.entity(self._step.entity)
        if entity is None:
            return self.tr("Over the fields of the side that the record comes from")
        source = source_of(self._step.direction)
        names = ", ".join(dict.fromkeys(m.field_of(source) for m in entity.fields if m.field_of(source)))
        target = next((m.field_of(source.other) for m in entity.fields if m.field_of(source.other)), "")
        head = self.tr("Fields of {0}: {1}.").format(self._configuration.endpoint_of(source), names)
        if self._step.kind is StepKind.NOTIFY:
            return head
        sent = self.tr("{0} is the value that is about to be sent for {1}.").format(SENT + target, target)
        return f"{head} {sent}"

    def _lay_out(self, title: str) -> None:
        form = QWidget()
        form.setObjectName("page")
        inner = QVBoxLayout(form)
        inner.setContentsMargins(0, 0, SPACE_S, 0)
        inner.setSpacing(SPACE_M)
        side_by_side = ("entity", "direction", "moment")
        inner.addWidget(self.rows["name"])
        inner.addLayout(row(*(self.rows[key] for key in side_by_side), spacing=SPACE_M))
        for key, shown_row in self.rows.items():
            if key not in ("name", *side_by_side):
                inner.addWidget(shown_row)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(title)
        scroll.setWidget(form)
        scroll.setMinimumHeight(min(form.sizeHint().height() + SPACE_M, 420))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        layout.setSpacing(SPACE_S)
        layout.addWidget(label(title, "heading"))
        layout.addWidget(label(tr(self.rule.what), "secondary", wraps=True))
        layout.addSpacing(SPACE_S)
        layout.addWidget(scroll, 1)
        self.samples = ListTableModel(self._sample_columns(), self)
        self.samples_view = ListView(
            self.samples, self._context.theme, self.tr("What it does to the first records"), fits_rows=True
        )
        self._sample_text = label(self.tr("What it does to the first records"), "section", wraps=True)
        if self.rule.is_about_records:
            layout.addWidget(self._sample_text)
            layout.addWidget(self.samples_view)
        cancel = button(self.tr("&Cancel"))
        cancel.clicked.connect(self.reject)
        self.accept_button = button(self.tr("&Save step"), "primary")
        self.accept_button.setDefault(True)
        self.accept_button.clicked.connect(self._enter)
        layout.addSpacing(SPACE_L)
        layout.addLayout(row(0, cancel, self.accept_button))

    def _sample_columns(self) -> tuple[Column[_Sample], ...]:
        values: tuple[Column[_Sample], ...] = (
            Column("before", self.tr("Before"), lambda one: _values(one[1], is_after=False), 150),
            Column("after", self.tr("After"), lambda one: _values(one[1], is_after=True), 150),
        )
        if self._step.kind in (StepKind.FILTER, StepKind.VALIDATE):
            values = (Column("values", self.tr("Values"), lambda one: _pulled(one[0]), 300),)
        return (
            Column("record", self.tr("Record"), lambda one: one[0].record_id, 90),
            *values,
            Column(
                "outcome",
                self.tr("Result"),
                lambda one: outcome_word(one[1]),
                110,
                tone=lambda one: outcome_tone(one[1]),
            ),
            Column("why", self.tr("Why"), lambda one: one[1].detail if one[1] is not None else "", 150),
        )

    def _fill(self) -> None:
        step, keys = self._step, (*self.rule.needs, *self.rule.may)
        self.name.setText(step.name)
        everything = [] if self.rule.is_about_records else [(self.tr("all entities"), "")]
        self.entity.offer([*everything, *((one.name, one.name) for one in self._configuration.entities)])
        self.entity.choose(step.entity)
        ways = [Direction.A_TO_B, Direction.B_TO_A]
        ways = ways if self.rule.is_about_records else [Direction.BOTH, *ways]
        self.direction.offer([(way(self._configuration, one), one) for one in ways])
        self.direction.choose(step.direction)
        self.moment.offer([(moment_word(one), one) for one in self.rule.moments])
        self.moment.choose(moment_of(step))
        self.rows["moment"].setVisible(len(self.rule.moments) > 1)
        if "expression" in keys:
            self.expression.setText(step.expression)
        if "condition" in keys:
            self.condition.setText(step.condition)
        if "message" in keys:
            self.text.setText(step.message)
        if "fields" in keys:
            self.fields.setText(", ".join(step.fields))
            self._plugins.ask(self._offered_plugins)
        if "choices" in keys:
            entities = [
                (self.tr("the records of {0}").format(one.name), one.name) for one in self._configuration.entities
            ]
            self.lookup.offer([(self.tr("a list of values"), A_LIST), *entities])
            self.lookup.choose(step.lookup)
            self.choices.setPlainText("\n".join(f"{key} = {value}" for key, value in step.choices))
            self.otherwise.offer(
                [
                    (self.tr("makes the record Invalid"), UnknownChoice.INVALID),
                    (self.tr("leaves the value as it is"), UnknownChoice.KEEP),
                    (self.tr("gets a value of its own"), UnknownChoice.DEFAULT),
                ]
            )
            self.otherwise.choose(step.otherwise)
            self.default.setText(step.default)
        if "command" in keys:
            self.command.setPlainText("\n".join(step.command))
        if "url" in keys:
            self.url.setText(step.url)
        if "time_limit_s" in keys:
            self.limit.setValue(step.time_limit_s)
        self._offer_fields()
        fields = [self.field.itemText(place) for place in range(self.field.count())]
        self.field.choose(step.field or (fields[0] if fields else ""))

    def _offered_plugins(self) -> tuple[str, ...]:
        """In a worker."""
        return self._context.application.traces.plugins()

    @Slot(object)
    def _show_plugins(self, names: tuple[str, ...]) -> None:
        mine = self._step.plugin
        offered = dict.fromkeys([*names, *([mine] if mine else [])])
        self.plugin.offer([(name, name) for name in offered])
        self.plugin.choose(mine or (names[0] if names else ""))
        self.rows["plugin"].explain("" if offered else self.tr("No installed package offers one."))
        self._look()

    def _offer_fields(self) -> None:
        entity = self._configuration.entity(self.entity.value or "")
        source = source_of(self.direction.value or Direction.A_TO_B)
        names = [] if entity is None else [m.field_of(source.other) for m in entity.fields if m.field_of(source.other)]
        self.field.offer([(name, name) for name in dict.fromkeys(names)])

    # What the form says

    @property
    def step(self) -> PipelineStep:
        """The step as the inputs have it."""
        keys = (*self.rule.needs, *self.rule.may)
        moment = self.moment.value
        step = replace(
            self._step,
            name=self.name.text().strip(),
            entity=self.entity.value or "",
            direction=self.direction.value or Direction.BOTH,
            moment=None if moment is self.rule.moments[0] else moment,
        )
        if "field" in keys:
            step = replace(step, field=self.field.value or "")
        if "expression" in keys:
            step = replace(step, expression=self.expression.text().strip())
        if "condition" in keys:
            step = replace(step, condition=self.condition.text().strip())
        if "message" in keys:
            step = replace(step, message=self.text.text().strip())
        if "fields" in keys:
            names = tuple(name for part in self.fields.text().split(",") if (name := part.strip()))
            step = replace(step, plugin=self.plugin.value or "", fields=names)
        if "choices" in keys:
            step = self._look_up(step)
        if "command" in keys:
            step = replace(
                step, command=tuple(line for line in self.command.toPlainText().splitlines() if line.strip())
            )
        if "url" in keys:
            step = replace(step, url=self.url.text().strip())
        if "time_limit_s" in keys:
            step = replace(step, time_limit_s=self.limit.value())
        return step

    def _look_up(self, step: PipelineStep) -> PipelineStep:
        if self.lookup.value:
            plain = PipelineStep(step.kind)
            return replace(step, lookup=self.lookup.value, choices=(), otherwise=plain.otherwise, default=plain.default)
        pairs = [line.partition("=") for line in self.choices.toPlainText().splitlines() if line.strip()]
        otherwise = self.otherwise.value or UnknownChoice.INVALID
        return replace(
            step,
            lookup="",
            choices=tuple((key.strip(), value.strip()) for key, _, value in pairs),
            otherwise=otherwise,
            default=self.default.text().strip() if otherwise is UnknownChoice.DEFAULT else "",
        )

    def with_step(self) -> SyncConfiguration:
        """The configuration with the step as the inputs have it, switched on."""
        step = replace(self.step, enabled=True)
        steps = self._configuration.steps
        if self._was:
            changed = tuple(step if one.kind in KINDS and one.name == self._was else one for one in steps)
        else:
            changed = (*steps, step)
        return replace(self._configuration, steps=changed)

    @Slot()
    def _edited(self) -> None:
        self._offer_fields()
        self._look()

    def _look(self) -> None:
        if "choices" in self.rows:
            is_list = not self.lookup.value
            self.rows["choices"].setVisible(is_list)
            self.rows["otherwise"].setVisible(is_list)
            self.rows["default"].setVisible(is_list and self.otherwise.value is UnknownChoice.DEFAULT)
        configuration = self.with_step()
        place = next(i for i, one in enumerate(configuration.steps) if one == replace(self.step, enabled=True))
        wrong: dict[str, str] = {}
        for finding in check_steps(configuration):
            head, number, key = finding.path.split(".", 2)
            if finding.level is Level.ERROR and (head, number) == ("step", str(place)):
                wrong.setdefault(key, _sentence(finding.message))
        for key, shown_row in self.rows.items():
            is_untouched = not self._was and not _content(shown_row.field)
            shown_row.say("" if is_untouched else wrong.get(key, ""))
        self.accept_button.setEnabled(not wrong)
        self._latest.forget()
        if not wrong and self.rule.is_about_records and not needs_approval(self.step):
            self._timer.start()
        else:
            self._timer.stop()
            self.samples.show(())
            self.samples_view.hide()
            waits = self.tr("Fill in the form, and what it does to the first records stands here.")
            allowed = self.tr("What it does is seen once it is saved and switched on.")
            self._sample_text.setText(allowed if needs_approval(self.step) else waits)

    @Slot()
    def _try(self) -> None:
        step = self.step
        ask = self._context.application.traces.sample
        self._latest.ask(partial(ask, self.with_step(), step.entity, source_of(step.direction)))

    @Slot(object)
    def _tried(self, traces: tuple[RecordTrace, ...]) -> None:
        name = self.step.name
        rows = []
        for trace in traces:
            own = [one for one in trace.steps if one.row.step is not None and one.row.step.name == name]
            rows.append((trace, own[0] if own else None))
        self.samples.show(rows)
        self.samples_view.setVisible(bool(rows))
        self._sample_text.setText(
            self.tr("What it does to the first records") if rows else self.tr("There is no record to try it on.")
        )

    @Slot(object)
    def _not_tried(self, error: object) -> None:
        key = "condition" if "condition" in self.rows else "expression"
        if isinstance(error, ExpressionError) and key in self.rows:
            self.rows[key].say(f"{error.problem[:1].upper()}{error.problem[1:]}.")
            self.accept_button.setEnabled(False)
        else:
            self._sample_text.setText(problem(error))
        self.samples_view.hide()

    @Slot()
    def _enter(self) -> None:
        step = self.step
        self.entered.emit(step, self._was)
        self.accept()


def _content(field: QWidget) -> str:
    """What a person entered; a choice counts as entered."""
    if isinstance(field, QLineEdit):
        return field.text().strip()
    return field.toPlainText().strip() if isinstance(field, QPlainTextEdit) else "chosen"


def _pulled(trace: RecordTrace) -> str:
    """The values that the record came with."""
    changes = trace.steps[0].changes if trace.steps else ()
    for one in trace.steps:
        if one.row.kind is StepKind.PULL:
            changes = one.changes
    return ", ".join(shown(change.after) for change in changes[:4])


def _values(trace: StepTrace | None, *, is_after: bool) -> str:
    if trace is None or trace.outcome in (StepOutcome.STOPPED, StepOutcome.NOT_REACHED):
        return ""
    return ", ".join(shown(change.after if is_after else change.before) for change in trace.changes)


def _sentence(message: str) -> str:
    """The finding without the step's name, which stands above it."""
    text = message.partition(": ")[2] or message
    return f"{text[:1].upper()}{text[1:]}"
