"""Sentences for people about every error of `core.errors`: what happened, and what to do next. The one place for them.

Nothing of an error that is not ours is shown but its kind: its text may hold a record's values or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

from desktop_sync.core import errors
from desktop_sync.core.configuration import Side
from desktop_sync.core.count_text import count, doing
from desktop_sync.core.errors import Place
from desktop_sync.core.guard import Guard, GuardFinding
from desktop_sync.core.ports import SecretState

SideNames = Mapping[Side, str]
NO_NAMES: SideNames = {Side.A: "A", Side.B: "B"}


@singledispatch
def sentence(error: BaseException) -> str:
    """What happened, in whole sentences: "Shop, customers, record 17, field email: the cell has no closing quote."."""
    return f"Something unexpected happened inside Desktop Sync ({type(error).__name__})."


@singledispatch
def next_step(error: BaseException) -> str:
    """What a person can do about it, as a sentence."""
    return "Nothing that was written is lost. Try again, and report this if it comes back."


def place_text(place: Place) -> str:
    """`Shop, customers, record 17, field email`, of what is known."""
    parts = [place.endpoint, place.structure]
    if place.record:
        # Where a record has no id yet, its place in the file is named: "line 17".
        parts.append(place.record if place.record.startswith("line ") else f"record {place.record}")
    if place.field:
        parts.append(f"field {place.field}")
    return ", ".join(part for part in parts if part)


def guard_sentence(finding: GuardFinding, names: SideNames = NO_NAMES) -> str:
    """What made the guard stop the run, with its numbers. `names` are the endpoints' names."""
    side, f = names[finding.side], finding
    where = f"{side}, {f.entity}"
    match f.guard:
        case Guard.DELETES:
            what = f"{f.count:,} of {count(f.total, 'record')} would be deleted; {f.limit:,} are allowed"
        case Guard.EMPTY_SIDE:
            what = f"it reads empty, though {doing(f.total, 'record', 'is', 'are')} synchronized with it"
        case Guard.SHRUNK:
            left = doing(f.count, "record", "is", "are")
            what = f"only {left} left of the {f.total:,} that were there; {f.limit:,} or fewer is suspicious"
        case Guard.CREATES:
            what = f"{count(f.count, 'record')} would be created beside {f.total:,}; {f.limit:,} are allowed"
        case Guard.UPDATES:
            what = f"{f.count:,} of {count(f.total, 'record')} would be updated; {f.limit:,} are allowed"
        case Guard.ALL_CHANGED:
            what = f"all {count(f.total, 'synchronized record')} changed at once"
        case Guard.IDENTITY:
            what = "this is not the database, folder, service or structure that it was at the last run"
        case Guard.SENTINEL:
            what = "the record that is always there is missing, so the content is not what it should be"
    return f'{where}: {what} (guard "{f.guard.value}").'


@sentence.register
def _(error: errors.DesktopSyncError) -> str:
    return "Desktop Sync could not do that."


@sentence.register
def _(error: errors.PlacedError) -> str:
    return _at(place_text(error.place), error.problem)


@sentence.register
def _configuration(error: errors.ConfigurationError) -> str:
    key = error.path.removeprefix("endpoint.").removeprefix("settings.")
    path = f'setting "{key}"' if key != error.path and "." not in key else error.path
    where = ", ".join(part for part in (place_text(error.place), path) if part)
    return _at(where, error.problem)


@sentence.register
def _(error: errors.ExpressionError) -> str:
    position = "" if error.position is None else f", at character {error.position + 1}"
    return f"{_configuration(error)} The expression is: {error.expression}{position}."


@sentence.register
def _(error: errors.SecretUnavailableError) -> str:
    return f'The secret "{error.name}" cannot be used: {_secret_words(error.state)[0]}.'


@sentence.register
def _(error: errors.AlreadyRunningError) -> str:
    holder = f" ({error.holder})" if error.holder else ""
    return f'"{error.configuration}" is running already{holder}.'


@sentence.register
def _(error: errors.BoundElsewhereError) -> str:
    return (
        f'"{error.configuration}" belongs to another ledger: {error.endpoint} says that it is synchronized by '
        f"{error.holder}. Nothing was written."
    )


@sentence.register
def _(error: errors.LeaseLostError) -> str:
    return (
        f'"{error.configuration}" is run by {error.holder} since this run stood still; this run has ended without '
        "another write."
    )


@sentence.register
def _(error: errors.StepError) -> str:
    return f'The step "{error.step}" failed before the run, so nothing was read or written: {error.problem}.'


@sentence.register
def _(error: errors.VersionMismatchError) -> str:
    return f"{_capital(error.what)} is out of date: it was made for {error.expected}, and now there is {error.found}."


@sentence.register
def _(error: errors.PlanChangedError) -> str:
    return (
        f"What would be done now is another plan than the one that was allowed: its digest is {error.found}, not "
        f"{error.expected}. Nothing was written."
    )


@sentence.register
def _(error: errors.RunStoppedError) -> str:
    return "The run was stopped before its end."


@sentence.register
def _(error: errors.GuardError) -> str:
    found = [guard_sentence(finding) for finding in error.findings if isinstance(finding, GuardFinding)]
    return " ".join(["A guard stopped the run before it wrote anything.", *found])


@sentence.register
def _(error: errors.CancelledError) -> str:
    return "It was cancelled. What was written until then is recorded."


@sentence.register
def _(error: errors.LedgerError) -> str:
    return _at(f"The local store {error.path}".rstrip(), error.problem)


@sentence.register
def _(error: errors.BugError) -> str:
    return f"Desktop Sync broke one of its own rules. {_ended(_capital(str(error)))}".rstrip()


@sentence.register
def _(error: OSError) -> str:
    place = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return f"{place}{_ended(error.strerror or type(error).__name__)}"


@sentence.register
def _(error: KeyboardInterrupt) -> str:
    return "It was cancelled."


@next_step.register
def _(error: errors.SecretUnavailableError) -> str:
    return _secret_words(error.state)[1].format(name=error.name)


@next_step.register(OSError)
@next_step.register(KeyboardInterrupt)
@next_step.register(errors.DesktopSyncError)
def _(error: BaseException) -> str:
    return next(_STEPS[kind] for kind in type(error).__mro__ if kind in _STEPS)


_STEPS: Mapping[type[BaseException], str] = {
    errors.DesktopSyncError: "Nothing that was written is lost. Please report this with what you did before.",
    errors.PlacedError: "Correct what is named and try again.",
    errors.ConfigurationError: "Correct the setting and try again.",
    errors.ExpressionError: "Correct the expression and try again.",
    errors.EndpointError: "Check the endpoint's settings and test its connection.",
    errors.RetriableError: "Try again in a while; nothing has to be changed.",
    errors.NoRoomError: "Make room on that disk, then try again; nothing else has to be changed.",
    errors.AuthenticationError: "Check the user name and store the password again, then test the connection.",
    errors.NotPermittedError: "Let this user read and write that file and its folder, then try again.",
    errors.MissingError: "Check that it is there under exactly that name, or correct the endpoint's settings.",
    errors.DamagedError: "Repair the content at the place named, or choose another; until then nothing of it is used.",
    errors.CursorLostError: "Run it once in full; everything is compared then.",
    errors.MemoryShortError: "Take long text out of the field mapping, or let a filter choose fewer records.",
    errors.SchemaDriftError: "Check the field mapping: the structure is not what it was.",
    errors.AlreadyRunningError: "Wait until it has finished, then try again.",
    errors.BoundElsewhereError: (
        "Let that program do it; or look with a preview, which only matches, and take the configuration over: "
        "desktop-sync bind NAME --take-over."
    ),
    errors.LeaseLostError: "Let the other run finish; what this one wrote until then is recorded.",
    errors.StepError: "Correct the step, or switch it off, and start the run again.",
    errors.VersionMismatchError: "Make a new preview and go on from there.",
    errors.RecordError: "Correct the record, or skip it; the others are synchronized.",
    errors.RunStoppedError: "Start it again when you like; it goes on where it stopped.",
    errors.GuardError: "Look at the preview; if it is what you want, let the guard pass this once.",
    errors.LedgerError: (
        "If that does not say what to do, check that the folder can be written and its disk has room, then try again."
    ),
    OSError: "Check that the file or folder is there, may be used, and that its disk has room.",
    KeyboardInterrupt: "Start it again when you like.",
}


def _secret_words(state: str) -> tuple[str, str]:
    for known, words in _SECRET_WORDS.items():
        if state in (known.name, known.value):
            return words
    return _SECRET_WORDS[SecretState.ERROR]


_SECRET_WORDS: Mapping[SecretState, tuple[str, str]] = {
    SecretState.AVAILABLE: ("it was given, but is empty", 'Store it again: desktop-sync secret set "{name}".'),
    SecretState.ABSENT: ("the password store has none of that name", 'Store it: desktop-sync secret set "{name}".'),
    SecretState.LOCKED: (
        "the password store is locked",
        "Unlock it, or give the right master password in DESKTOP_SYNC_MASTER_PASSWORD, and try again.",
    ),
    SecretState.DENIED: ("access to the password store was refused", "Allow Desktop Sync to use it and try again."),
    SecretState.NO_BACK_END: (
        "this computer has no password store that can be used",
        "Set one up, or give a master password in DESKTOP_SYNC_MASTER_PASSWORD: secrets are then kept in an encrypted "
        "file.",
    ),
    SecretState.ERROR: ("the password store did not answer properly", "Check the password store and try again."),
}


def _at(where: str, problem: str) -> str:
    return _ended(f"{where}: {problem}" if where else _capital(problem))


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".!?" else text + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
