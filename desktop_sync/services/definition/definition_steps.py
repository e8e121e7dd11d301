"""The steps of a configuration in its file: `[[configuration.step]]`."""

from __future__ import annotations

from desktop_sync.core.configuration import Direction, Moment, PipelineStep, StepKind, UnknownChoice
from desktop_sync.core.pipeline import KINDS, LONGEST_TIME_LIMIT_S, SHORTEST_TIME_LIMIT_S, STANDARD_KINDS
from desktop_sync.services.definition.definition_table import DefinitionTable, quoted

_PLAIN_TEXTS = ("condition", "message", "field", "expression", "default", "lookup", "url", "plugin")


def read_steps(configuration: DefinitionTable) -> tuple[PipelineStep, ...]:
    """The steps of a configuration's table, in order. A key that a kind does not have is refused."""
    return tuple(_read(table) for table in configuration.tables("step", "step"))


def _read(table: DefinitionTable) -> PipelineStep:
    kind = table.chosen("kind", table.text("kind"), StepKind)
    if kind in STANDARD_KINDS:
        step = PipelineStep(kind, enabled=table.flag("enabled", True))
        table.finish()
        return step
    rule = KINDS[kind]
    keys = (*rule.needs, *rule.may)
    moment = table.chosen("moment", table.value("moment"), Moment) if table.has("moment") else None
    if moment is not None and moment not in rule.moments:
        raise table.refuse("moment", f"possible for this kind: {quoted(each.value for each in rule.moments)}")
    texts = {key: table.text(key) if key in rule.needs else table.text(key, "") for key in _PLAIN_TEXTS if key in keys}
    step = PipelineStep(
        kind,
        table.name("name"),
        table.text("entity") if rule.is_about_records else table.text("entity", ""),
        table.choice("direction", Direction, Direction.BOTH),
        table.flag("enabled", True),
        moment,
        condition=texts.get("condition", ""),
        message=texts.get("message", ""),
        field=texts.get("field", ""),
        expression=texts.get("expression", ""),
        choices=_choices(table) if "choices" in keys else (),
        otherwise=(
            table.choice("otherwise", UnknownChoice, UnknownChoice.INVALID)
            if "otherwise" in keys
            else UnknownChoice.INVALID
        ),
        default=texts.get("default", ""),
        lookup=texts.get("lookup", ""),
        command=table.texts("command") if "command" in keys else (),
        url=texts.get("url", ""),
        plugin=texts.get("plugin", ""),
        fields=table.texts("fields") if "fields" in keys else (),
        time_limit_s=(
            table.whole_number("time_limit_s", 60, SHORTEST_TIME_LIMIT_S, LONGEST_TIME_LIMIT_S)
            if "time_limit_s" in keys
            else 60
        ),
    )
    table.finish()
    return step


def _choices(table: DefinitionTable) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    for row in table.items("choices"):
        if not isinstance(row, list) or len(row) != 2 or not all(isinstance(text, str) for text in row):
            raise table.refuse("choices", 'pairs of texts are expected: [["key", "value"], …]')
        rows.append((row[0], row[1]))
    return tuple(rows)


def step_values(step: PipelineStep) -> dict[str, object]:
    """The keys of a step's table in a file, only those that differ from the defaults."""
    if step.kind in STANDARD_KINDS:
        return {"kind": step.kind.value, "enabled": step.enabled}
    plain = PipelineStep(step.kind)
    values: dict[str, object] = {
        "kind": step.kind.value,
        "name": step.name,
        "entity": step.entity,
        "direction": step.direction.value,
        "enabled": step.enabled,
        "moment": step.moment.value if step.moment is not None else "",
        "choices": [list(row) for row in step.choices],
        "otherwise": step.otherwise.value,
        "command": list(step.command),
        "fields": list(step.fields),
        "time_limit_s": step.time_limit_s,
    }
    values |= {key: getattr(step, key) for key in _PLAIN_TEXTS}
    order = ("kind", "name", "entity", "direction", "enabled", "moment", "field", "expression", "condition", "message")
    keys = [*order, *(key for key in values if key not in order)]
    given = {"kind", *(key for key in keys if key != "kind" and getattr(step, key) != getattr(plain, key))}
    return {key: values[key] for key in keys if key in given}
