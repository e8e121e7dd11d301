"""The frame of a wizard: the steps on the left, one page that scrolls, and Back, Next and Cancel below."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_sync.ui import icons
from desktop_sync.ui.dialogs.ask import AskDialog
from desktop_sync.ui.palette import SPACE_L, SPACE_M, SPACE_S, SPACE_XL, Tone
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.page_scroll import BAR_ROOM, PageScroll
from desktop_sync.ui.widgets.parts import button, column, label, line, row, tool_button
from desktop_sync.ui.widgets.screen import fitting
from desktop_sync.ui.wizards.notice import Notice
from desktop_sync.ui.wizards.scheme import scheme

STEPS_WIDTH = 190


class WizardPage(QWidget):
    """One page. `title` and `subtitle` stand above it."""

    def __init__(self, title: str, subtitle: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.subtitle = subtitle
        self.setAccessibleName(title)
        self.setObjectName("page")

    def enter(self) -> None:
        """Called each time the page comes to the front."""


class WizardFrame(QDialog):
    """Opened with `open()`. Subclasses decide what Back, Next and the last button do."""

    saved = Signal(str)

    def __init__(self, title: str, size: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.pages: list[WizardPage] = []
        self._steps: list[QToolButton] = []
        self._seen: set[int] = set()
        self._shown_steps: tuple[tuple[bool, ...], tuple[bool, ...]] | None = None
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._title = label("", "title")
        self._subtitle = label("", "secondary", wraps=True)
        self._stack = QStackedWidget()
        self.notice = Notice()
        self.cancel_button = button(self.tr("&Cancel"))
        self.back_button = button(self.tr("&Back"))
        self.next_button = button(self.tr("&Next"), "primary")
        self.next_button.setDefault(True)
        self.extra_button = button("")
        self.extra_button.hide()
        self.cancel_button.clicked.connect(self.reject)
        self.back_button.clicked.connect(self.go_back)
        self.next_button.clicked.connect(self.go_next)
        QShortcut(QKeySequence("Alt+Left"), self, self.go_back)
        self._lay_out()
        self.resize(fitting(size))

    def add_pages(self, pages: Sequence[WizardPage], shows_steps: bool = True) -> None:
        for number, page in enumerate(pages):
            area = PageScroll()
            area.setAccessibleName(page.title)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setWidget(page)
            self._stack.addWidget(area)
            self.pages.append(page)
            step = tool_button(f" {number + 1}   {page.title}", "nav", checkable=True)
            step.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            step.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            step.setIconSize(QSize(16, 16))
            self._group.addButton(step, number)
            self._steps_layout.insertWidget(number, step)
            self._steps.append(step)
        self._group.idClicked.connect(self._step_clicked)
        self._side.setVisible(shows_steps)

    @property
    def current(self) -> WizardPage:
        return self.pages[self._stack.currentIndex()]

    def show_page(self, place: int) -> None:
        """That page is in front and has the focus."""
        moved = place != self._stack.currentIndex() or not self._title.text()
        self._stack.setCurrentIndex(place)
        self._seen.add(place)
        page = self.pages[place]
        self._title.setText(page.title)
        self._subtitle.setText(page.subtitle)
        self._subtitle.setVisible(bool(page.subtitle))
        self._steps[place].setChecked(True)
        if moved:
            page.enter()
            area = self._stack.currentWidget()
            if isinstance(area, QScrollArea):
                area.verticalScrollBar().setValue(0)

    def reveal(self, widget: QWidget) -> None:
        """The page is scrolled so that the widget can be seen."""
        area = self._stack.currentWidget()
        if isinstance(area, QScrollArea):
            widget.adjustSize()
            layout = self.current.layout()
            if layout is not None:
                layout.activate()
            self._scroll_to(widget)

    def _scroll_to(self, widget: QWidget) -> None:
        area = self._stack.currentWidget()
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(widget, 0, 12)

    def reveal_problem(self) -> None:
        """The page is scrolled to the first message about something that keeps one from going on."""
        notices = [notice for notice in self.current.findChildren(Notice) if notice.is_problem]
        rows = [row for row in self.current.findChildren(FieldRow) if row.problem and row.isVisibleTo(self.current)]
        for widget in (*rows, *notices)[:1]:
            QTimer.singleShot(0, widget, partial(self._scroll_to, widget))  # once the page has room for it

    def show_steps(self, reachable: Sequence[bool], complete: Sequence[bool]) -> None:
        """Which steps can be opened, and which have nothing left to do."""
        self._shown_steps = tuple(reachable), tuple(complete)
        for place, step in enumerate(self._steps):
            step.setEnabled(reachable[place])
            seen = place in self._seen and place != self._stack.currentIndex()
            done = complete[place] and reachable[place] and seen
            name = "check-circle" if done else "ring"
            colours = scheme()
            tone = colours.tone(Tone.GOOD) if done else colours.disabled
            step.setIcon(icons.icon(name, tone, colours.disabled))
            state = self.tr("complete") if done else ""
            step.setAccessibleName(", ".join(part for part in (self.pages[place].title, state) if part))

    def step_buttons(self) -> tuple[QToolButton, ...]:
        return tuple(self._steps)

    @Slot()
    def go_back(self) -> None:
        """For subclasses."""

    @Slot()
    def go_next(self) -> None:
        """For subclasses."""

    def go_to(self, place: int) -> None:
        """For subclasses: a step was clicked."""

    @property
    def is_edited(self) -> bool:
        """For subclasses: whether closing would lose something."""
        return False

    @Slot()
    def reject(self) -> None:
        """Closes without saving; asks first where something was entered."""
        if not self.is_edited:
            super().reject()
            return
        self.question = AskDialog(
            self.tr("Close without saving?"),
            self.tr("What you entered in this wizard is lost."),
            [("stay", self.tr("&Keep editing"), "primary"), ("discard", self.tr("&Discard"), "danger")],
            self,
        )
        self.question.answered.connect(self._answered)
        self.question.open()

    @Slot(str, bool)
    def _answered(self, key: str, again: bool) -> None:
        if key == "discard":
            super().reject()

    def buttons(self) -> tuple[QPushButton, ...]:
        return self.cancel_button, self.back_button, self.extra_button, self.next_button

    @Slot(int)
    def _step_clicked(self, place: int) -> None:
        self.go_to(place)
        self._steps[self._stack.currentIndex()].setChecked(True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress_side()
            if self._shown_steps is not None:
                self.show_steps(*self._shown_steps)

    def _dress_side(self) -> None:
        colours = scheme()
        sheet = f"QWidget#steps {{ background: {colours.sidebar}; border-right: 1px solid {colours.border}; }}"
        if self._side.styleSheet() != sheet:
            self._side.setStyleSheet(sheet)

    def _lay_out(self) -> None:
        self._side = QWidget()
        self._side.setObjectName("steps")
        self._side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._side.setFixedWidth(STEPS_WIDTH)
        self._side.setAccessibleName(self.tr("Steps"))
        self._steps_layout = QVBoxLayout(self._side)
        self._steps_layout.setContentsMargins(SPACE_M, SPACE_XL, SPACE_M, SPACE_M)
        self._steps_layout.setSpacing(2)
        self._steps_layout.addStretch(1)
        head = column(self._title, self._subtitle, spacing=4)
        head.setContentsMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_S)
        body = QVBoxLayout()
        body.setContentsMargins(SPACE_XL - 4, 0, SPACE_XL - 4 - BAR_ROOM, SPACE_S)
        body.addWidget(self._stack)
        controls = row(self.cancel_button, 0, self.back_button, self.extra_button, self.next_button)
        foot = column(self.notice, controls)
        foot.setContentsMargins(SPACE_XL, SPACE_S, SPACE_XL, SPACE_M)
        main = column(head, body, line(), foot, spacing=0)
        main.setStretchFactor(body, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._side)
        whole.addLayout(main, 1)
        self._dress_side()
