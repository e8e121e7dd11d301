"""The report of a verification as files: every record that differs or is missing, for people and for spreadsheets."""

from __future__ import annotations

import csv
import html.parser
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_sync.core.errors import CancelledError
from desktop_sync.core.ports import CancelToken
from desktop_sync.services.views import ReportFiles, VerificationReport
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

TABLE = {"people": "id INTEGER PRIMARY KEY, email TEXT, city TEXT, remark TEXT, changed TEXT, gone TEXT"}


class Cells(html.parser.HTMLParser):
    """The texts of all table cells, in order; every tag that was seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self._is_open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._is_open = tag == "td"
        if self._is_open:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.cells[-1] += data


def apart(world: WorldMaker, *fields: object) -> World:
    """Five people; one differs, one is missing on each side, one is only in A."""
    one = world(*(), b_is_table=True, b=TABLE, fields=fields or (EMAIL, CITY))
    for n in range(1, 6):
        one.put("a", Id=n, Email=f"p{n}", City=f"city {n}")
    one.run()
    one.edit("a", 1, City="=SUM(A1)")
    one.edit("b", 1, city="<script>alert('x')</script>")
    one.delete("a", 2)
    one.delete("b", 3)
    one.put("a", Id=6, Email="p6", City="new")
    return one


def verify(one: World, **files: Path) -> VerificationReport:
    return one.app.verification.verify("Sync", files=ReportFiles(**files))


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_table_has_the_counts_the_digest_and_every_difference(world: WorldMaker, tmp_path: Path) -> None:
    one = apart(world)
    report = verify(one, csv=tmp_path / "report.csv")
    rows = read_csv(tmp_path / "report.csv")
    counts = {row["found"]: row["count"] for row in rows if row["count"]}
    found = report.entities[0]
    assert counts == {
        "in sync": "2",
        "different": "1",
        "missing in CRM": "1",
        "missing in Shop": "2",
        "not verified": "0",
    }
    assert (found.in_sync, found.different, found.missing_a, found.missing_b) == (2, 1, 1, 2)
    assert [row["remark"] for row in rows if row["found"] == "digest"] == [found.digest]
    listed = [(row["found"], row["CRM id"], row["Shop id"]) for row in rows if not row["count"] and row["entity"]]
    listed = [row for row in listed if row[0] != "digest"]
    assert sorted(listed) == [
        ("different", "1", "1"),
        ("missing in CRM", "2", "2"),
        ("missing in Shop", "3", "3"),
        ("missing in Shop", "6", ""),
    ]


@pytest.mark.scenario("X6")
def test_a_cell_is_no_formula_and_html_holds_no_markup_of_a_record(world: WorldMaker, tmp_path: Path) -> None:
    one = apart(world)
    verify(one, csv=tmp_path / "report.csv", html=tmp_path / "report.html")
    (row,) = (row for row in read_csv(tmp_path / "report.csv") if row["field"])
    assert row["field"] == "City = city"
    assert (row["CRM value"], row["Shop value"]) == ("'=SUM(A1)", "<script>alert('x')</script>")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    cells = Cells(text)
    assert "script" not in cells.tags
    assert {"=SUM(A1)", "<script>alert('x')</script>", "different", "missing in CRM"} <= set(cells.cells)


@pytest.mark.scenario("X21")
@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX ones")
def test_the_files_are_readable_by_their_owner_only(world: WorldMaker, tmp_path: Path) -> None:
    one = apart(world)
    (tmp_path / "report.csv").write_text("an older one that everybody may read")
    (tmp_path / "report.csv").chmod(0o644)
    verify(one, csv=tmp_path / "report.csv", html=tmp_path / "report.html")
    for name in ("report.csv", "report.html"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_masked_values_are_in_no_report(world: WorldMaker, tmp_path: Path) -> None:
    one = apart(world, EMAIL, replace(CITY, masked=True))
    verify(one, csv=tmp_path / "report.csv", html=tmp_path / "report.html")
    for name in ("report.csv", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8-sig")
        assert "SUM" not in text
        assert "alert" not in text
        assert "•••" in text


def test_a_verification_that_is_cancelled_leaves_the_old_files(world: WorldMaker, tmp_path: Path) -> None:
    one = apart(world)
    (tmp_path / "report.csv").write_text("the old one")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        one.app.verification.verify("Sync", files=ReportFiles(csv=tmp_path / "report.csv"), cancel=cancel)
    assert (tmp_path / "report.csv").read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("wanted", ["nowhere/report.html", "folder"])
def test_a_report_that_cannot_be_written_is_named_as_the_person_named_it(
    world: WorldMaker, tmp_path: Path, wanted: str
) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / wanted
    one = apart(world)
    with pytest.raises(OSError, match=r"directory") as caught:
        verify(one, html=path)
    assert caught.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_in_sync_sides_give_a_report_that_says_so(world: WorldMaker, tmp_path: Path) -> None:
    one = world(b_is_table=True, b=TABLE)
    one.put("a", Id=1, Email="p1", City="x")
    one.run()
    assert verify(one, html=tmp_path / "report.html").is_in_sync
    assert "Nothing differs and nothing is missing." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_records_that_cannot_be_compared_are_listed_with_the_reason(world: WorldMaker, tmp_path: Path) -> None:
    number = "id INTEGER PRIMARY KEY, email TEXT, city INTEGER, remark TEXT, changed TEXT, gone TEXT"
    one = world(b_is_table=True, b={"people": number})
    one.put("a", Id=1, Email="p1", City="not a number")
    report = verify(one, csv=tmp_path / "report.csv")
    assert report.entities[0].unverified == 1
    (row,) = (row for row in read_csv(tmp_path / "report.csv") if row["found"] == "not verified" and not row["count"])
    assert "is not a whole number" in row["remark"]
