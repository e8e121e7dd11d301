from __future__ import annotations

import inspect

import pytest

from desktop_sync.core import errors
from desktop_sync.core.configuration import Side
from desktop_sync.core.error_text import guard_sentence, next_step, sentence
from desktop_sync.core.errors import Place
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.ports import SecretState

WHERE = Place("Shop", "customers", "17", "email")
FINDING = GuardFinding(Guard.DELETES, "customers", Side.B, 250, 1000, 100)
EXAMPLES: dict[type[BaseException], BaseException] = {
    errors.ExpressionError: errors.ExpressionError("a bracket is missing", "trim(email", 10, WHERE, "to_b"),
    errors.ConfigurationError: errors.ConfigurationError("the name is empty", WHERE, "configuration.name"),
    errors.SecretUnavailableError: errors.SecretUnavailableError("CRM password", "ABSENT"),
    errors.AlreadyRunningError: errors.AlreadyRunningError("Customers", "the window, process 4711"),
    errors.BoundElsewhereError: errors.BoundElsewhereError("Customers", "CRM", "process 4711 on another-host"),
    errors.LeaseLostError: errors.LeaseLostError("Customers", "process 4711 on another-host"),
    errors.StepError: errors.StepError("mount the share", "it ended with code 32"),
    errors.VersionMismatchError: errors.VersionMismatchError("the configuration", "version 3", "version 4"),
    errors.PlanChangedError: errors.PlanChangedError("1a2b", "3c4d"),
    errors.GuardError: errors.GuardError((FINDING,), "p1"),
    errors.LedgerError: errors.LedgerError("it is not a database", "ledger.sqlite"),
    errors.BugError: errors.BugError("a plan has no digest"),
    errors.DesktopSyncError: errors.DesktopSyncError(),
    errors.RunStoppedError: errors.RunStoppedError(),
    errors.CancelledError: errors.CancelledError(),
}


def error_classes() -> list[type[errors.DesktopSyncError]]:
    found: list[type[errors.DesktopSyncError]] = []
    waiting: list[type[errors.DesktopSyncError]] = [errors.DesktopSyncError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return found


def example(kind: type[errors.DesktopSyncError]) -> BaseException:
    if kind in EXAMPLES:
        return EXAMPLES[kind]
    assert issubclass(kind, errors.PlacedError)
    return kind("the cell has no closing quote", WHERE)


def test_the_walk_over_the_tree_finds_every_class_of_the_module() -> None:
    declared = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert set(error_classes()) == declared


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_sentence_and_a_next_step(kind: type[errors.DesktopSyncError]) -> None:
    if not issubclass(kind, errors.PlacedError) and kind is not errors.DesktopSyncError:
        assert sentence(example(kind)) != sentence(errors.DesktopSyncError())
    for text in (sentence(example(kind)), next_step(example(kind))):
        assert text[0].isupper() or text.startswith('"')
        assert text.endswith(".")
        assert "None" not in text
        assert "{" not in text


def test_a_sentence_names_endpoint_structure_record_and_field() -> None:
    error = errors.DamagedError("the cell has no closing quote", WHERE)
    assert sentence(error) == "Shop, customers, record 17, field email: the cell has no closing quote."


def test_unknown_parts_of_a_place_are_left_out() -> None:
    assert sentence(errors.MissingError("the file is not there", Place("Shop"))) == "Shop: the file is not there."
    assert sentence(errors.MissingError("the file is not there")) == "The file is not there."


def test_a_configuration_error_names_its_setting() -> None:
    error = errors.ConfigurationError("this key is missing", path='sync.toml, key "format"')
    assert sentence(error) == 'sync.toml, key "format": this key is missing.'


def test_an_expression_error_shows_the_expression_and_where() -> None:
    text = sentence(EXAMPLES[errors.ExpressionError])
    assert text.endswith("a bracket is missing. The expression is: trim(email, at character 11.")


def test_a_problem_that_ends_with_a_question_gets_no_full_stop() -> None:
    error = errors.ConfigurationError('there is no endpoint "Shp"; did you mean "Shop"?')
    assert sentence(error).endswith('did you mean "Shop"?')


@pytest.mark.parametrize("state", SecretState)
def test_every_state_of_the_password_store_is_told_apart(state: SecretState) -> None:
    by_name = errors.SecretUnavailableError("CRM password", state.name)
    by_value = errors.SecretUnavailableError("CRM password", state.value)
    others = {sentence(errors.SecretUnavailableError("CRM password", each.name)) for each in SecretState}
    assert sentence(by_name) == sentence(by_value)
    assert len(others) == len(SecretState)
    assert next_step(by_name).endswith(".")


@pytest.mark.parametrize("guard", Guard)
def test_every_guard_names_the_endpoint_and_itself(guard: Guard) -> None:
    text = guard_sentence(GuardFinding(guard, "customers", Side.B, 250, 1000, 100), {Side.A: "CRM", Side.B: "Shop"})
    assert text.startswith("Shop, customers: ")
    assert f'(guard "{guard.value}")' in text


def test_a_guard_stop_shows_its_numbers() -> None:
    assert "250 of 1,000 records would be deleted; 100 are allowed" in sentence(EXAMPLES[errors.GuardError])


def test_an_error_that_is_not_ours_shows_its_kind_and_never_its_text() -> None:
    assert sentence(ValueError("swordfish")) == "Something unexpected happened inside Desktop Sync (ValueError)."
    assert "swordfish" not in next_step(ValueError("swordfish"))


def test_an_error_of_the_operating_system_names_the_file() -> None:
    assert sentence(PermissionError(13, "Permission denied", "a.csv")) == "a.csv: Permission denied."
    assert next_step(PermissionError(13, "Permission denied", "a.csv")).startswith("Check that")


def test_a_subclass_made_elsewhere_is_told_as_its_nearest_kind() -> None:
    class OwnError(errors.RetriableError):
        pass

    assert sentence(OwnError("the server is busy", Place("CRM"))) == "CRM: the server is busy."
    assert next_step(OwnError("the server is busy")) == next_step(errors.RetriableError("the server is busy"))
