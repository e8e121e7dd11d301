"""The input for one declared setting of a provider."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QVBoxLayout, QWidget

from desktop_sync.core.configuration import SettingValue
from desktop_sync.core.provider_port import Setting, SettingKind
from desktop_sync.ui.widgets.field_row import FieldRow
from desktop_sync.ui.widgets.parts import button, row

STORED = "•" * 10


class SettingInput(QWidget):
    """`changed` follows every edit by a person. A secret is given apart from the plain values."""

    changed = Signal(str)

    def __init__(self, setting: Setting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self._edit = QLineEdit()
        self._combo = QComboBox()
        self._check = QCheckBox(setting.label)
        self._dialog: QFileDialog | None = None
        self.pick_button = button(self.tr("Choose…"), name=self.tr("Choose {0}").format(setting.label))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.row = FieldRow(self._caption(), self._build(), setting.help, focus=self._focus_target())
        layout.addWidget(self.row)
        self._edit.textEdited.connect(self._tell)
        self._combo.activated.connect(self._tell)
        self._check.toggled.connect(self._tell)
        self.pick_button.clicked.connect(self._pick)

    @property
    def value(self) -> SettingValue | None:
        """The plain value; None for an empty one and for secrets. A text where a number should be stays a text."""
        kind = self.setting.kind
        if kind is SettingKind.SECRET:
            return None
        if kind is SettingKind.FLAG:
            return self._check.isChecked()
        if kind is SettingKind.CHOICE:
            data = self._combo.currentData()
            return data if isinstance(data, str) and data else None
        text = self._edit.text().strip()
        if kind is SettingKind.NUMBER and text:
            try:
                return float(text) if "." in text else int(text)
            except ValueError:
                return text
        return text or None

    @property
    def secret(self) -> str:
        """What was typed as a secret, exactly; empty where nothing was."""
        return self._edit.text() if self.setting.kind is SettingKind.SECRET else ""

    def show_value(self, value: SettingValue | None, has_stored_secret: bool = False) -> None:
        """The input holds the value, without a signal."""
        if self.setting.kind is SettingKind.SECRET:
            stored = self.tr("Kept in the password store. Type to replace it.")
            self._edit.setPlaceholderText(stored if has_stored_secret else "")
        elif self.setting.kind is SettingKind.FLAG:
            self._check.blockSignals(True)
            self._check.setChecked(bool(value))
            self._check.blockSignals(False)
        elif self.setting.kind is SettingKind.CHOICE:
            self._combo.setCurrentIndex(max(0, self._combo.findData(value if value is not None else "")))
        else:
            self._edit.setText("" if value is None else str(value))

    def focus_target(self) -> QWidget:
        return self._focus_target()

    def _caption(self) -> str:
        if self.setting.kind is SettingKind.FLAG:
            return ""
        name = self.setting.label.replace("&", "&&")
        return f"{name} *" if self.setting.is_required else name

    def _focus_target(self) -> QWidget:
        if self.setting.kind is SettingKind.FLAG:
            return self._check
        return self._combo if self.setting.kind is SettingKind.CHOICE else self._edit

    def _build(self) -> QWidget:
        kind = self.setting.kind
        if kind is SettingKind.FLAG:
            return self._check
        if kind is SettingKind.CHOICE:
            if not self.setting.is_required and self.setting.default is None:
                self._combo.addItem(self.tr("(as it is found)"), "")
            for value, shown in self.setting.choices:
                self._combo.addItem(shown, value)
            return self._combo
        if kind is SettingKind.SECRET:
            self._edit.setEchoMode(QLineEdit.EchoMode.Password)
        if kind is SettingKind.NUMBER:
            self._edit.setMaximumWidth(160)
            self._edit.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
            validator = QDoubleValidator(self)
            validator.setNotation(QDoubleValidator.Notation.StandardNotation)
            self._edit.setValidator(validator)
        if kind not in (SettingKind.FILE, SettingKind.FOLDER):
            return self._edit
        holder = QWidget()
        holder.setLayout(row(self._edit, self.pick_button))
        return holder

    @Slot()
    def _tell(self) -> None:
        self.changed.emit(self.setting.key)

    @Slot()
    def _pick(self) -> None:
        dialog = QFileDialog(self, self.setting.label)
        if self.setting.kind is SettingKind.FOLDER:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setLabelText(QFileDialog.DialogLabel.Accept, self.tr("Choose"))
            patterns = " ".join(self.setting.file_patterns)
            if patterns:
                dialog.setNameFilters([f"{self.setting.label} ({patterns})", self.tr("All files (*)")])
        start = Path(self._edit.text().strip()).expanduser() if self._edit.text().strip() else Path.home()
        dialog.setDirectory(str(start if start.is_dir() else start.parent))
        dialog.fileSelected.connect(self.take_path)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog = dialog
        dialog.open()

    @Slot(str)
    def take_path(self, path: str) -> None:
        """A file or folder was chosen."""
        self._edit.setText(path)
        self._tell()
