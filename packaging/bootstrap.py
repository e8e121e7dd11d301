#!/usr/bin/env python3
"""The two commands of a fresh checkout, for a machine that has nothing but Python:

    python3 packaging/bootstrap.py run  [arguments]   a real synchronization of the sample project
    python3 packaging/bootstrap.py test [arguments]   the checks and all tests; with arguments only `pytest arguments`

Both first make `.venv` in the checkout, install the locked packages with their hashes and then the checkout itself,
and, where they may (as root or by sudo without a password), the system libraries that Qt needs. Nothing is installed
that is there already, so a second call starts at once. Where packages come from is pip's own configuration.

`run` opens the window on the sample project, or runs it on the command line where there is no display.

Standard library only. The file must parse on older Pythons, so that they get a sentence instead of a traceback;
hence no `from __future__` line and no newer syntax.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")


def too_old_sentence(version: "tuple[int, ...]", newer: "str | None") -> str:
    """What to say to a Python that is too old, `newer` being the command of a good one on this machine, or None."""
    numbers = (*OLDEST_PYTHON, *version[:2])
    sentence = "Desktop Sync needs Python {}.{} or newer, and this is Python {}.{}.".format(*numbers)
    if newer is None:
        return sentence + " Install a newer Python and start this command with it."
    return sentence + " Start this command with " + newer + ", which is installed."


if sys.version_info[:2] < OLDEST_PYTHON:
    sys.exit(too_old_sentence(sys.version_info[:2], next(filter(shutil.which, NEWER_PYTHONS), None)))

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
WINDOWS = sys.platform == "win32"
LOCKS = {
    "run": CHECKOUT / "packaging" / "requirements.lock",
    "test": CHECKOUT / "packaging" / "requirements-test.lock",
}
QT_PACKAGES = [
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libfreetype6",
    "libgl1",
    "libglib2.0-0|libglib2.0-0t64",  # one package under its older and its newer name
    "libgssapi-krb5-2",
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "libx11-6",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-glx0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-render0",
    "libxcb-shape0",
    "libxcb-shm0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxcb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
]
TEST_PACKAGES = ["fonts-dejavu-core", "xauth", "xvfb"]
# Settings that would lead pip's installation somewhere else than into .venv, or make it do nothing.
MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PYTHONHOME", "PYTHONPATH")
USAGE_EXIT = 2


class SetupError(Exception):
    """The command cannot go on; the message says why and what to do, in sentences."""


def say(text: str) -> None:
    """A line for people on standard error: standard output belongs to what `run` starts."""
    print(text, file=sys.stderr, flush=True)


# --- the private environment -----------------------------------------------------------------------------------------


def environment_python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def state_file(environment: Path) -> Path:
    return environment / "desktop-sync-state.json"


def read_state(environment: Path) -> dict[str, str]:
    """What an earlier call left: `checkout`, `run` and `test` (fingerprints), `installing` while it installed."""
    try:
        state = json.loads(state_file(environment).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in state.items()} if isinstance(state, dict) else {}


def write_state(environment: Path, state: dict[str, str]) -> None:
    fresh = state_file(environment).with_suffix(".new")
    fresh.write_text(json.dumps(state, indent=1), encoding="utf-8")
    fresh.replace(state_file(environment))


def fingerprint(files: list[Path], python: tuple[int, int]) -> str:
    """Changes with the content of any of the files and with the Python."""
    digest = hashlib.sha256(repr(python).encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def wanted(checkout: Path) -> dict[str, str]:
    """The fingerprints of what `run` and `test` want installed. What `test` wants includes what `run` wants."""
    python = (sys.version_info[0], sys.version_info[1])
    files = [checkout / "pyproject.toml", checkout / "desktop_sync" / "__init__.py"]
    files.append(checkout / "packaging" / LOCKS["run"].name)
    return {
        "run": fingerprint(files, python),
        "test": fingerprint([*files, checkout / "packaging" / LOCKS["test"].name], python),
    }


def made_for_python(configuration: str) -> tuple[int, int] | None:
    """The Python that a `pyvenv.cfg` with that text was made for, None when it does not say so."""
    for line in configuration.splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            numbers = value.strip().split(".")
            if len(numbers) > 1 and numbers[0].isdigit() and numbers[1].isdigit():
                return int(numbers[0]), int(numbers[1])
    return None


def environment_fault(environment: Path, checkout: Path, python: tuple[int, int]) -> str | None:
    """Why an existing environment must be made anew, as a clause; None when nothing speaks against it.

    Looks at files only, so it costs next to nothing.
    """
    if environment.is_symlink() or not environment.is_dir():
        return "it is not a folder of its own"
    try:
        version = made_for_python((environment / "pyvenv.cfg").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "it is not a Python environment"
    if not os.access(environment_python(environment), os.X_OK):
        return "its Python is gone"
    if version != python:
        return "it was made for another Python"
    state = read_state(environment)
    if state.get("installing"):
        return "its installation was interrupted"
    if state.get("checkout", str(checkout)) != str(checkout):
        return "it was made in another place"
    return None


def make_environment(environment: Path) -> None:
    """An empty environment with pip stands at that path; what stood there is gone."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        name = "python{}.{}-venv".format(*sys.version_info[:2])
        line = install_system_packages([name])
        if line is not None:
            raise SetupError(
                f"This Python cannot make private environments, because {name} is not installed. Install it and start "
                f"this command again:\n  {line}"
            )
    if environment.is_symlink() or (environment.exists() and not environment.is_dir()):
        environment.unlink()
    say("Making the private environment .venv ...")
    made = capture([sys.executable, "-m", "venv", "--clear", str(environment)], clean_environment(os.environ))
    if made.returncode != 0:
        raise SetupError(f"The private environment {environment} could not be made:\n{last_lines(made.stdout)}")


def has_working_pip(environment: Path) -> bool:
    return capture([str(environment_python(environment)), "-m", "pip", "--version"], None).returncode == 0


def prepare(purpose: str) -> None:
    """Everything that `purpose` (`run` or `test`) needs from Python is installed in .venv. May be repeated."""
    digests = wanted(CHECKOUT)
    with only_one(CHECKOUT / "pyproject.toml"):
        fault = None
        if os.path.lexists(ENVIRONMENT):
            fault = environment_fault(ENVIRONMENT, CHECKOUT, (sys.version_info[0], sys.version_info[1]))
            if fault is None and read_state(ENVIRONMENT).get(purpose) == digests[purpose]:
                return
            if fault is None and not has_working_pip(ENVIRONMENT):
                fault = "its pip does not work"
            if fault is not None:
                say(f"The private environment .venv is made anew: {fault}.")
        if fault is not None or not ENVIRONMENT.exists():
            make_environment(ENVIRONMENT)
        install(purpose, digests)


def install(purpose: str, digests: dict[str, str]) -> None:
    """The locked packages and the checkout are installed, and the state says so."""
    python = str(environment_python(ENVIRONMENT))
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    environment = clean_environment(os.environ)
    write_state(ENVIRONMENT, {"checkout": str(CHECKOUT), "installing": purpose})
    say(f"Installing the packages that {LOCKS[purpose].name} names; the first time this takes some minutes ...")
    steps = [
        ("The locked packages", ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS[purpose])]),
        ("Desktop Sync itself", ["--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT)]),
    ]
    for what, arguments in steps:
        done = capture(pip + arguments, environment)
        if done.returncode != 0:
            write_state(ENVIRONMENT, {"checkout": str(CHECKOUT)})  # pip ended in order: nothing is half installed
            raise SetupError(
                f"{what} could not be installed. The last that pip said:\n{last_lines(done.stdout)}\n"
                "Is the network there, and does 'pip download rich' work on this machine? If your network wants a "
                "proxy or an index of its own, tell pip ('pip config set ...' or PIP_* variables). Then start this "
                "command again."
            )
    installed = {"run": digests["run"]} if purpose == "run" else digests
    write_state(ENVIRONMENT, {"checkout": str(CHECKOUT), **installed})


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The caller's variables, pip's settings included, without those that would lead an installation astray."""
    kept = {name: value for name, value in variables.items() if name not in MISLEADING}
    kept.update(PIP_USER="0", PIP_REQUIRE_HASHES="0")  # a checkout has no hash; the lock is installed with its own
    return kept


@contextlib.contextmanager
def only_one(file: Path) -> Iterator[None]:
    """No second call prepares the same checkout meanwhile, where the system has file locks; the second one waits."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with file.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another call is preparing this checkout; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# --- system packages -------------------------------------------------------------------------------------------------


def installed_among(listing: str) -> set[str]:
    """The package names that a listing of `dpkg-query` (name and status a line) calls installed."""
    return {line.split()[0] for line in listing.splitlines() if line.split()[1:2] == ["ii"]}


def missing_packages(names: list[str], installed: set[str]) -> list[str]:
    """Those of `names` that are not installed. `old|new` is one package under two names, the first being asked for."""
    return [name.split("|")[0] for name in names if not installed.intersection(name.split("|"))]


def package_line(names: list[str]) -> str:
    """The one line that a person types to install those packages."""
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(names)}"


def root_prefix() -> list[str] | None:
    """What to write before a command to run it as root without asking anybody; None when that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and capture(["sudo", "-n", "true"], None).returncode == 0:
        return ["sudo", "-n"]
    return None


def install_system_packages(names: list[str]) -> str | None:
    """Installs what is missing of those Debian packages. None: nothing is missing; else the line that installs it.

    On systems without apt nothing is done and nothing is said to be missing.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        return None
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n"]
    every_name = [part for name in names for part in name.split("|")]

    def missing() -> list[str]:
        return missing_packages(names, installed_among(capture(query + every_name, None).stdout))

    absent = missing()
    prefix = root_prefix() if absent else None
    if not absent:
        return None
    if prefix is None:
        return package_line(absent)
    say(f"Installing system packages: {' '.join(absent)} ...")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
    capture([*apt, "update"], None)  # one broken source must not stop the others; the installation tells
    done = capture([*apt, "install", "-y", "--no-install-recommends", *absent], None)
    absent = missing()
    if absent:
        say(f"apt-get could not install {' '.join(absent)}:\n{last_lines(done.stdout)}")
    return package_line(absent) if absent else None


def provide_qt(also: list[str]) -> str | None:
    """Qt can be loaded from .venv; else raises SetupError. Returns the line that installs what is still missing."""
    line = install_system_packages(QT_PACKAGES + also)
    if line is not None:
        loaded = capture([str(environment_python(ENVIRONMENT)), "-c", "import PySide6.QtWidgets"], None)
        if loaded.returncode != 0:
            raise SetupError(
                f"Qt needs system libraries that are not installed:\n{last_lines(loaded.stdout, 1)}\n"
                f"Install them and start this command again:\n  {line}"
            )
    return line


# --- run -------------------------------------------------------------------------------------------------------------


def has_display(platform: str, variables: Mapping[str, str]) -> bool:
    """Whether a window can be shown: always on Windows and macOS, elsewhere when a display server is named."""
    if platform in ("win32", "darwin"):
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def run_command(python: Path, display: bool, arguments: list[str]) -> list[str]:
    """The command that shows the sample project. `-P` keeps the folder that it is started from out of the imports."""
    return [str(python), "-P", "-m", "desktop_sync", "--sample" if display else "sample", *arguments]


def run(arguments: list[str]) -> int:
    display = has_display(sys.platform, os.environ)
    prepare("run")
    if display:
        provide_qt([])
    else:
        say("There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): the sample runs on the command line.")
    command = run_command(environment_python(ENVIRONMENT), display, arguments)
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    if WINDOWS:
        return subprocess.run(command, env=variables, check=False).returncode
    os.execve(command[0], command, variables)  # takes this process's place: signals reach it


# --- test ------------------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """One check: its title, its command, and the JUnit report that it writes, if any."""

    title: str
    command: list[str]
    report: Path | None = None


class Outcome(NamedTuple):
    """What came of a step. `counts` is how many tests ended how; `skipped` has a line for each that was skipped."""

    title: str
    passed: bool
    seconds: float
    counts: dict[str, int]
    skipped: list[str]


def test_steps(python: str, folder: Path, arguments: list[str]) -> list[Step]:
    """What `test` runs, in order; `folder` takes the reports. With arguments: one pytest with them and nothing else."""
    pytest = [python, "-m", "pytest"]
    if arguments:
        report = folder / "chosen.xml"
        return [Step("pytest " + shlex.join(arguments), [*pytest, f"--junitxml={report}", *arguments], report)]
    contracts = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    beside, alone = folder / "beside.xml", folder / "alone.xml"
    return [
        Step("ruff check", [python, "-m", "ruff", "check", "."]),
        Step("mypy --strict", [python, "-m", "mypy", "--strict"]),
        Step("import contracts", [python, "-c", contracts, "--no-logo"]),
        Step("tests", [*pytest, "-n", "2", "-m", "not serial", f"--junitxml={beside}"], beside),
        Step("tests that run alone", [*pytest, "-m", "serial", f"--junitxml={alone}"], alone),
    ]


def read_report(report: Path) -> tuple[dict[str, int], list[str]]:
    """The counts of a JUnit report (passed, failed, skipped) and a line for every test that was skipped, with why."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    skipped = []
    for case in ElementTree.parse(report).iter("testcase"):
        left_out = case.find("skipped")
        if left_out is not None:
            counts["skipped"] += 1
            name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
            skipped.append(f"{name}: {left_out.get('message') or 'without a reason'}")
        elif case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        else:
            counts["passed"] += 1
    return counts, skipped


def has_passed(title: str, code: int) -> bool:
    """Whether an exit code is good. No test at all (pytest's 5) is not, except where none is marked to run alone."""
    return code == 0 or (code == 5 and title == "tests that run alone")


def run_step(step: Step, variables: dict[str, str]) -> Outcome:
    print(f"\n=== {step.title}", flush=True)
    begin = time.monotonic()
    code = subprocess.run(step.command, cwd=CHECKOUT, env=variables, check=False).returncode
    counts: dict[str, int] = {}
    skipped: list[str] = []
    if step.report is not None and step.report.exists():
        counts, skipped = read_report(step.report)
    return Outcome(step.title, has_passed(step.title, code), time.monotonic() - begin, counts, skipped)


def summary(outcomes: list[Outcome], missing_line: str | None) -> str:
    """The closing lines: every step with its result, everything that was skipped by name, and the verdict last."""
    lines = ["", "=== Summary"]
    for outcome in outcomes:
        counts = ", ".join(f"{number} {word}" for word, number in outcome.counts.items() if number)
        verdict = "passed" if outcome.passed else "FAILED"
        lines.append(f"{verdict}  {outcome.title} ({outcome.seconds:.1f} s{', ' if counts else ''}{counts})")
    skipped = [line for outcome in outcomes for line in outcome.skipped]
    if skipped:
        lines += ["Skipped:", *(f"  {line}" for line in skipped)]
    if missing_line is not None:
        lines.append(f"System packages are missing, and tests may have been skipped for it: {missing_line}")
    failed = [outcome.title for outcome in outcomes if not outcome.passed]
    verdict = f"FAILED: {', '.join(failed)}." if failed else "All passed"
    if not failed:
        verdict += f"; {len(skipped)} skipped, named above." if skipped else "; nothing was skipped."
    return "\n".join([*lines, verdict])


def test(arguments: list[str]) -> int:
    prepare("test")
    missing_line = provide_qt(TEST_PACKAGES)
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    if not arguments:
        variables.setdefault("HYPOTHESIS_PROFILE", "ci")
    with tempfile.TemporaryDirectory() as folder:
        steps = test_steps(str(environment_python(ENVIRONMENT)), Path(folder), arguments)
        outcomes = [run_step(step, variables) for step in steps]
    print(summary(outcomes, missing_line), flush=True)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


# --- both ------------------------------------------------------------------------------------------------------------


def capture(command: list[str], environment: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end with both its outputs in `stdout`."""
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def last_lines(text: str, count: int = 15) -> str:
    return "\n".join(text.rstrip().splitlines()[-count:])


def main(arguments: list[str]) -> int:
    commands = {"run": run, "test": test}
    if not arguments or arguments[0] not in commands:
        asked_for_help = arguments[:1] in (["-h"], ["--help"])
        print("\n\n".join(__doc__.split("\n\n")[:2]), file=sys.stdout if asked_for_help else sys.stderr)
        return 0 if asked_for_help else USAGE_EXIT
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        say(str(error))
        return USAGE_EXIT
    except OSError as error:
        say(f"The computer refused: {error}. Is there space on the disk, and may you write to {CHECKOUT}?")
        return USAGE_EXIT
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
