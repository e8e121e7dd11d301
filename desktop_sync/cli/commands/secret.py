"""`desktop-sync secret set NAME`: the value is typed without being shown, or read from standard input.
`secret make NAME` makes a key for a webhook and shows it once."""

from __future__ import annotations

import argparse
import getpass
import secrets as randomness
import sys

from desktop_sync.cli.command import Command, Invocation, UsageError
from desktop_sync.cli.exit_codes import ExitCode
from desktop_sync.cli.output import Json
from desktop_sync.core.errors import SecretUnavailableError
from desktop_sync.core.ports import SecretState
from desktop_sync.core.webhook import key_text

KEY_BYTES = 32


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=["set", "make"],
        help="store a secret; or make a new key for a webhook, store it, and show it once",
    )
    parser.add_argument("name", metavar="NAME", help="the name that the configuration refers to")


def _execute(invocation: Invocation) -> int:
    name, secrets = invocation.arguments.name, invocation.application.secrets
    if not secrets.is_lasting:
        # This program ends with the command, and the secret with it: to call it stored would not be true.
        raise SecretUnavailableError(name, SecretState.NO_BACK_END.name)
    is_made = invocation.arguments.action == "make"
    value = key_text(randomness.token_bytes(KEY_BYTES)) if is_made else _typed(name)
    if not value:
        raise UsageError("the secret is empty; nothing was stored")
    state = secrets.write(name, value)
    if state is not SecretState.AVAILABLE:
        raise SecretUnavailableError(name, state.name)
    if invocation.output.is_json:
        made: dict[str, Json] = {"key": value} if is_made else {}
        invocation.output.document({"secret": name, "state": state.value, **made})
    else:
        invocation.output.line(f'The secret "{name}" is stored. {secrets.describe()}')
        if is_made:
            invocation.output.line(f"Give the sender this key; it is shown this once: {value}")
    return ExitCode.DONE


def _typed(name: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            return getpass.getpass(f"{name}: ", stream=sys.stderr)
        except EOFError:
            return ""
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


SECRET = Command("secret", "store a secret in the password store", _arguments, _execute)
