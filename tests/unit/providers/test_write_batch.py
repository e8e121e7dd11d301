"""A staged batch holds what is written, and of what is only compared no more than it takes."""

from __future__ import annotations

import weakref

import pyarrow as pa
import pytest

from desktop_sync.core.provider_port import Operation, WriteBatch
from desktop_sync.providers.value_digest import LONG_VALUE_BYTES, ValueDigest, digest_of
from desktop_sync.providers.write_batch import LONG_COLUMN_BYTES, StagedBatch


class Content(bytearray):
    """That tells when it is held no more."""


def staged(*contents: bytes | bytearray | None) -> StagedBatch:
    """An update that expects these values, each where it stands, and a text beside it."""
    buffer = pa.py_buffer(contents[0]) if len(contents) == 1 and contents[0] is not None else None
    if buffer is None:
        values = pa.array(contents, pa.binary())
    else:
        offsets = pa.array([0, len(contents[0] or b"")], pa.int32()).buffers()[1]
        values = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, buffer])
    expected = pa.table({"photo": values, "name": [f"n{place}" for place in range(len(contents))]})
    ids = [str(place) for place in range(len(contents))]
    return StagedBatch(WriteBatch(Operation.UPDATE, ids, (), None, ("photo", "name"), expected))


@pytest.mark.scenario("E9")
def test_a_long_value_that_is_expected_is_not_held() -> None:
    content = Content(LONG_COLUMN_BYTES)
    held = weakref.ref(content)
    batch = staged(content)
    del content
    assert held() is None
    assert batch.has_long_values
    assert batch.expected_rows() == [(bytes(LONG_COLUMN_BYTES), "n0")]
    assert batch.expected_rows() != [(bytes(LONG_COLUMN_BYTES - 1) + b"\1", "n0")]


def test_values_beside_a_long_one_are_compared_as_they_are() -> None:
    long = b"\7" * LONG_COLUMN_BYTES
    batch = staged(b"short", None, long, b"x" * LONG_VALUE_BYTES)
    rows = batch.expected_rows()
    assert rows == [(b"short", "n0"), (None, "n1"), (long, "n2"), (b"x" * LONG_VALUE_BYTES, "n3")]
    assert [type(value) for value, _ in rows] == [bytes, type(None), ValueDigest, bytes]


def test_a_digest_is_equal_to_its_value_alone() -> None:
    value = digest_of((b"ab", b"cd"))
    assert value == b"abcd"
    assert value == memoryview(b"abcd")
    assert value == digest_of((b"abcd",))
    assert hash(value) == hash(digest_of((b"abcd",)))
    assert value != b"abce"
    assert value != b"abcde"
    assert value != digest_of((b"abc",))
    assert value != "abcd"
    assert value is not None
