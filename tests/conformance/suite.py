"""The conformance suite: what every provider's endpoints must do, whatever system is behind them.

A third party runs it like this:

    class TestMyProvider(ProviderConformance):
        @pytest.fixture
        def workshop(self, tmp_path):
            return MyWorkshop(tmp_path)

where `MyWorkshop` has the members of `Workshop`. Tests of what a provider does not declare are skipped by the
provider's own capabilities, and what it declares is held against it.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import pyarrow as pa
import pytest

from desktop_sync.core.errors import (
    ConfigurationError,
    EndpointError,
    MissingError,
    SchemaDriftError,
)
from desktop_sync.core.provider_port import (
    ConditionalWrite,
    CreateClass,
    EndpointSession,
    FileKeeper,
    OpenContext,
    Operation,
    Provider,
    ReadRequest,
    WriteBatch,
    WriteResult,
    WriteStatus,
)
from desktop_sync.core.structure import Field, Structure, encode_record_id
from desktop_sync.services.unattended.local_changes import file_looks

Record = dict[str, str | None]


class Workshop(Protocol):
    """Makes endpoints for the suite and looks at them from outside, not through the provider."""

    provider: Provider
    is_on_disk: bool
    """The endpoint is files that this process writes itself, so that the suite can make the disk refuse."""

    def context(self) -> OpenContext:
        """Opens an endpoint that exists and that this workshop may fill."""

    def make(self, structure: str, fields: Sequence[str], key: Sequence[str], records: Sequence[Sequence[str]]) -> None:
        """A structure of text fields with these records, made without the provider. `key` fields make the id."""

    def raw(self, structure: str) -> list[tuple[str | None, ...]]:
        """All records as text, in order of key, read without the provider."""

    def change(self, structure: str, key_field: str, key: str, field: str, value: str) -> None:
        """Another program changes one value."""

    def fingerprint(self) -> bytes:
        """All content of the endpoint as it stands on the disk or in the service."""

    def make_unusable(self) -> None:
        """From now on the endpoint is gone: the file, folder or service is not there."""


HOSTILE_TEXTS = (
    "plain",
    "it's",
    'say "hi"',
    "a;b,c\td|e",
    "  spaces  ",
    "line\nbreak",
    "carriage\r\nreturn",
    "ünïcödé ß",
    "日本語 👩‍👩‍👧 \u202e",
    "e\u0301 and é",
    "=1+1",
    "+49 30 123456",
    "-2+3",
    "-12.5",
    "@sum",
    "'quoted",
    "'=masked",
    "''=twice",
    "\ttab first",
    "\rcarriage first",
    "NULL",
    "null",
    "true",
    "007",
    "1e5",
    "nan",
    "\\N",
    "\\",
    '"',
    '""',
    "'",
    "%s {0} $1",
    "'; DROP TABLE people; --",
    "\ufeffmark",
    "x" * 70_000,
)
HOSTILE_NAMES = (
    "select",
    "Order by",
    'quo"ted',
    "semi;colon",
    "ünï",
    "a.b",
    "com,ma",
    "it's",
    "t.x",
    "rowid",
    "=sum",
    "[brackets]",
    "100 %",
    "?",
    ":name",
)


class ProviderConformance:
    """Inherit, and give a `workshop` fixture that returns a fresh `Workshop`."""

    structure = "people"

    @pytest.fixture
    def session(self, workshop: Workshop) -> Iterator[EndpointSession]:
        session = workshop.provider.open(workshop.context())
        yield session
        session.close()

    # reading

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1023, 1024, 1025])
    def test_every_record_is_read_once_whatever_the_number(
        self, workshop: Workshop, session: EndpointSession, count: int
    ) -> None:
        rows = [(f"{number:05}", f"name {number}") for number in range(count)]
        workshop.make(self.structure, ("id", "name"), ("id",), rows)
        assert sorted(self.rows(session, ("id", "name"))) == rows

    @pytest.mark.scenario("E4", "X4")
    def test_hostile_values_come_through_unchanged(self, workshop: Workshop, session: EndpointSession) -> None:
        rows = [(f"k{number:03}", text) for number, text in enumerate(HOSTILE_TEXTS)]
        workshop.make(self.structure, ("id", "text"), ("id",), [])
        described = self.described(session)
        with session.writer(described) as writer:
            writer.stage(self.creates(("id", "text"), rows))
            (result,) = writer.commit()
        assert list(result.statuses) == [WriteStatus.WRITTEN] * len(rows)
        assert sorted(self.rows(session, ("id", "text"))) == rows

    @pytest.mark.scenario("E10", "X5")
    def test_hostile_names_of_fields_are_only_names(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", *HOSTILE_NAMES), ("id",), [("1", *HOSTILE_NAMES)])
        described = self.described(session)
        assert described.field_names == ("id", *HOSTILE_NAMES)
        assert self.rows(session, ("id", *HOSTILE_NAMES)) == [("1", *HOSTILE_NAMES)]
        changed = tuple(f"new {name}" for name in HOSTILE_NAMES)
        expected = [HOSTILE_NAMES]
        (result,) = self.write(session, self.updates(("1",), HOSTILE_NAMES, [changed], HOSTILE_NAMES, expected))
        assert list(result.statuses) == [WriteStatus.WRITTEN]
        assert self.rows(session, ("id", *HOSTILE_NAMES)) == [("1", *changed)]

    @pytest.mark.scenario("E10", "X5")
    @pytest.mark.parametrize("name", ["order", "two words", "semi;colon", "ünïcode", "it's", "a.b", "x" * 100])
    def test_hostile_names_of_structures_are_only_names(
        self, workshop: Workshop, session: EndpointSession, name: str
    ) -> None:
        workshop.make(name, ("id", "name"), ("id",), [("1", "one")])
        assert [summary.name for summary in session.structures()] == [name]
        assert self.rows(session, ("id", "name"), name) == [("1", "one")]
        (result,) = self.write(session, self.creates(("id", "name"), [("2", "two")]), name)
        assert list(result.statuses) == [WriteStatus.WRITTEN]
        assert workshop.raw(name) == [("1", "one"), ("2", "two")]

    def test_fields_come_in_the_order_that_was_asked_for(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "a", "b"), ("id",), [("1", "x", "y")])
        assert self.rows(session, ("b", "id", "a")) == [("y", "1", "x")]

    def test_the_limit_counts_records(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id",), ("id",), [(f"{number:03}",) for number in range(20)])
        described = self.described(session)
        for limit in (0, 1, 19, 20, 21):
            table = session.read(ReadRequest(described, ("id",), limit=limit)).read_all()
            assert table.num_rows == min(limit, 20)

    @pytest.mark.scenario("X4")
    def test_records_are_found_by_their_ids_and_others_left_out(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        if not session.capabilities.reads_by_id:
            pytest.skip("the provider does not read by ids")
        rows = [(f"{number:05}", f"n{number}") for number in range(3000)]
        workshop.make(self.structure, ("id", "name"), ("id",), rows)
        wanted = [f"{number:05}" for number in range(0, 3000, 2)]
        ids = [*wanted, "none", "", "'; --", "a,b"]
        assert sorted(self.rows(session, ("id", "name"), ids=ids)) == rows[::2]
        assert self.rows(session, ("id", "name"), ids=[]) == []

    def test_composite_keys_make_ids_that_never_collide(self, workshop: Workshop, session: EndpointSession) -> None:
        rows = [("a,b", "c", "1"), ("a", "b,c", "2"), ("a\\", ",b", "3"), ("a\\,", "b", "4")]
        workshop.make(self.structure, ("x", "y", "v"), ("x", "y"), rows)
        described = self.described(session, key=("x", "y"))
        for x, y, value in rows:
            request = ReadRequest(described, ("v",), ids=[encode_record_id((x, y))])
            assert session.read(request).read_all().to_pylist() == [{"v": value}]
        ids = tuple(encode_record_id(row[:2]) for row in rows)
        batch = self.updates(ids[1:2], ("v",), [("9",)], ("v",), [("2",)])
        (result,) = self.write(session, batch, key=("x", "y"))
        assert list(result.statuses) == [WriteStatus.WRITTEN]
        assert sorted(row[2] or "" for row in workshop.raw(self.structure)) == ["1", "3", "4", "9"]

    @pytest.mark.scenario("E11")
    def test_a_field_that_is_not_there_is_schema_drift_and_named(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        described = self.described(session)
        with pytest.raises(SchemaDriftError) as caught:
            session.read(ReadRequest(described, ("id", "vanished"))).read_all()
        assert caught.value.place.field == "vanished"
        before = workshop.fingerprint()
        with pytest.raises(SchemaDriftError) as caught:
            self.write(session, self.creates(("id", "vanished"), [("2", "x")]))
        assert caught.value.place.field == "vanished"
        assert workshop.fingerprint() == before

    def test_a_structure_that_is_not_there_is_missing(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id",), ("id",), [])
        with pytest.raises(MissingError) as caught:
            session.describe("nowhere")
        assert caught.value.place.structure == "nowhere"

    @pytest.mark.scenario("C18")
    def test_an_endpoint_that_is_gone_is_missing_and_never_empty(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id",), ("id",), [("1",)])
        described = self.described(session)
        workshop.make_unusable()
        with pytest.raises(MissingError):
            session.structures()
        with pytest.raises(MissingError):
            session.read(ReadRequest(described, ("id",))).read_all()
        with pytest.raises(MissingError):
            workshop.provider.open(workshop.context()).test()

    def test_reading_writes_nothing(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        before = workshop.fingerprint()
        session.test()
        session.identity()
        self.rows(session, ("id", "name"))
        self.rows(session, ("id",), ids=["1"])
        session.reserve_ids(self.described(session), 3)
        assert workshop.fingerprint() == before

    def test_a_read_is_one_state_though_others_write_meanwhile(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        rows = [(f"{number:05}", "old") for number in range(40_000)]
        workshop.make(self.structure, ("id", "name"), ("id",), rows)
        stream = session.read(ReadRequest(self.described(session), ("id", "name")))
        first = next(iter(stream))
        (result,) = self.write(
            session, self.updates(("39999", "00000"), ("name",), [("new",)] * 2, ("name",), [("old",)] * 2)
        )
        rest = stream.read_all()
        seen = set(first.column("name").to_pylist()) | set(rest.column("name").to_pylist())
        assert seen == {"old"}
        assert first.num_rows + rest.num_rows == 40_000
        assert list(result.statuses) == [WriteStatus.WRITTEN] * 2
        assert ("39999", "new") in self.rows(session, ("id", "name"))

    def test_nothing_stays_open(self, workshop: Workshop) -> None:
        if not os.path.isdir("/proc/self/fd"):
            pytest.skip("open files can be counted on Linux only")
        workshop.make(self.structure, ("id", "name"), ("id",), [(f"{n:05}", "x") for n in range(30_000)])
        self.use_everything(workshop)
        gc.collect()
        before, threads = self.open_files(), threading.active_count()
        for _ in range(3):
            self.use_everything(workshop)
        gc.collect()
        assert self.open_files() == before
        assert threading.active_count() <= threads + 1

    def use_everything(self, workshop: Workshop) -> None:
        session = workshop.provider.open(workshop.context())
        described = self.described(session)
        session.test()
        session.read(ReadRequest(described, ("id",))).read_all()
        unfinished = session.read(ReadRequest(described, ("id",)))
        next(iter(unfinished))
        closed = session.read(ReadRequest(described, ("id",)))
        closed.close()
        with session.writer(described) as writer:
            writer.stage(self.updates(("00001",), ("name",), [("x",)], ("name",), [("x",)]))
            writer.commit()
        session.close()

    # writing

    def test_created_updated_and_deleted_records_are_there_for_others(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one"), ("2", "two"), ("3", "three")])
        with session.writer(self.described(session)) as writer:
            writer.stage(self.creates(("id", "name"), [("4", "four")]))
            writer.stage(self.updates(("1",), ("name",), [("uno",)], ("id", "name"), [("1", "one")]))
            writer.stage(self.deletes(("2",), ("id", "name"), [("2", "two")]))
            results = writer.commit()
        assert [list(result.statuses) for result in results] == [[WriteStatus.WRITTEN]] * 3
        assert [list(result.ids) for result in results] == [["4"], ["1"], ["2"]]
        assert workshop.raw(self.structure) == [("1", "uno"), ("3", "three"), ("4", "four")]

    def test_the_files_that_an_endpoint_of_files_names_change_with_its_records(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        """For a `FileKeeper`: real time and schedules look at these files instead of opening the endpoint."""
        keeper, context = workshop.provider, workshop.context()
        assert isinstance(keeper, FileKeeper)
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        assert os.path.isabs(keeper.place(context))
        assert os.path.exists(keeper.place(context))
        seen = [file_looks(keeper.files(context, self.structure))]
        assert seen[0]
        list(self.rows(session, ("id", "name")))
        assert file_looks(keeper.files(context, self.structure)) == seen[0], "a read is no change"
        self.write(session, self.creates(("id", "name"), [("2", "another, and longer than the first")]))
        seen.append(file_looks(keeper.files(context, self.structure)))
        workshop.change(self.structure, "id", "1", "name", "uno " * 2000)
        seen.append(file_looks(keeper.files(context, self.structure)))
        assert len(set(seen)) == len(seen)
        workshop.make_unusable()
        assert not os.path.exists(keeper.place(context))
        assert file_looks(keeper.files(context, self.structure)) == ()

    def test_without_commit_nothing_is_written(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        before = workshop.fingerprint()
        with session.writer(self.described(session)) as writer:
            writer.stage(self.creates(("id", "name"), [("2", "two")]))
            assert workshop.fingerprint() == before
        assert workshop.fingerprint() == before
        with session.writer(self.described(session)) as writer:
            assert writer.commit() == []

    def test_a_field_that_is_not_sent_keeps_its_value(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name", "other"), ("id",), [("1", "one", "kept")])
        self.write(session, self.updates(("1",), ("name",), [("uno",)], ("name",), [("one",)]))
        assert workshop.raw(self.structure) == [("1", "uno", "kept")]

    def test_null_empties_a_field(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        (result,) = self.write(session, self.updates(("1",), ("name",), [(None,)], ("name",), [("one",)]))
        assert list(result.statuses) == [WriteStatus.WRITTEN]
        assert self.rows(session, ("id", "name")) == [("1", None)]

    @pytest.mark.scenario("E1")
    def test_empty_text_and_null_are_told_apart_as_declared(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [])
        (result,) = self.write(session, self.creates(("id", "name"), [("1", ""), ("2", None)]))
        values = dict(self.rows(session, ("id", "name")))
        assert values["2"] is None
        if session.capabilities.distinguishes_empty_and_null:
            assert values["1"] == ""
            assert list(result.stored_as_sent) == [True, True]
        else:
            assert values["1"] is None
            assert list(result.stored_as_sent) == [False, True]

    @pytest.mark.scenario("K3")
    @pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE])
    def test_a_record_that_changed_since_it_was_read_is_not_written(
        self, workshop: Workshop, session: EndpointSession, operation: Operation
    ) -> None:
        if session.capabilities.conditional_write is ConditionalWrite.BLIND:
            pytest.skip("the provider writes blindly and says so")
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one"), ("2", "two")])
        read = self.rows(session, ("name",))
        workshop.change(self.structure, "id", "1", "name", "edited")
        if operation is Operation.UPDATE:
            batch = self.updates(("1", "2"), ("name",), [("uno",), ("due",)], ("name",), read)
            left = [("1", "edited"), ("2", "due")]
        else:
            batch = self.deletes(("1", "2"), ("name",), read)
            left = [("1", "edited")]
        (result,) = self.write(session, batch)
        assert list(result.statuses) == [WriteStatus.CHANGED, WriteStatus.WRITTEN]
        assert workshop.raw(self.structure) == left

    @pytest.mark.scenario("K3")
    def test_a_change_between_stage_and_commit_is_seen(self, workshop: Workshop, session: EndpointSession) -> None:
        if session.capabilities.conditional_write is not ConditionalWrite.STRONG:
            pytest.skip("the provider does not declare strong conditional writes")
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        with session.writer(self.described(session)) as writer:
            writer.stage(self.updates(("1",), ("name",), [("uno",)], ("name",), [("one",)]))
            workshop.change(self.structure, "id", "1", "name", "edited")
            before = workshop.fingerprint()
            (result,) = writer.commit()
        assert list(result.statuses) == [WriteStatus.CHANGED]
        assert workshop.fingerprint() == before

    @pytest.mark.scenario("K3")
    def test_a_record_that_is_gone_is_changed(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        (update,) = self.write(session, self.updates(("9",), ("name",), [("x",)], ("name",), [("one",)]))
        (delete,) = self.write(session, self.deletes(("9",), ("name",), [("one",)]))
        assert [list(update.statuses), list(delete.statuses)] == [[WriteStatus.CHANGED]] * 2
        assert workshop.raw(self.structure) == [("1", "one")]

    @pytest.mark.scenario("K3")
    def test_null_and_text_are_different_expectations(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        (result,) = self.write(session, self.updates(("1",), ("name",), [("x",)], ("name",), [(None,)]))
        assert list(result.statuses) == [WriteStatus.CHANGED]
        assert workshop.raw(self.structure) == [("1", "one")]

    def test_an_id_that_is_taken_exists_and_the_others_go_through(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("2", "two")])
        rows = [(str(number), f"new {number}") for number in range(1, 6)]
        (result,) = self.write(session, self.creates(("id", "name"), rows))
        written, exists = WriteStatus.WRITTEN, WriteStatus.EXISTS
        assert list(result.statuses) == [written, exists, written, written, written]
        assert ("2", "two") in workshop.raw(self.structure)
        assert len(workshop.raw(self.structure)) == 5

    def test_the_same_id_twice_in_a_batch_is_created_once(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [])
        (result,) = self.write(session, self.creates(("id", "name"), [("1", "a"), ("1", "b"), ("2", "c")]))
        assert list(result.statuses) == [WriteStatus.WRITTEN, WriteStatus.EXISTS, WriteStatus.WRITTEN]
        assert workshop.raw(self.structure) == [("1", "a"), ("2", "c")]

    def test_reserved_ids_are_free_new_each_time_and_used_as_given(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("guid", "name"), ("guid",), [])
        described = self.described(session, key=("guid",))
        reserved = session.reserve_ids(described, 3)
        again = session.reserve_ids(described, 3)
        if reserved is None or again is None:
            assert reserved is None
            assert again is None
            pytest.skip("this structure's ids cannot be reserved")
        assert session.capabilities.creates is CreateClass.CLIENT_ID
        assert len({*reserved, *again}) == 6
        batch = WriteBatch(Operation.CREATE, reserved, ("name",), self.table([("a",), ("b",), ("c",)], 1))
        (first,) = self.write(session, batch, key=("guid",))
        assert list(first.statuses) == [WriteStatus.WRITTEN] * 3
        assert list(first.ids) == reserved
        batch = WriteBatch(Operation.CREATE, reserved, ("name",), self.table([("a",), ("b",), ("c",)], 1))
        (second,) = self.write(session, batch, key=("guid",))
        assert list(second.statuses) == [WriteStatus.EXISTS] * 3
        assert len(workshop.raw(self.structure)) == 3

    # honesty about creates: what a provider declares decides how a create without an answer is settled

    @pytest.mark.scenario("A3")
    def test_a_create_that_is_sent_again_makes_no_second_record(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        capabilities = session.capabilities
        how = capabilities.creates
        if how in (CreateClass.NATURAL_KEY, CreateClass.NONE) or (
            how is CreateClass.EXTERNAL_ID and not capabilities.is_external_id_unique
        ):
            pytest.skip("the provider does not declare that it knows a create again")
        batch, described, key = self.keyed_create(workshop, session, "one")
        (first,) = self.write(session, batch(), key=key)
        assert list(first.statuses) == [WriteStatus.WRITTEN]
        fresh = workshop.provider.open(workshop.context())  # what it knows is not only in this session
        (again,) = self.write(fresh, batch(), key=key)
        fresh.close()
        if how is CreateClass.IDEMPOTENCY_KEY:
            assert (list(again.statuses), list(again.ids)) == ([WriteStatus.WRITTEN], list(first.ids))
        else:
            assert list(again.statuses) == [WriteStatus.EXISTS]
        assert len(workshop.raw(self.structure)) == 1
        if how is CreateClass.CLIENT_ID:
            assert list(first.ids) == list(batch().ids)
            request = ReadRequest(described, ("name",), ids=[str(first.ids[0])])
            assert session.read(request).read_all().to_pylist() == [{"name": "one"}]

    @pytest.mark.scenario("A3")
    def test_a_created_record_is_found_by_the_key_of_its_create(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        if session.capabilities.creates not in (CreateClass.MARKER, CreateClass.EXTERNAL_ID):
            pytest.skip("the provider does not declare that it finds records by the keys of their creates")
        batch, described, key = self.keyed_create(workshop, session, "one")
        keys = list(batch().keys)
        assert session.find_created(described, keys) == [[]]
        (result,) = self.write(session, batch(), key=key)
        fresh = workshop.provider.open(workshop.context())
        assert fresh.find_created(described, [*keys, "another"]) == [list(result.ids), []]
        fresh.close()

    @pytest.mark.scenario("F2")
    def test_a_key_that_comes_with_other_values_creates_nothing(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        if session.capabilities.creates is not CreateClass.IDEMPOTENCY_KEY:
            pytest.skip("the provider has no idempotency keys")
        batch, _, key = self.keyed_create(workshop, session, "one")
        self.write(session, batch(), key=key)
        other = WriteBatch(Operation.CREATE, [None], ("name",), self.table([("two",)], 1), keys=batch().keys)
        (result,) = self.write(session, other, key=key)
        assert list(result.statuses) == [WriteStatus.REJECTED]
        assert [row[-1] for row in workshop.raw(self.structure)] == ["one"]

    @pytest.mark.scenario("A8")
    def test_nothing_is_sent_after_the_time_until_which_it_may_be_sent(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        if not session.capabilities.max_in_flight_s:
            pytest.skip("nothing of this provider is under way once a call returned")
        batch, _, key = self.keyed_create(workshop, session, "one")
        late = replace(batch(), send_before=datetime(2000, 1, 1, tzinfo=UTC))
        (result,) = self.write(session, late, key=key)
        assert list(result.statuses) == [WriteStatus.CHANGED]
        assert workshop.raw(self.structure) == []

    def keyed_create(
        self, workshop: Workshop, session: EndpointSession, name: str
    ) -> tuple[Callable[[], WriteBatch], Structure, tuple[str, ...]]:
        """One create, as often as it is asked for, as a run would send it; where it goes; and the key fields."""
        workshop.make(self.structure, ("guid", "name"), ("guid",), [])
        described = self.described(session, key=("guid",))
        ids: list[str | None] = [None]
        if session.capabilities.creates is CreateClass.CLIENT_ID:
            reserved = session.reserve_ids(described, 1)
            assert reserved is not None
            ids = list(reserved)
        keyed = (CreateClass.MARKER, CreateClass.IDEMPOTENCY_KEY, CreateClass.EXTERNAL_ID)
        keys = ("the-key-of-this-create",) if session.capabilities.creates in keyed else ()

        def batch() -> WriteBatch:
            return WriteBatch(Operation.CREATE, ids, ("name",), self.table([(name,)], 1), keys=keys)

        return batch, described, ("guid",)

    @pytest.mark.parametrize("around", [-1, 0, 1])
    def test_whole_batches_are_written(self, workshop: Workshop, session: EndpointSession, around: int) -> None:
        count = min(session.capabilities.batch_size, 2000) + around
        workshop.make(self.structure, ("id", "name"), ("id",), [])
        rows = [(f"{number:06}", f"name {number}") for number in range(count)]
        (result,) = self.write(session, self.creates(("id", "name"), rows))
        assert set(result.statuses) == {WriteStatus.WRITTEN}
        assert [len(part) for part in (result.ids, result.messages, result.stored_as_sent)] == [count] * 3
        assert workshop.raw(self.structure) == rows

    def test_a_second_update_of_a_record_needs_what_the_first_wrote(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        with session.writer(self.described(session)) as writer:
            writer.stage(self.updates(("1",), ("name",), [("a",)], ("name",), [("one",)]))
            writer.stage(self.updates(("1",), ("name",), [("b",)], ("name",), [("one",)]))
            writer.stage(self.updates(("1",), ("name",), [("c",)], ("name",), [("a",)]))
            results = writer.commit()
        statuses = [result.statuses[0] for result in results]
        assert statuses == [WriteStatus.WRITTEN, WriteStatus.CHANGED, WriteStatus.WRITTEN]
        assert workshop.raw(self.structure) == [("1", "c")]

    @pytest.mark.scenario("E4")
    def test_what_was_written_reads_back_as_the_next_expectation(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "text"), ("id",), [])
        rows = [(f"k{number:03}", text) for number, text in enumerate(HOSTILE_TEXTS)]
        self.write(session, self.creates(("id", "text"), rows))
        read = sorted(self.rows(session, ("id", "text")))
        ids = tuple(row[0] for row in read)
        (result,) = self.write(session, self.updates(ids, ("text",), [(row[1],) for row in read], ("id", "text"), read))
        assert set(result.statuses) == {WriteStatus.WRITTEN}
        assert sorted(self.rows(session, ("id", "text"))) == rows

    @pytest.mark.scenario("A11")
    @pytest.mark.parametrize("bytes_left", [0, 100, 5_000, 40_000, 70_000])
    def test_a_write_that_the_disk_refuses_leaves_everything_as_it_was(
        self, workshop: Workshop, session: EndpointSession, bytes_left: int
    ) -> None:
        """Files may not grow beyond `bytes_left` while writing: every place where a write may fail comes by."""
        resource = pytest.importorskip("resource")
        if not workshop.is_on_disk:
            pytest.skip("the endpoint is not on this machine's disk")
        rows = [(f"{number:05}", "old" * 10) for number in range(2000)]
        workshop.make(self.structure, ("id", "name"), ("id",), rows)
        before, described = workshop.fingerprint(), self.described(session)
        new = [(f"{number:05}", "new" * 20) for number in range(2000, 6000)]
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        with session.writer(described) as writer:
            writer.stage(self.creates(("id", "name"), new))
            writer.stage(
                self.updates(("00000",), ("name",), [("changed",)], ("name",), [("old" * 10,)]),
            )
            resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, limits[1]))
            try:
                with pytest.raises(EndpointError):
                    writer.commit()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert sorted(self.rows(session, ("id", "name"))) == rows
        assert workshop.fingerprint() == before
        (result,) = self.write(session, self.creates(("id", "name"), new))
        assert set(result.statuses) == {WriteStatus.WRITTEN}
        assert workshop.raw(self.structure) == rows + new

    # structures, identity, sessions

    def test_a_created_structure_is_empty_and_takes_records(self, workshop: Workshop, session: EndpointSession) -> None:
        if not session.capabilities.can_create_structures:
            pytest.skip("the provider creates no structures")
        wanted = Structure("made", (Field("id"), Field('na"me, x;')), ("id",))
        session.create_structure(wanted)
        described = self.described(session, "made")
        assert described.field_names == wanted.field_names
        assert self.rows(session, wanted.field_names, "made") == []
        (result,) = self.write(session, self.creates(wanted.field_names, [("1", "x")]), "made")
        assert list(result.statuses) == [WriteStatus.WRITTEN]
        assert workshop.raw("made") == [("1", "x")]
        before = workshop.fingerprint()
        with pytest.raises(ConfigurationError):
            session.create_structure(wanted)
        assert workshop.fingerprint() == before

    def test_the_identity_stays_while_the_data_changes(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        before = session.identity()
        self.write(session, self.creates(("id", "name"), [("2", "two")]))
        assert session.identity() == before
        other = workshop.provider.open(workshop.context())
        assert other.identity() == before
        other.close()

    def test_the_test_says_what_is_there(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id",), ("id",), [("1",)])
        report = session.test()
        assert report.is_reachable
        assert report.can_write
        assert [summary.name for summary in report.structures] == [self.structure]
        assert report.structures[0].record_count in (1, None)

    def test_a_closed_session_refuses(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id",), ("id",), [])
        session.close()
        session.close()
        with pytest.raises(EndpointError):
            session.structures()

    def test_settings_have_words_for_people(self, workshop: Workshop) -> None:
        keys = [setting.key for setting in workshop.provider.settings]
        assert len(set(keys)) == len(keys)
        assert all(setting.label and setting.help for setting in workshop.provider.settings)
        with pytest.raises(ConfigurationError):
            workshop.provider.open(OpenContext("E", {}))

    # how the tests speak

    def described(self, session: EndpointSession, name: str | None = None, key: tuple[str, ...] = ("id",)) -> Structure:
        found = session.describe(name or self.structure)
        return Structure(found.name, found.fields, key, found.can_write)

    def rows(
        self,
        session: EndpointSession,
        fields: tuple[str, ...],
        name: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[tuple[str | None, ...]]:
        stream = session.read(ReadRequest(self.described(session, name), fields, ids=ids))
        table = pa.RecordBatchReader.from_stream(stream).read_all()
        assert tuple(table.column_names) == fields
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def write(
        self, session: EndpointSession, batch: WriteBatch, name: str | None = None, key: tuple[str, ...] = ("id",)
    ) -> list[WriteResult]:
        with session.writer(self.described(session, name, key)) as writer:
            writer.stage(batch)
            return writer.commit()

    def table(self, rows: Sequence[Sequence[str | None]], width: int) -> pa.Table:
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        return pa.table([pa.array(column, pa.string()) for column in columns], [f"c{i}" for i in range(width)])

    def creates(self, fields: tuple[str, ...], rows: Sequence[Sequence[str | None]]) -> WriteBatch:
        return WriteBatch(Operation.CREATE, [None] * len(rows), fields, self.table(rows, len(fields)))

    def updates(
        self,
        ids: tuple[str, ...],
        fields: tuple[str, ...],
        rows: Sequence[Sequence[str | None]],
        expected_fields: tuple[str, ...],
        expected: Sequence[Sequence[str | None]],
    ) -> WriteBatch:
        return WriteBatch(
            Operation.UPDATE,
            ids,
            fields,
            self.table(rows, len(fields)),
            expected_fields,
            self.table(expected, len(expected_fields)),
        )

    def deletes(
        self, ids: tuple[str, ...], expected_fields: tuple[str, ...], expected: Sequence[Sequence[str | None]]
    ) -> WriteBatch:
        return WriteBatch(
            Operation.DELETE,
            ids,
            expected_fields=expected_fields,
            expected=self.table(expected, len(expected_fields)),
        )

    def open_files(self) -> list[str]:
        found = []
        for number in os.listdir("/proc/self/fd"):
            try:
                found.append(os.readlink(f"/proc/self/fd/{number}"))
            except OSError:
                continue  # the one that lists
        return sorted(name for name in found if name.startswith("/") and not name.startswith("/proc"))


class WriteOnlyConformance(ProviderConformance):
    """For providers of systems that cannot be read (`can_read` is False): inherit this one. The rules that need a read
    of the provider are left out; what was written is seen by the workshop."""

    test_every_record_is_read_once_whatever_the_number = None
    test_hostile_values_come_through_unchanged = None
    test_hostile_names_of_fields_are_only_names = None
    test_hostile_names_of_structures_are_only_names = None
    test_fields_come_in_the_order_that_was_asked_for = None
    test_the_limit_counts_records = None
    test_records_are_found_by_their_ids_and_others_left_out = None
    test_composite_keys_make_ids_that_never_collide = None
    test_a_field_that_is_not_there_is_schema_drift_and_named = None
    test_reading_writes_nothing = None
    test_a_read_is_one_state_though_others_write_meanwhile = None
    test_nothing_stays_open = None
    test_null_empties_a_field = None
    test_empty_text_and_null_are_told_apart_as_declared = None
    test_a_record_that_changed_since_it_was_read_is_not_written = None
    test_a_change_between_stage_and_commit_is_seen = None
    test_a_record_that_is_gone_is_changed = None
    test_null_and_text_are_different_expectations = None
    test_a_second_update_of_a_record_needs_what_the_first_wrote = None
    test_what_was_written_reads_back_as_the_next_expectation = None

    def test_it_says_that_it_cannot_be_read_and_refuses(self, workshop: Workshop, session: EndpointSession) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        assert not session.capabilities.can_read
        described = self.described(session)
        assert described.key, "an id is made of a key"
        for ids in (None, ["1"]):
            with pytest.raises(EndpointError) as refused:
                session.read(ReadRequest(described, ("id", "name"), ids=ids))
            assert refused.value.place.structure == self.structure

    def test_a_delete_of_a_record_that_is_gone_is_written_and_an_update_is_not(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        """A delete without an answer is sent again, for nobody can look whether it was carried out."""
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        for _ in range(2):
            (deleted,) = self.write(session, self.deletes(("1",), ("name",), [("one",)]))
            assert list(deleted.statuses) == [WriteStatus.WRITTEN]
        (updated,) = self.write(session, self.updates(("1",), ("name",), [("x",)], ("name",), [("one",)]))
        assert list(updated.statuses) == [WriteStatus.CHANGED]
        assert workshop.raw(self.structure) == []

    def test_an_update_that_is_sent_again_changes_nothing_more(
        self, workshop: Workshop, session: EndpointSession
    ) -> None:
        workshop.make(self.structure, ("id", "name"), ("id",), [("1", "one")])
        for _ in range(2):
            (updated,) = self.write(session, self.updates(("1",), ("name",), [("uno",)], ("name",), [("one",)]))
            assert list(updated.statuses) == [WriteStatus.WRITTEN]
        assert workshop.raw(self.structure) == [("1", "uno")]
