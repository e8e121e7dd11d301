"""The inputs of a step of the user's own, by its kind, and the step that they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import (
    Direction,
    Moment,
    PipelineStep,
    StepKind,
    SyncConfiguration,
    UnknownChoice,
)
from desktop_sync.core.pipeline import KINDS, LONGEST_TIME_LIMIT_S, SENT, moment_of
from desktop_sync.ui.palette import SPACE_M, SPACE_S
from desktop_sync.ui.text.step_words import moment_word, source_of, way
from desktop_sync.ui.widgets.choice_box import ChoiceBox
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.number_box import NumberBox
from desktop_sync.ui.widgets.parts import row

A_LIST = ""
PLACE = ("entity", "direction", "moment")


class StepForm(QWidget):
    """`edited` comes when a person changed something. `rows` are the lines by what they hold."""

    edited = Signal()

    def __init__(
        self, configuration: SyncConfiguration, step: PipelineStep, *, is_new: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._configuration = configuration
        self._step = step
        self._is_new = is_new
        self.rule = KINDS[step.kind]
        self._keys = (*self.rule.needs, *self.rule.may)
        self.rows: dict[str, FieldRow] = {}
        self._make_place()
        self._make_values()
        if "choices" in self._keys:
            self._make_look_up()
        self._make_actions()
        self._lay_out()
        self._fill_place()
        if "choices" in self._keys:
            self._fill_look_up()
        self._fill_values()
        self.show_what_applies()

    def _lay_out(self) -> None:
        inner = QVBoxLayout(self)
        inner.setContentsMargins(0, 0, SPACE_S, 0)
        inner.setSpacing(SPACE_M)
        inner.addWidget(self.rows["name"])
        inner.addLayout(row(*(self.rows[key] for key in PLACE), spacing=SPACE_M))
        for key, shown_row in self.rows.items():
            if key not in ("name", *PLACE):
                inner.addWidget(shown_row)
        inner.addStretch(1)

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

    def _make_place(self) -> None:
        self.name = self._line("name", self.tr("&Name"), "", self.tr("for example {0}").format(self._example()))
        self.entity: ChoiceBox[str] = ChoiceBox()
        self.direction: ChoiceBox[Direction] = ChoiceBox()
        self.moment: ChoiceBox[Moment] = ChoiceBox()
        for box in (self.entity, self.direction, self.moment):
            box.activated.connect(self._edited)
        self.rows["entity"] = FieldRow(self.tr("Records &of"), self.entity)
        self.rows["direction"] = FieldRow(self.tr("On the &way"), self.direction)
        self.rows["moment"] = FieldRow(self.tr("Has its &turn"), self.moment)

    def _make_values(self) -> None:
        """What a step does with values and records."""
        kind, keys = self._step.kind, self._keys
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

    def _make_look_up(self) -> None:
        self.lookup: ChoiceBox[str] = ChoiceBox()
        self.lookup.activated.connect(self._edited)
        self.rows["lookup"] = FieldRow(self.tr("&Found in"), self.lookup)
        self.choices = self._text("choices", self.tr("&List"), self.tr("One key = value a line"), "AT = Austria")
        self.otherwise: ChoiceBox[UnknownChoice] = ChoiceBox()
        self.otherwise.activated.connect(self._edited)
        self.rows["otherwise"] = FieldRow(self.tr("A key that is &not in the list"), self.otherwise)
        self.default = self._line("default", self.tr("Value for &it"))

    def _make_actions(self) -> None:
        """What happens outside the two systems."""
        keys = self._keys
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

    def _fill_place(self) -> None:
        step = self._step
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

    def _fill_look_up(self) -> None:
        step = self._step
        entities = [(self.tr("the records of {0}").format(one.name), one.name) for one in self._configuration.entities]
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

    def _fill_values(self) -> None:
        step, keys = self._step, self._keys
        if "expression" in keys:
            self.expression.setText(step.expression)
        if "condition" in keys:
            self.condition.setText(step.condition)
        if "message" in keys:
            self.text.setText(step.message)
        if "fields" in keys:
            self.fields.setText(", ".join(step.fields))
        if "command" in keys:
            self.command.setPlainText("\n".join(step.command))
        if "url" in keys:
            self.url.setText(step.url)
        if "time_limit_s" in keys:
            self.limit.setValue(step.time_limit_s)
        self._offer_fields()
        fields = [self.field.itemText(place) for place in range(self.field.count())]
        self.field.choose(step.field or (fields[0] if fields else ""))

    @property
    def needs_plugins(self) -> bool:
        """Whether the names of the installed plugins are to be offered."""
        return "fields" in self._keys

    def offer_plugins(self, names: Sequence[str]) -> None:
        """Those, and the one that the step has."""
        mine = self._step.plugin
        offered = dict.fromkeys([*names, *([mine] if mine else [])])
        self.plugin.offer([(name, name) for name in offered])
        self.plugin.choose(mine or (names[0] if names else ""))
        self.rows["plugin"].explain("" if offered else self.tr("No installed package offers one."))

    def _offer_fields(self) -> None:
        entity = self._configuration.entity(self.entity.value or "")
        source = source_of(self.direction.value or Direction.A_TO_B)
        names = [] if entity is None else [m.field_of(source.other) for m in entity.fields if m.field_of(source.other)]
        self.field.offer([(name, name) for name in dict.fromkeys(names)])

    # What the form says

    @property
    def step(self) -> PipelineStep:
        """The step as the inputs have it."""
        moment = self.moment.value
        placed = replace(
            self._step,
            name=self.name.text().strip(),
            entity=self.entity.value or "",
            direction=self.direction.value or Direction.BOTH,
            moment=None if moment is self.rule.moments[0] else moment,
        )
        return self._with_values(placed)

    def _with_values(self, step: PipelineStep) -> PipelineStep:
        keys = self._keys
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
            step = self._with_look_up(step)
        if "command" in keys:
            step = replace(
                step, command=tuple(line for line in self.command.toPlainText().splitlines() if line.strip())
            )
        if "url" in keys:
            step = replace(step, url=self.url.text().strip())
        if "time_limit_s" in keys:
            step = replace(step, time_limit_s=self.limit.value())
        return step

    def _with_look_up(self, step: PipelineStep) -> PipelineStep:
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

    # What is wrong

    @Slot()
    def _edited(self) -> None:
        self._offer_fields()
        self.edited.emit()

    def show_what_applies(self) -> None:
        """Lines that have no meaning for what is entered are hidden."""
        if "choices" in self.rows:
            is_list = not self.lookup.value
            self.rows["choices"].setVisible(is_list)
            self.rows["otherwise"].setVisible(is_list)
            self.rows["default"].setVisible(is_list and self.otherwise.value is UnknownChoice.DEFAULT)

    def say(self, wrong: Mapping[str, str]) -> None:
        """Sentences beside their fields; an empty field of a new step is not yet called wrong."""
        for key, shown_row in self.rows.items():
            is_untouched = self._is_new and not _content(shown_row.field)
            shown_row.say("" if is_untouched else wrong.get(key, ""))


def _content(field: QWidget) -> str:
    """What a person entered; a choice counts as entered."""
    if isinstance(field, QLineEdit):
        return field.text().strip()
    return field.toPlainText().strip() if isinstance(field, QPlainTextEdit) else "chosen"
