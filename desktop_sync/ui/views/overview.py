"""The first tab of a configuration: where it stands, what the last run did, what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_sync.core.decision import Action
from desktop_sync.core.run import EntityResult, Outcome, Run
from desktop_sync.core.status import Status
from desktop_sync.ui.bridge.run_board import Work
from desktop_sync.ui.context import WindowContext
from desktop_sync.ui.models.list_table import ListTableModel
from desktop_sync.ui.models.source import Column
from desktop_sync.ui.palette import SPACE_M, SPACE_S, Tone
from desktop_sync.ui.text.sentences import records
from desktop_sync.ui.text.times import day_and_time, full_time, number, run_time
from desktop_sync.ui.text.words import OUTCOME_TONES, STATUS_TONES, SideNames, outcome_word, status_word, trigger_word
from desktop_sync.ui.views.content import PageContent
from desktop_sync.ui.widgets.bar_chart import Bar, BarChart
from desktop_sync.ui.widgets.list_view import ListView
from desktop_sync.ui.widgets.message_bar import MessageBar
from desktop_sync.ui.widgets.page_scroll import PageScroll
from desktop_sync.ui.widgets.parts import button, card, column, label, restyle, row

CARDS = (Status.PROCESSED, Status.PREPARED, Status.FAILED, Status.INVALID, Status.CONFLICT, Status.REVIEW)
RIGHT = Qt.AlignmentFlag.AlignRight


def tr(text: str) -> str:
    return QCoreApplication.translate("overview", text)


class StatusCard(QFrame):
    """A number and its status; a click or Enter opens those records."""

    opened = Signal(object)

    def __init__(self, context: WindowContext, status: Status, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = context.theme
        self._count = 0
        self.status = status
        self.setProperty("kind", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(QCursor(Qt.CursorShape.PointingHandCursor))
        self._figure = label("0", "figure")
        self._name = label(status_word(status), "secondary")
        self.setLayout(column(self._figure, self._name, spacing=0, margins=SPACE_M))
        context.theme.changed.connect(self._dress)

    def show_count(self, count: int) -> None:
        self._count = count
        self._figure.setText(number(count))
        self.setAccessibleName(f"{status_word(self.status)}: {number(count)}")
        self._dress()

    @Slot()
    def _dress(self) -> None:
        c = self._theme.colours
        calm = self._count == 0 or self.status is Status.PROCESSED
        colour = c.disabled if self._count == 0 else c.text if calm else c.tone(STATUS_TONES[self.status])
        self._figure.setStyleSheet(f"color: {colour};")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.opened.emit(self.status)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.status)
        else:
            super().keyPressEvent(event)


def _done(result: EntityResult, *actions: Action) -> str:
    count = sum(result.actions.get(action, 0) for action in actions)
    return number(count) if count else "·"


def entity_columns(names: SideNames, results: Sequence[EntityResult]) -> tuple[Column[EntityResult], ...]:
    """What a run did to each entity, per endpoint; what it did to none has no column, so that titles stay readable."""
    kinds = (
        (tr("Created\nin {0}").format(names.a), (Action.CREATE_A,)),
        (tr("Created\nin {0}").format(names.b), (Action.CREATE_B,)),
        (tr("Updated\nin {0}").format(names.a), (Action.UPDATE_A, Action.MARK_A)),
        (tr("Updated\nin {0}").format(names.b), (Action.UPDATE_B, Action.MARK_B)),
        (tr("Deleted\nin {0}").format(names.a), (Action.DELETE_A,)),
        (tr("Deleted\nin {0}").format(names.b), (Action.DELETE_B,)),
        (tr("Linked"), (Action.LINK,)),
    )

    def of(title: str, actions: tuple[Action, ...]) -> Column[EntityResult]:
        return Column(title.lower(), title, lambda result: _done(result, *actions), 84, align=RIGHT)

    columns = [Column[EntityResult]("entity", tr("Entity"), lambda result: result.entity, 110)]
    columns += [
        of(title, actions)
        for title, actions in kinds
        if any(result.actions.get(action) for result in results for action in actions)
    ]
    if any(result.failed for result in results):
        columns.append(Column("failed", tr("Failed"), _failed, 70, align=RIGHT))
    if len(columns) == 1:
        columns.append(Column("nothing", "", lambda _result: tr("Nothing was written"), 240))
    return tuple(columns)


def _failed(result: EntityResult) -> str:
    return number(result.failed) if result.failed else "·"


class OverviewPage(PageScroll):
    """`status_opened` carries a Status, `tab_wanted` "conflicts" or "review"."""

    status_opened = Signal(object)
    tab_wanted = Signal(str)
    preview_wanted = Signal()

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._work: Work | None = None
        self.setAccessibleName(self.tr("Overview"))
        self._waiting = MessageBar(context.theme)
        self._waiting_conflicts = self._waiting.add_button(self.tr("Decide con&flicts"))
        self._waiting_conflicts.clicked.connect(self._open_conflicts)
        self._waiting_review = self._waiting.add_button(self.tr("Open re&view"))
        self._waiting_review.clicked.connect(self._open_review)
        self._cards = {status: StatusCard(context, status) for status in CARDS}
        self._chart = BarChart(context.theme, self.tr("Records written per run"))
        self._chart_caption = label("", "caption")
        self._build()

    def _build(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, SPACE_M, 0, SPACE_S)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self._waiting)
        cards = QHBoxLayout()
        cards.setSpacing(SPACE_M)
        for shown in self._cards.values():
            shown.opened.connect(self.status_opened)
            cards.addWidget(shown, 1)
        layout.addLayout(cards)
        layout.addWidget(self._last_run_card())
        chart = card(
            row(label(self.tr("Records written per run"), "heading"), 0, self._chart_caption),
            self._chart,
            spacing=SPACE_S,
        )
        chart.setMinimumHeight(150)
        layout.addWidget(chart, 1)
        layout.addStretch(0)
        self._chart_card = chart
        self.setWidget(page)

    def _last_run_card(self) -> QFrame:
        self._outcome = label("", "secondary")
        self._outcome.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._facts: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(40)
        grid.setVerticalSpacing(2)
        for place, (key, title) in enumerate(
            (
                ("started", self.tr("Started")),
                ("took", self.tr("Took")),
                ("read", self.tr("Read")),
                ("written", self.tr("Written")),
                ("trigger", self.tr("Started by")),
            )
        ):
            self._facts[key] = label("", "strong")
            grid.addWidget(label(title, "caption"), 0, place)
            grid.addWidget(self._facts[key], 1, place)
        grid.setColumnStretch(5, 1)
        self._entities = ListTableModel[EntityResult](entity_columns(SideNames("A", "B"), ()), self)
        self._entity_view = ListView(
            self._entities, self._context.theme, self.tr("What the last run did"), fits_rows=True
        )
        self._entity_view.setProperty("kind", "flat")
        # A title of two lines would be cut after the first one, before the system's name.
        self._entity_view.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideNone)
        self._error = label("", "problem", wraps=True, selectable=True)
        self._first_hint = label("", "secondary", wraps=True)
        self._first_button = button(self.tr("Show the &preview"), "primary")
        self._first_button.clicked.connect(self.preview_wanted)
        self._facts_box = QWidget()
        self._facts_box.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        return card(
            row(label(self.tr("Last run"), "heading"), 0, self._outcome),
            self._first_hint,
            row(self._first_button, 0),
            self._facts_box,
            self._error,
            self._entity_view,
            spacing=SPACE_S,
        )

    def show_content(self, content: PageContent) -> None:
        for status, shown in self._cards.items():
            shown.show_count(content.counts.get(status, 0))
        self._show_waiting(content.counts, content.open_conflicts)
        self._show_last(content)
        bars = [_bar(run, content) for run in reversed(content.runs)]
        self._chart.show_bars(bars)
        self._chart_card.setVisible(any(bar.value for bar in bars))
        runs = len(bars)
        self._chart_caption.setText(
            self.tr("the last {0} runs").format(runs) if runs > 1 else self.tr("grows with every run")
        )

    def show_work(self, work: Work | None) -> None:
        """What is under way, if anything is: where nothing ever ran, the card of the last run tells of the first."""
        self._work = work
        is_first = work in (Work.RUN, Work.GROUP)
        self._first_hint.setText(
            self.tr("The first run is going on. What it did stands here when it has ended.")
            if is_first
            else self.tr("Nothing has been synchronized yet. A preview shows exactly what the first run would do.")
        )
        self._first_button.setVisible(not is_first and not self._first_hint.isHidden())
        self._first_button.setEnabled(work is None)

    def _show_waiting(self, counts: Mapping[Status, int], conflicts: int) -> None:
        reviews = counts.get(Status.REVIEW, 0)
        self._waiting_conflicts.setVisible(conflicts > 0)
        self._waiting_review.setVisible(reviews > 0)
        if not conflicts and not reviews:
            self._waiting.clear()
            return
        parts = []
        if conflicts:
            parts.append(self.tr("{0} changed differently on both sides").format(records(conflicts)))
        if reviews:
            parts.append(self.tr("{0} with no certain counterpart").format(records(reviews)))
        text = self.tr("Your decision is needed: {0}.").format(", ".join(parts))
        self._waiting.say(text, Tone.WARNING)

    def _show_last(self, content: PageContent) -> None:
        run = content.last_run
        for widget in (self._facts_box, self._entity_view, self._outcome):
            widget.setVisible(run is not None)
        self._first_hint.setVisible(run is None)
        self.show_work(self._work)
        self._error.setVisible(run is not None and run.result is not None and bool(run.result.error))
        if run is None:
            return
        self._outcome.setText(outcome_word(run.outcome))
        c = self._context.theme.colours
        background, foreground = c.soft[OUTCOME_TONES[run.outcome]]
        self._outcome.setStyleSheet(
            f"background: {background}; color: {foreground}; border-radius: 10px; padding: 3px 10px; font-weight: 600;"
        )
        restyle(self._outcome, "kind", "")
        self._facts["started"].setText(full_time(run.started_at, content.now))
        self._facts["took"].setText(run_time(run.started_at, run.ended_at))
        self._facts["trigger"].setText(trigger_word(run.trigger))
        entities = run.result.entities if run.result is not None else ()
        read = sum(entity.read_a + entity.read_b for entity in entities)
        is_known = run.result is not None  # while it goes on, nobody has counted yet
        self._facts["read"].setText(records(read) if is_known else "—")
        self._facts["written"].setText(records(written(run)) if is_known else "—")
        self._error.setText(run.result.error if run.result is not None else "")
        # That a guard stopped it is no failure, and is said in full above.
        restyle(self._error, "kind", "problem" if run.outcome is Outcome.FAILED else "secondary")
        self._entities.show(entities, entity_columns(content.names, entities))
        self._entity_view.setVisible(bool(entities))

    @Slot()
    def _open_conflicts(self) -> None:
        self.tab_wanted.emit("conflicts")

    @Slot()
    def _open_review(self) -> None:
        self.tab_wanted.emit("review")


def written(run: Run) -> int:
    """Records that the run wrote to an endpoint."""
    if run.result is None:
        return 0
    return sum(
        count for entity in run.result.entities for action, count in entity.actions.items() if action.target is not None
    )


def _bar(run: Run, content: PageContent) -> Bar:
    failed = sum(entity.failed for entity in run.result.entities) if run.result is not None else 0
    text = f"{day_and_time(run.started_at, content.now)}\n{outcome_word(run.outcome)}\n{records(written(run))}"
    return Bar(text, written(run) + failed, failed)
