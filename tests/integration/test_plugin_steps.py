"""SPEC §6: a step of a plugin, found by its entry point in an installed package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_sync.core.configuration import Direction, FieldMapping, PipelineStep, StepKind
from desktop_sync.core.errors import ConfigurationError
from desktop_sync.core.plugin_pin import PinState
from desktop_sync.core.status import Status
from desktop_sync.services.session.plugin_files import plugin_names
from tests.support.worlds import CITY, EMAIL, World, WorldMaker

MODULE = """
import pyarrow as pa
import pyarrow.compute as pc


def shout(records):
    return pa.table({"city": pc.utf8_upper(records["City"]), "problem": pc.if_else(
        pc.equal(pc.fill_null(records["City"], ""), "Rom"), "not to Rome", None)})


def short(records):
    return records.slice(1)


def broken(records):
    raise RuntimeError("it broke")


def poor(records):
    return pa.table({"other": records["City"]})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "installed"
    info = folder / "shouting-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    points = "\n".join(f"{name} = shouting_steps:{name}" for name in ("shout", "short", "broken", "poor", "gone"))
    (info / "entry_points.txt").write_text(f"[desktop_sync.steps]\n{points}\n")
    (folder / "shouting_steps.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("shouting_steps", None)


def with_plugin(
    world: WorldMaker,
    name: str,
    *,
    enabled: bool = True,
    direction: Direction = Direction.A_TO_B,
    confirmed: bool = True,
) -> World:
    w = world(fields=(EMAIL, CITY, FieldMapping("Note", "remark")))
    step = PipelineStep(
        StepKind.PLUGIN, "shouting", "people", direction, enabled=enabled, plugin=name, fields=("city",)
    )
    w.save(steps=(step,))
    if confirmed and name in plugin_names():
        w.app.plugins.confirm(name, w.app.plugins.look(name).digest)
    return w


def test_a_plugin_fills_fields_and_refuses_records_and_the_second_run_is_quiet(
    world: WorldMaker, package: None
) -> None:
    assert "shout" in plugin_names()
    w = with_plugin(world, "shout")
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Rom")
    w.put("a", Id=3, Email="cid@x.org", City=None)
    w.put("b", id="b9", email="dan@x.org", city="Linz")  # and one that goes the other way
    w.run()
    assert w.rows("b", "email", "city") == [("ann@x.org", "WIEN"), ("cid@x.org", None), ("dan@x.org", "Linz")]
    assert (w.of(2).status, w.of(2).last_error) == (Status.INVALID, "not to Rome")
    w.run()
    w.assert_quiet()
    w.edit("a", 1, City="Graz")
    w.run()
    assert ("ann@x.org", "GRAZ") in w.rows("b", "email", "city")
    w.edit("a", 1, City="graz")
    w.assert_quiet()
    changes = {one.row.title: one.changes for one in w.app.traces.trace("Sync", w.of(1).id)[0].steps}["shouting"]
    assert [(c.label, c.before, c.after) for c in changes] == [("city", "graz", "GRAZ")]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("short", "one row per record"),
        ("broken", "failed .RuntimeError."),
        ("poor", 'returned no column "city"'),
        ("gone", "cannot be imported"),
        ("unknown", "no installed package offers"),
    ],
)
def test_a_plugin_that_does_not_do_its_work_stops_the_run_before_it_writes(
    world: WorldMaker, package: None, name: str, problem: str
) -> None:
    w = with_plugin(world, name)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    before = w.fingerprints()
    with pytest.raises(ConfigurationError, match=problem):
        w.run()
    assert w.fingerprints() == before


@pytest.mark.scenario("X16")
def test_a_plugin_that_is_not_enabled_is_not_even_imported(world: WorldMaker, package: None) -> None:
    w = with_plugin(world, "shout", enabled=False)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    w.run()
    assert w.rows("b", "city") == [("Wien",)]
    assert "shouting_steps" not in sys.modules


@pytest.mark.scenario("X16")
@pytest.mark.parametrize(
    "name",
    [
        "os",
        "os:system",
        "shouting_steps",
        "shouting_steps:shout",
        "./own.py",
        "/own/steps.py",
        "..",
        "https://example.org/p",
    ],
)
def test_a_plugin_is_a_name_that_is_offered_and_never_a_module_a_path_or_an_address(
    world: WorldMaker, package: None, name: str
) -> None:
    w = with_plugin(world, name)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    with pytest.raises(ConfigurationError, match="no installed package offers"):
        w.run()
    assert "shouting_steps" not in sys.modules


@pytest.mark.scenario("X16")
def test_nothing_is_imported_from_the_folder_that_the_program_is_started_in(
    world: WorldMaker, package: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "downloads"
    here.mkdir()
    (here / "shouting_steps.py").write_text("raise SystemExit('what lies here was imported')")
    info = here / "planted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[desktop_sync.steps]\nplanted = shouting_steps:shout\n")
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(here))
    assert "planted" not in plugin_names()
    for name, sentence in (
        ("planted", "no installed package offers"),
        ("shout", "start the program in another folder"),
    ):
        w = with_plugin(world, name, confirmed=False)
        w.put("a", Id=1, Email="ann@x.org", City="Wien")
        with pytest.raises(ConfigurationError, match=sentence):
            w.run()
    assert "shouting_steps" not in sys.modules


@pytest.mark.scenario("X16")
def test_a_plugin_runs_only_with_the_files_that_a_person_confirmed(
    world: WorldMaker, package: None, tmp_path: Path
) -> None:
    w = with_plugin(world, "shout", confirmed=False)
    w.put("a", Id=1, Email="ann@x.org", City="Wien")
    with pytest.raises(ConfigurationError, match="was not allowed on this machine"):
        w.run()
    assert "shouting_steps" not in sys.modules
    seen = w.app.plugins.look("shout")
    assert (seen.package, seen.folder, seen.state) == ("shouting 1.0", str(tmp_path / "installed"), PinState.NEW)
    assert [one.name for one in w.app.plugins.unconfirmed(w.app.configurations.get("Sync"))] == ["shout"]
    w.app.plugins.confirm("shout", seen.digest)
    w.run()
    assert w.rows("b", "city") == [("WIEN",)]
    file = tmp_path / "installed" / "shouting_steps.py"
    file.write_text(MODULE.replace("utf8_upper", "utf8_lower") + "\n")
    w.put("a", Id=2, Email="bob@x.org", City="Graz")
    before = w.fingerprints()
    with pytest.raises(ConfigurationError, match="was changed since you allowed it"):
        w.run()
    assert w.fingerprints() == before
    changed = w.app.plugins.look("shout")
    assert changed.state is PinState.CHANGED
    with pytest.raises(ConfigurationError, match="look again"):
        w.app.plugins.confirm("shout", seen.digest)
    w.app.plugins.confirm("shout", changed.digest)
    with pytest.raises(ConfigurationError, match="changed while the program runs"):
        w.run()  # what was imported before is not what was confirmed now
    sys.modules.pop("shouting_steps")
    w.run()
    assert sorted(w.rows("b", "city")) == [("graz",), ("wien",)]
    file.write_text(MODULE)
    assert w.app.plugins.look("shout").digest == seen.digest
