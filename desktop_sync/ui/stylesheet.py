"""The restrained stylesheet over the Fusion style, made from a scheme's colours."""

from __future__ import annotations

from desktop_sync.ui.palette import RADIUS, Colours, Tone


def stylesheet(c: Colours, chevron: str, chevron_up: str, check: str, chevron_accent: str) -> str:
    """The application's stylesheet. All but the colours are paths of images."""
    return "\n".join(
        (
            _frames(c),
            _text(c),
            _buttons(c, chevron, chevron_accent),
            _fields(c, chevron, chevron_up, check),
            _tables(c),
            _menus(c),
            _small(c),
        )
    )


def _frames(c: Colours) -> str:
    return f"""
QMainWindow, QDialog {{ background: {c.window}; }}
QWidget#sidebar {{ background: {c.sidebar}; border-right: 1px solid {c.border}; }}
QFrame[kind="card"] {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: {RADIUS}px; }}
QFrame[kind="line"] {{ background: {c.border}; border: none; max-height: 1px; min-height: 1px; }}
QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:horizontal {{ width: 9px; }}
QSplitter::handle:vertical {{ height: 9px; }}
QStatusBar {{ background: {c.sidebar}; border-top: 1px solid {c.border}; color: {c.secondary}; }}
QStatusBar::item {{ border: none; }}
"""


def _text(c: Colours) -> str:
    return f"""
QLabel[kind="title"] {{ font-size: 20px; font-weight: 600; }}
QLabel[kind="heading"] {{ font-size: 15px; font-weight: 600; }}
QLabel[kind="strong"] {{ font-weight: 600; }}
QLabel[kind="figure"] {{ font-size: 22px; font-weight: 600; }}
QLabel[kind="secondary"] {{ color: {c.secondary}; }}
QLabel[kind="caption"] {{ color: {c.secondary}; font-size: 12px; }}
QLabel[kind="section"] {{ color: {c.secondary}; font-size: 12px; font-weight: 600; }}
QLabel[kind="problem"] {{ color: {c.tone(Tone.BAD)}; }}
"""


def _buttons(c: Colours, chevron: str, chevron_accent: str) -> str:
    soft, on_soft = c.soft[Tone.ACCENT]
    return f"""
QPushButton {{ background: {c.surface}; border: 1px solid {c.border_strong}; border-radius: 6px; padding: 6px 14px;
    min-height: 18px; color: {c.text}; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:pressed {{ background: {c.border}; }}
QPushButton:focus {{ border-color: {c.accent}; }}
QPushButton:disabled {{ color: {c.disabled}; border-color: {c.border}; background: {c.raised}; }}
QPushButton[menu="true"] {{ padding-right: 30px; }}
QPushButton::menu-indicator {{ image: url("{chevron}"); width: 12px; height: 12px; subcontrol-origin: padding;
    subcontrol-position: center right; right: 10px; }}
QPushButton[kind="primary"]::menu-indicator {{ image: url("{chevron_accent}"); }}
QPushButton[kind="primary"], QPushButton[kind="primary"]:default {{ background: {c.accent}; color: {c.on_accent};
    border: 1px solid {c.accent}; font-weight: 600; }}
QPushButton[kind="primary"]:hover {{ background: {c.accent_hover}; border-color: {c.accent_hover}; }}
QPushButton[kind="primary"]:pressed {{ background: {c.accent_pressed}; }}
QPushButton[kind="primary"]:focus {{ border: 1px solid {c.text}; }}
QPushButton[kind="primary"]:disabled {{ background: {c.raised}; color: {c.disabled}; border-color: {c.border}; }}
QPushButton[kind="large"], QPushButton[kind="primary"][size="large"], QPushButton[size="large"] {{
    padding: 8px 20px; min-height: 22px; }}
QPushButton[kind="quiet"] {{ background: transparent; border: 1px solid transparent; color: {c.link};
    padding: 5px 8px; }}
QPushButton[kind="quiet"]:hover {{ background: {c.hover}; }}
QPushButton[kind="quiet"]:focus {{ border-color: {c.accent}; }}
QPushButton[kind="quiet"]:disabled {{ color: {c.disabled}; }}
QPushButton[kind="danger"] {{ color: {c.tone(Tone.BAD)}; }}
QPushButton[kind="danger"]:disabled {{ color: {c.disabled}; }}
QToolButton[kind="chip"] {{ background: transparent; border: 1px solid {c.border}; border-radius: 13px;
    padding: 3px 8px; color: {c.secondary}; min-height: 18px; font-size: 12px; }}
QToolButton[kind="chip"]:hover {{ background: {c.hover}; color: {c.text}; }}
QToolButton[kind="chip"]:checked {{ background: {soft}; color: {on_soft}; border-color: {soft}; font-weight: 600; }}
QToolButton[kind="chip"]:focus {{ border-color: {c.accent}; }}
QToolButton[kind="chip"]:disabled {{ color: {c.disabled}; }}
QToolButton[kind="nav"] {{ background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 7px 10px; color: {c.text}; text-align: left; }}
QToolButton[kind="nav"]:hover {{ background: {c.hover}; }}
QToolButton[kind="nav"]:checked {{ background: {c.selection}; }}
QToolButton[kind="nav"]:focus {{ border-color: {c.accent}; }}
QToolButton[kind="icon"] {{ background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 5px; }}
QToolButton[kind="icon"]:hover {{ background: {c.hover}; }}
QToolButton[kind="icon"]:focus {{ border-color: {c.accent}; }}
"""


def _fields(c: Colours, chevron: str, chevron_up: str, check: str) -> str:
    fields = "QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QSpinBox, QDoubleSpinBox, QTimeEdit, QDateTimeEdit"
    focused = ", ".join(f"{name.strip()}:focus" for name in fields.split(","))
    disabled = ", ".join(f"{name.strip()}:disabled" for name in fields.split(","))
    return f"""
{fields} {{ background: {c.surface}; border: 1px solid {c.border_strong}; border-radius: 6px; padding: 5px 8px;
    min-height: 18px; color: {c.text}; selection-background-color: {c.accent}; selection-color: {c.on_accent};
    placeholder-text-color: {c.disabled}; }}
{focused} {{ border: 1px solid {c.accent}; }}
{disabled} {{ color: {c.disabled}; background: {c.raised}; border-color: {c.border}; }}
*[problem="true"] {{ border: 1px solid {c.tone(Tone.BAD)}; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; padding: 0 0 0 8px; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.border_strong}; outline: 0;
    selection-background-color: {c.selection}; selection-color: {c.text}; }}
QSpinBox::up-button, QDoubleSpinBox::up-button, QTimeEdit::up-button, QDateTimeEdit::up-button {{
    subcontrol-origin: border; subcontrol-position: top right; width: 22px; border: none; }}
QSpinBox::down-button, QDoubleSpinBox::down-button, QTimeEdit::down-button, QDateTimeEdit::down-button {{
    subcontrol-origin: border; subcontrol-position: bottom right; width: 22px; border: none; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow, QTimeEdit::up-arrow, QDateTimeEdit::up-arrow {{
    image: url("{chevron_up}"); width: 10px; height: 10px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow, QTimeEdit::down-arrow, QDateTimeEdit::down-arrow {{
    image: url("{chevron}"); width: 10px; height: 10px; }}
QCheckBox, QRadioButton {{ spacing: 8px; padding: 2px 0; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 16px; height: 16px; border: 1px solid {c.border_strong};
    background: {c.surface}; }}
QCheckBox::indicator {{ border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 9px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QCheckBox::indicator:focus, QRadioButton::indicator:focus {{
    border-color: {c.accent}; }}
QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: url("{check}"); }}
QRadioButton::indicator:checked {{ background: {c.surface}; border: 5px solid {c.accent}; width: 8px; height: 8px; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {c.border}; background: {c.raised}; }}
QCheckBox::indicator:checked:disabled {{ background: {c.disabled}; border-color: {c.disabled}; }}
QRadioButton::indicator:checked:disabled {{ border: 5px solid {c.disabled}; width: 8px; height: 8px; }}
QCheckBox:focus, QRadioButton:focus {{ color: {c.link}; }}
"""


def _tables(c: Colours) -> str:
    return f"""
QTableView, QListView, QTreeView {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: {RADIUS}px;
    gridline-color: {c.border}; outline: 0; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QTableView:focus, QListView:focus, QTreeView:focus {{ border-color: {c.accent}; }}
QTableView::item {{ padding: 0 7px; border-bottom: 1px solid {c.border}; }}
QTableView::item:selected {{ background: {c.selection}; color: {c.text}; }}
QHeaderView {{ background: transparent; }}
QHeaderView::section {{ background: transparent; color: {c.secondary}; border: none;
    border-bottom: 1px solid {c.border}; padding: 6px 10px; font-size: 12px; font-weight: 600; }}
QHeaderView::section:hover {{ color: {c.text}; }}
QHeaderView::up-arrow, QHeaderView::down-arrow {{ width: 10px; height: 10px; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QTableView[kind="flat"] {{ border: none; border-radius: 0; }}
QTableView[kind="flat"]:focus {{ border: none; background: {c.raised}; }}
QTableCornerButton::section {{ background: {c.surface}; border: none; }}
QListView#configurations {{ background: transparent; border: none; }}
"""


def _menus(c: Colours) -> str:
    return f"""
QMenuBar {{ background: {c.sidebar}; border-bottom: 1px solid {c.border}; padding: 2px 6px; }}
QMenuBar::item {{ padding: 4px 10px; border-radius: 5px; background: transparent; }}
QMenuBar::item:selected {{ background: {c.hover}; }}
QMenu {{ background: {c.surface}; border: 1px solid {c.border_strong}; padding: 5px; }}
QMenu::item {{ padding: 6px 26px 6px 14px; border-radius: 5px; }}
QMenu::item:selected {{ background: {c.selection}; color: {c.text}; }}
QMenu::item:disabled {{ color: {c.disabled}; }}
QMenu::separator {{ height: 1px; background: {c.border}; margin: 5px 8px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {c.border}; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {c.secondary}; border: none; border-bottom: 2px solid transparent;
    padding: 8px 4px; margin-right: 13px; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; font-weight: 600; }}
QTabBar::tab:focus {{ color: {c.link}; }}
"""


def _small(c: Colours) -> str:
    return f"""
QProgressBar {{ background: {c.hover}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
QScrollBar:vertical {{ background: transparent; width: 11px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 11px; margin: 2px; }}
QScrollBar::handle {{ background: {c.border_strong}; border-radius: 3px; min-height: 28px; min-width: 28px; }}
QScrollBar::handle:hover {{ background: {c.disabled}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
    border: none; width: 0; height: 0; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border_strong}; padding: 5px 8px; }}
"""
