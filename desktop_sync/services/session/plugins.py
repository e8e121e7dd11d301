"""Plugin steps: Python functions of installed packages that fill fields of the records as they are read (SPEC §6).

A package offers a function under the entry point group `desktop_sync.steps`. It gets a `pyarrow.Table` with the fields
of one side that are read, in batches, and returns a table with the same rows in the same order: a column for each field
that it fills, and, if it likes, `problem`, a text that makes a record Invalid. It must give the same for the same
record every time. Nothing is imported from a package before a person enabled the step, and nothing at all from the
folder that the program was started in: what lies there was not installed by anybody (RELIABILITY X16).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pyarrow as pa

from desktop_sync.core.configuration import StepKind
from desktop_sync.core.errors import ConfigurationError, DesktopSyncError
from desktop_sync.core.plugin_pin import PluginPins
from desktop_sync.core.provider_port import ArrowStream
from desktop_sync.engine.layout import SideLayout
from desktop_sync.services.session.plugin_files import entry_point, refuse_unconfirmed

PROBLEM = "problem"

Plugin = Callable[[pa.Table], pa.Table]


_loaded: dict[str, str] = {}
"""By module, the digest of the files that it was imported from."""


def load_plugin(name: str, pins: PluginPins | None) -> Plugin:
    """The function. Raises ConfigurationError when it is not offered, not confirmed as it is, or cannot be imported."""
    found = refuse_unconfirmed(name, pins)
    point = entry_point(name)
    if point.module in sys.modules and _loaded.get(point.module, found.digest) != found.digest:
        text = f'the plugin "{name}" was changed while the program runs: close it and start it again'
        raise ConfigurationError(text, path="step")
    try:
        plugin = point.load()
    except Exception as error:  # whatever a foreign package does while it is imported
        raise _failed(name, "cannot be imported", error) from error
    _loaded[point.module] = found.digest
    if not callable(plugin):
        raise ConfigurationError(f'the plugin "{name}" is no function', path="step")
    return plugin  # type: ignore[no-any-return]


def _failed(name: str, what: str, error: Exception) -> ConfigurationError:
    # Its own text may hold a record's values; only its kind is shown.
    return ConfigurationError(f'the plugin "{name}" {what} ({type(error).__name__})', path="step")


class PluginStream:
    """The read of a side with what its plugin steps make of each batch as columns at the end. One use."""

    def __init__(self, source: ArrowStream, side: SideLayout, pins: PluginPins | None) -> None:
        self._source = source
        self._plugins = [
            (one.step.plugin, one.step.fields, load_plugin(one.step.plugin, pins))
            for one in side.steps
            if one.step.kind is StepKind.PLUGIN
        ]
        self._names = [column.name for column in side.made]
        self._error: BaseException | None = None

    @property
    def error(self) -> BaseException | None:
        """What ended the stream, of the endpoint or of a plugin."""
        return self._error or getattr(self._source, "error", None)

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = pa.RecordBatchReader.from_stream(self._source)
        schema = reader.schema
        for name in self._names:
            schema = schema.append(pa.field(name, pa.string()))
        batches = self._batches(reader, schema)
        return pa.RecordBatchReader.from_batches(schema, batches).__arrow_c_stream__(requested_schema)

    def _batches(self, reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                made: list[pa.Array] = []
                for name, fields, plugin in self._plugins:
                    made += made_columns(name, fields, plugin, pa.Table.from_batches([batch]))
                yield pa.record_batch([*batch.columns, *made], schema=schema)
        except DesktopSyncError as error:
            self._error = error
            raise


def made_columns(name: str, fields: tuple[str, ...], plugin: Plugin, records: pa.Table) -> list[pa.Array]:
    """What the plugin made of the records, as text: the fields in order, then the problem."""
    try:
        result = plugin(records)
    except Exception as error:  # whatever a foreign function does
        raise _failed(name, "failed", error) from error
    if not isinstance(result, pa.Table) or result.num_rows != records.num_rows:
        raise ConfigurationError(f'the plugin "{name}" did not return a table with one row per record', path="step")
    columns = []
    for field in (*fields, PROBLEM):
        if field in result.column_names:
            try:
                texts = result[field].cast(pa.string())
            except pa.ArrowException as error:
                raise _failed(name, f'filled "{field}" with values that have no text', error) from error
            columns.append(texts.combine_chunks() if texts.num_chunks != 1 else texts.chunk(0))
        elif field == PROBLEM:
            columns.append(pa.nulls(records.num_rows, pa.string()))
        else:
            raise ConfigurationError(f'the plugin "{name}" returned no column "{field}"', path="step")
    return columns
