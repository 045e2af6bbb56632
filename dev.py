#!/usr/bin/env python3
"""Sets the portal up, starts it and checks it, on a machine that has only Python and the package registries.

`python3 dev.py` lists the commands. Standard library alone, because this file runs before anything is
installed: it fetches a private copy of uv, builds `.venv` from the hashed locks in `requirements/`, takes
Node from the PATH or as a Python wheel, builds the front end and compiles the catalogues. Every such step
leaves a stamp, the SHA-256 of what went into it, and is done again only when that changes or when the step
did not come to its end. What needs the portal itself is handed on to the `flask` command of the same name.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import hashlib
import http.client
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 – this is the one file that older Pythons get to read
    sys.exit(
        f"The portal needs Python 3.11 or newer; this is {sys.version.split()[0]}. Call a newer one by name."
    )

ROOT = Path(__file__).resolve().parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "requirements"
FRONTEND = ROOT / "portal" / "ui" / "frontend"
OIDC_TRIAL = ROOT / "tests" / "oidc"
STATIC = ROOT / "portal" / "ui" / "static"
MAP_FRAME = ROOT / "portal" / "maps" / "frame.json"
BASE_TEMPLATE = ROOT / "portal" / "ui" / "templates" / "ui" / "base.html"
TRANSLATIONS = ROOT / "translations"
MIGRATIONS = ROOT / "portal" / "migrations"

NODE_MAJOR = 20
# The headless build first: it draws no windows and takes a quarter less of the processor.
CHROMIUM_NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome"
)  # fmt: skip
CHROMIUM_PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core")
TAIL_LINES = 15  # of a failed step's output
READY_WITHIN_S = 90
STOP_WITHIN_S = 15
# Without respawning, one killed process takes the whole server down. Static files are served by the portal.
SERVER = (
    "-m granian --interface wsgi wsgi:app --host {host} --port {port} --http 1 --no-ws --workers 2 "
    "--blocking-threads 2 --respawn-failed-workers --respawn-interval 0.5 --workers-kill-timeout 10 "
    "--log-level warning"
)
SHOWN_TOWNS = 10
COVERED_PERCENT = 97
"""Lines and branches that the tests without a browser must walk; a little less than they do."""
DECISIONS = ("*/rules.py", "*/states.py", "*/policy.py", "*/core/workflow.py")
"""Files of pure decisions, of which every line and branch is walked."""
SHOWN_SIGN_INS = ("@portal.", "@lublin.", "leader@ostrava-jih.")
NO_ADDRESS = (
    "{host} is not an address of this machine, so the portal cannot listen there. Take --host 127.0.0.1 for this "
    "machine alone, or --host 0.0.0.0 for its whole network."
)
ONLINE = "Check that this machine reaches the package registries (and its proxy settings), then call again."

Command = Sequence[str | Path]


class StepError(Exception):
    """A step could not be done; the text says what happened and how to go on."""


class Ended(KeyboardInterrupt):
    """We were asked to end by a signal that our children did not get."""


# Running programs ------------------------------------------------------------------------------------------


def child_env(**more: str) -> dict[str, str]:
    """The environment of every program started here.

    Without PYTHONDONTWRITEBYTECODE, which would make each start compile all packages anew, and with `.venv`
    first on the PATH, so that Node from a wheel is found by npm's scripts.
    """
    left_out = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH"}
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", os.defpath)])
    env["VIRTUAL_ENV"] = str(VENV)
    env["FLASK_APP"] = "wsgi"
    # uv does not read pip's settings, yet whoever set a mirror or a certificate for pip means both.
    for theirs, ours in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if theirs in env:
            env.setdefault(ours, env[theirs])
    return env | more


def step(title: str, command: Command, *, advice: str, cwd: Path = ROOT) -> None:
    """Run a program quietly behind one line of progress. Raises StepError with the end of its output."""
    started = time.monotonic()
    live = sys.stdout.isatty()
    if not live:
        say(f"  {title} …")
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=child_env(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StepError(
                f"{title}: {command[0]} could not be started ({error.strerror}). {advice}"
            ) from None
        try:
            while child.poll() is None:
                if live:
                    print(f"\r  {title} … {time.monotonic() - started:.0f} s ", end="", flush=True)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(0.5)
        except KeyboardInterrupt:
            end([child])
            raise
        output.seek(0)
        tail = output.read().splitlines()[-TAIL_LINES:]
    seconds = time.monotonic() - started
    if child.returncode:
        say("\r" * live + f"  {title} … failed after {seconds:.0f} s")
        raise StepError("\n".join(f"    {line}" for line in tail) + f"\n{title} failed. {advice}")
    say("\r" * live + f"  {title} … done in {seconds:.1f} s")


def foreground(command: Command, env: dict[str, str] | None = None) -> int:
    """Run a program that talks to the user itself; the answer is its exit code."""
    child = subprocess.Popen(command, cwd=ROOT, env=env or child_env())
    try:
        return child.wait()
    except Ended:
        child.terminate()
        raise
    except KeyboardInterrupt:
        # The terminal sent the interrupt to the child as well: let it finish its last words.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_WITHIN_S)
        raise
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_WITHIN_S)
        if child.poll() is None:
            child.kill()


def end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End programs started in a session of their own: politely, then with everything they started."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    give_up = time.monotonic() + STOP_WITHIN_S
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(max(0.0, give_up - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def say(text: str = "") -> None:
    """One line to the user, at once."""
    print(text, flush=True)


# Stamps ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a finished step was made from. A step taken up again loses its stamp until it is finished."""

    path: Path

    def holds(self, inputs: str) -> bool:
        """Whether the step was finished with just these inputs."""
        return self.kept() == inputs

    def kept(self) -> str:
        """The inputs of the last finished run, or nothing."""
        return self.path.read_text() if self.path.exists() else ""

    @contextlib.contextmanager
    def renewed(self, inputs: str) -> Iterator[None]:
        """Take the stamp away while the step runs and put the new one only after success."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        yield
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        draft.write_text(inputs)
        draft.replace(self.path)


def stamp(name: str) -> Stamp:
    """The stamp of a step of this checkout."""
    return Stamp(TOOLS / "stamps" / name)


def digest(paths: Iterable[Path], *more: str) -> str:
    """SHA-256 of files (name and content) and words."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"\0{path}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for word in more:
        total.update(f"\0{word}".encode())
    return total.hexdigest()


def files_below(folder: Path, *left_out: str) -> list[Path]:
    """All files of a folder, without the named sub-folders."""
    found: list[Path] = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in left_out]
        found += [Path(base, name) for name in names]
    return found


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one dev.py at a time set up this checkout; others wait their turn."""
    import fcntl  # noqa: PLC0415 – absent on Windows, where main() has said so before

    try:
        TOOLS.mkdir(exist_ok=True)
        lock = (TOOLS / "lock").open("w")
    except OSError as error:
        raise StepError(
            f"The folder {ROOT} cannot be written to ({error.strerror}); the set-up needs that."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  Another dev.py is setting this checkout up; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Python packages -------------------------------------------------------------------------------------------


def base_python() -> str:
    """The interpreter the environment is made of, also when dev.py itself runs inside that environment."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def fetch_uv() -> Path | None:
    """The private uv, installed with hashes into `.tools`; None where this platform has no wheel of it."""
    lock = LOCKS / "tools.lock"
    folder = TOOLS / "uv"
    program = folder / "bin" / "uv"
    made_of = digest([lock])
    if program.exists() and stamp("uv").holds(made_of):
        return program
    options: Command = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", lock]
    command: Command = [*find_pip(), "install", "-q", "--target", folder, *options]
    try:
        with stamp("uv").renewed(made_of):
            shutil.rmtree(folder, ignore_errors=True)
            step("Fetching uv, the package installer", command, advice=ONLINE)
    except StepError as failure:
        say(f"{failure}\n  Going on with pip, which takes longer.")
        return None
    return program


def find_pip() -> list[str | Path]:
    """A pip to call: that of this Python, else one in a throw-away environment. Raises StepError without any."""
    python = base_python()
    if has_pip(python):
        return [python, "-m", "pip"]
    own = TOOLS / "pip"
    made = subprocess.run([python, "-m", "venv", "--clear", own], capture_output=True, check=False)
    if made.returncode:
        raise StepError(
            f"This Python ({python}) has neither pip nor ensurepip, so no package can be fetched. Install them "
            "(on Debian and Ubuntu, as root: apt-get install python3-pip python3-venv) and call again."
        )
    return [own / "bin" / "python", "-m", "pip"]


def has_pip(python: str | Path) -> bool:
    """Whether an interpreter can install packages by itself."""
    return (
        subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )


def environment(kind: str) -> None:
    """Make `.venv` hold what "run" or "test" needs, to the letter of the locks.

    "test" holds all of "run"; once made, it is kept, so that running does not take the test tools away.
    """
    node = [] if system_node() else [LOCKS / "node.lock"]

    def made_of(lock: str) -> str:
        return f"{lock} {digest([LOCKS / f'{lock}.lock', *node], str(VENV))}"

    kept = stamp("environment")
    if kept.kept().startswith("test "):
        kind = "test"
    if runs(PYTHON) and kept.holds(made_of(kind)):
        return
    with kept.renewed(made_of(kind)):
        install([LOCKS / f"{kind}.lock", *node], "to run" if kind == "run" else "to run and to test")


def install(locks: Sequence[Path], purpose: str) -> None:
    """Bring `.venv` to exactly what the locks say, by uv or else by pip."""
    uv = fetch_uv()
    # An environment that uv once made has no pip inside.
    if not runs(PYTHON) or not (uv or has_pip(PYTHON)):
        shutil.rmtree(VENV, ignore_errors=True)
        maker: Command = (
            [uv, "venv", "-q", "--python", base_python()] if uv else [base_python(), "-m", "venv"]
        )
        step("Making the environment .venv", [*maker, VENV], advice="Remove the folder .venv and call again.")
    title = f"Installing the Python packages {purpose}"
    if uv:
        step(title, [uv, "pip", "sync", "--require-hashes", "--python", PYTHON, *locks], advice=ONLINE)
        return
    named = [word for lock in locks for word in ("-r", lock)]
    step(title, [PYTHON, "-m", "pip", "install", "-q", "--require-hashes", *named], advice=ONLINE)


def runs(program: Path) -> bool:
    """Whether an interpreter exists and still finds its own base (which may have been updated away)."""
    return (
        program.exists()
        and subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0
    )


# Front end and catalogues ----------------------------------------------------------------------------------


def system_program(name: str) -> str | None:
    """A program of the PATH, whether or not `.venv` is activated."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(
        name, path=os.pathsep.join(folder for folder in folders if Path(folder) != VENV / "bin")
    )


@functools.cache
def system_node() -> bool:
    """Whether the PATH, without `.venv`, has npm and a Node that is new enough."""
    node = system_program("node")
    if not node or not system_program("npm"):
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return answer.returncode == 0 and major.isdigit() and int(major) >= NODE_MAJOR


def npm() -> str:
    """The npm to call: that of the PATH, else that of the wheel in `.venv`."""
    return (system_node() and system_program("npm")) or str(VENV / "bin" / "npm")


def node_packages(folder: Path, kept: str, title: str) -> None:
    """Make `node_modules` of a folder hold what its lock says."""
    made_of = digest([folder / name for name in ("package.json", "package-lock.json", ".npmrc")], str(folder))
    there = (folder / "node_modules" / ".package-lock.json").exists()
    if not (there and stamp(kept).holds(made_of)):
        with stamp(kept).renewed(made_of):
            step(title, [npm(), "ci"], cwd=folder, advice=ONLINE)


def build() -> None:
    """Install the front-end packages, build styles and scripts, draw the frame of maps, compile the catalogues."""
    node_packages(FRONTEND, "npm", "Installing the front-end packages")
    # The content policy quotes a hash of the one inline line in the base template, hence the build reads it.
    made_of = digest([*files_below(FRONTEND, "node_modules"), BASE_TEMPLATE])
    if not ((STATIC / "manifest.json").exists() and stamp("build").holds(made_of)):
        with stamp("build").renewed(made_of):
            advice = "The lines above name the file; mend it and call again."
            step("Building styles and scripts", [npm(), "run", "build"], cwd=FRONTEND, advice=advice)
    draw_map_frame()
    compile_catalogues()


def draw_map_frame() -> None:
    """Have folium draw the skeleton of maps, so that no server has to load it."""
    made_of = digest([MAP_FRAME.with_name("folium_map.py"), LOCKS / "run.lock"])
    if MAP_FRAME.exists() and stamp("map").holds(made_of):
        return
    with stamp("map").renewed(made_of):
        advice = "The lines above name the error; mend it and call again."
        step("Drawing the frame of maps", [PYTHON, "-m", "portal.maps.folium_map"], advice=advice)


def compile_catalogues() -> None:
    """Turn the translations into the form gettext reads."""
    texts = list(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    if not texts:
        return
    made_of = digest(texts)
    if all(text.with_suffix(".mo").exists() for text in texts) and stamp("catalogues").holds(made_of):
        return
    with stamp("catalogues").renewed(made_of):
        command: Command = [PYTHON, "-m", "babel.messages.frontend", "compile", "-d", TRANSLATIONS]
        step(
            "Compiling the translations",
            command,
            advice="The lines above name the text; mend it and call again.",
        )


def set_up(kind: str) -> None:
    """Everything up to, and without, the database."""
    with alone():
        environment(kind)
        build()


# Running the portal ----------------------------------------------------------------------------------------


def run(words: list[str]) -> int:
    """Set up, bring the database up to date, start web server and worker, and wait until told to stop."""
    options = run_options(words)
    choose_settings(options)
    port = free_port(options.host, options.port)
    base_url = os.environ.setdefault("PORTAL_BASE_URL", f"http://{shown_host(options.host)}:{port}")
    set_up("run")
    prepare_database(Path(os.environ["PORTAL_DATA"]), demo=not options.empty)
    server: Command = [PYTHON, *SERVER.format(host=options.host, port=port).split()]
    started = time.monotonic()
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        programs: dict[str, Command] = {"web server": server, "worker": [PYTHON, "-m", "portal.worker"]}
        for name, command in programs.items():
            # A session of their own: Ctrl-C reaches dev.py alone, which stops both in order.
            children[name] = subprocess.Popen(command, cwd=ROOT, env=child_env(), start_new_session=True)
        wait_until_ready(options.host, port, children)
        say(f"  Starting web server and worker … done in {time.monotonic() - started:.1f} s")
        welcome(base_url)
        watch(children)
    except KeyboardInterrupt:
        say("\nStopping …")
    finally:
        end(list(children.values()))
    say("Stopped. `python3 dev.py run` goes on where this ended.")
    return 0


def run_options(words: list[str]) -> argparse.Namespace:
    """The options of `run`."""
    parser = argparse.ArgumentParser("python3 dev.py run", description="Sets up and starts the portal.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=port_number, default=8000, help="port to listen on (default 8000; 0 takes a free one)"
    )
    folder = "folder of database, files and messages (default var; same as PORTAL_DATA)"
    parser.add_argument("--data", type=Path, metavar="DIR", help=folder)
    parser.add_argument("--empty", action="store_true", help="no demo data")
    relaxed = "lifts throttles for outside tools; refused in production"
    parser.add_argument("--relaxed", action="store_true", help=relaxed)
    return parser.parse_args(words)


def port_number(text: str) -> int:
    """A port as argparse wants it told: the system would take 99999 for 34463."""
    if text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port; it must be a number from 0 to 65535")


def choose_settings(options: argparse.Namespace) -> None:
    """Put the options into the environment, where the portal reads its settings. Raises StepError if refused."""
    mode = os.environ.setdefault("PORTAL_MODE", "demo")
    os.environ["PORTAL_DATA"] = str((options.data or data_folder()).resolve())
    if mode == "production":
        options.empty = True
    if options.relaxed and mode not in {"demo", "test"}:
        raise StepError(
            f"--relaxed is refused: PORTAL_MODE is {mode}, and throttles fall only in demo and test mode."
        )
    if options.relaxed:
        os.environ["PORTAL_RELAXED"] = "1"


def data_folder() -> Path:
    """The folder of database, files and messages, as the portal chooses it too."""
    return Path(os.environ.get("PORTAL_DATA") or ROOT / "var")


def shown_host(host: str) -> str:
    """The host part of an address a browser on this machine can open."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 – compared with, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def free_port(host: str, port: int) -> int:
    """The port, once it is known that nobody listens there. Raises StepError otherwise."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise StepError(NO_ADDRESS.format(host=host)) from None
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise StepError(NO_ADDRESS.format(host=host)) from None
        if error.errno == errno.EACCES:
            raise StepError(
                f"Ports such as {port} are for the administrator of this machine. Choose one from 1024: --port 8000"
            ) from None
        raise StepError(
            f"The portal cannot listen on {host}:{port} ({error.strerror}). If an earlier portal or another program uses the "
            f"port, stop it, or choose another one: python3 dev.py run --port {min(port + 1, 65535)}"
        ) from None


def prepare_database(data: Path, *, demo: bool) -> None:
    """Apply the migrations that are new and, once per database, load the demo data."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepError(
            f"The data folder {data} cannot be made ({error.strerror}). Choose another by --data."
        ) from None
    database = os.environ.get("PORTAL_DATABASE_URL", "")
    # Of a database on a server we cannot see whether it is still the one we prepared: always ask it.
    known = not database and (data / "portal.sqlite").exists()
    made_of = digest(MIGRATIONS.rglob("*.py"))
    migrated = Stamp(data / "stamps" / "migrations")
    if not (known and migrated.holds(made_of)):
        with migrated.renewed(made_of):
            advice = "The database is as before. Mend what the lines above name, or start afresh in a new folder: --data"
            step("Bringing the database up to date", flask("db", "upgrade"), advice=advice)
    seeded = Stamp(data / "stamps" / "seed")
    if demo and not (known and seeded.holds("seeded")):
        with seeded.renewed("seeded"):
            step(
                "Loading the demo data, if the database is empty",
                flask("seed", "--again"),
                advice="It is loaded anew at the next call.",
            )


def flask(*words: str) -> list[str | Path]:
    """A `flask` command of the portal."""
    return [PYTHON, "-m", "flask", *words]


def wait_until_ready(host: str, port: int, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return when /readyz says yes. Raises StepError when a process ends or the time is over."""
    give_up = time.monotonic() + READY_WITHIN_S
    answer = "no answer"
    while time.monotonic() < give_up:
        fail_if_ended(children)
        connection = http.client.HTTPConnection(shown_host(host).strip("[]"), port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            if response.status == http.HTTPStatus.OK:
                return
            answer = f"{response.status} {response.read(500).decode(errors='replace').strip()}"
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise StepError(f"The portal started but was not ready within {READY_WITHIN_S} s; /readyz says: {answer}")


def fail_if_ended(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Raise StepError if a process that should run has ended."""
    for name, child in children.items():
        if child.poll() is not None:
            raise StepError(
                f"The {name} ended by itself (exit code {child.returncode}), so the other part was stopped as well. "
                "The lines above say why; `python3 dev.py doctor` checks settings, database and catalogues."
            )


def watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait until interrupted. Raises StepError if a process ends by itself."""
    while True:
        fail_if_ended(children)
        time.sleep(0.3)


def welcome(base_url: str) -> None:
    """The one screen at the end: where it is, what to try, who to be. Says what the database holds, not what was asked."""
    say(f"\nThe portal is open at {base_url}   (Ctrl-C stops it)\n")
    accounts = answer("demo-accounts").splitlines()
    if any(SHOWN_SIGN_INS[1] in line for line in accounts):
        welcome_to_demo(base_url, accounts)
    else:
        welcome_to_own(base_url, answer("municipalities", "list").splitlines())


def welcome_to_demo(base_url: str, accounts: Sequence[str]) -> None:
    """What to try in the demonstration, and whom one can be."""
    say("Try:")
    for path, what in (
        ("/pl/lublin/initiatives", "what residents of Lublin ask for: list, map, search"),
        ("/pl/lublin/initiatives/new", "file an initiative, with or without an account"),
        ("/cs/ostrava-jih/", "the Czech partner"),
        ("/en/demo", "sign in as anybody of the monitoring team"),
        ("/en/demo/messages", "every e-mail and text message the portal sent"),
    ):
        say(f"  {base_url}{path:<27} {what}")
    say()
    for line in accounts:
        # One town fills a screen; the others have the same people.
        if "@" not in line or any(at in line for at in SHOWN_SIGN_INS):
            say(line)
    say("The sign-ins of the other municipalities: python3 dev.py flask demo-accounts")


def welcome_to_own(base_url: str, towns: Sequence[str]) -> None:
    """How an office begins. `towns` are the lines of `flask municipalities list`."""
    command = f"{settings_to_repeat()}python3 dev.py flask"
    if not towns:
        say("The database is empty. Make what an office begins with:")
        say(f"  {command} municipalities add SLUG --name NAME --country PL --centre LAT,LON")
        say(f"  {command} accounts first-admin SLUG E-MAIL")
        return
    say("There is no demo data in this database, but what was made here before:")
    for line in towns[:SHOWN_TOWNS]:
        slug, _code, _country, language, name = line.split(maxsplit=4)
        say(f"  {base_url}/{language}/{slug}/   {name}")
    if len(towns) > SHOWN_TOWNS:
        say(f"  … and {len(towns) - SHOWN_TOWNS} more")
    say(f"  {command} municipalities set --help")
    say(f"  {command} accounts first-admin --help")
    say("Demo data goes into an empty database only: python3 dev.py run --data DIR")


def answer(*words: str) -> str:
    """What a `flask` command prints; nothing where it fails, as `demo-accounts` does in production."""
    asked = subprocess.run(
        flask(*words), cwd=ROOT, env=child_env(), capture_output=True, text=True, check=False
    )
    return "" if asked.returncode else asked.stdout


def settings_to_repeat() -> str:
    """The settings of this run that another shell must be given, so that a command means the same portal."""
    usual = {"PORTAL_DATA": str(ROOT / "var"), "PORTAL_BASE_URL": "http://127.0.0.1:8000"}
    chosen = {name: os.environ.get(name, value) for name, value in usual.items()}
    words = [f"{name}={shlex.quote(chosen[name])} " for name, value in usual.items() if chosen[name] != value]
    return "".join(words)


# Checking the portal ---------------------------------------------------------------------------------------


def lint_commands() -> list[tuple[str, Command]]:
    """The checks that read the code without running it."""
    python: list[str | Path] = [PYTHON, "-m"]
    return [
        ("Format", [*python, "ruff", "format", "--check", "."]),
        ("Lint", [*python, "ruff", "check", "."]),
        ("Types", [*python, "mypy"]),
        ("Layers", [VENV / "bin" / "lint-imports"]),
    ]


def in_turn(checks: Iterable[tuple[str, Command]]) -> int:
    """Run all checks, also after one that failed, and say at the end which did."""
    failed = []
    for title, command in checks:
        say(f"\n== {title}")
        # lint-imports is a program, not a module, and looks for our packages on the path.
        if foreground(command, child_env(PYTHONPATH=str(ROOT)) if title == "Layers" else None):
            failed.append(title)
    say("\nFailed: " + ", ".join(failed) if failed else "\nAll is well.")
    return 1 if failed else 0


def pytest(words: Sequence[str]) -> list[str | Path]:
    """The test run, on all processors unless the caller chose."""
    spread = (
        []
        if any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in words)
        # A journey takes as long as hundreds of other tests: whoever has nothing left takes some of the others'.
        else ["-n", processors(), "--dist", "worksteal"]
    )
    return [PYTHON, "-m", "pytest", *spread, *words]


def processors() -> str:
    """How many processors this process may use (a container may have fewer than its machine)."""
    return str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def lint(words: list[str]) -> int:
    """Format, lint, types, layers."""
    no_words("lint", words)
    set_up("test")
    return in_turn(lint_commands())


def tidy(words: list[str]) -> int:
    """Format the Python code and mend what ruff can mend."""
    no_words("format", words)
    set_up("test")
    mended = foreground([PYTHON, "-m", "ruff", "check", "--fix", "--quiet", "."])
    return foreground([PYTHON, "-m", "ruff", "format", "."]) or mended


def sure(words: list[str]) -> int:
    """Everything that needs no browser: what to run before a commit."""
    set_up("test")
    tests = ("Tests without a browser", pytest(["--ignore=tests/journeys", *words]))
    return in_turn([*lint_commands(), tests, ("Catalogues", flask("i18n", "--check"))])


def test(words: list[str]) -> int:
    """The whole suite; `--only-pytest` leaves the checks out, all other words but `--cover` go to pytest.

    `--cover` also measures what the tests walk through and fails below the limits. It doubles the time of the
    tests without a browser, so it is for `.ci/run` and for whoever wants to know.
    """
    ours = {"--only-pytest", "--cover"} & set(words)
    words = [word for word in words if word not in ours]
    set_up("test")
    os.environ["PORTAL_CHROMIUM"] = find_chromium()
    node_packages(OIDC_TRIAL, "oidc", "Installing the provider that signing in is tried with")
    tests = covered(words) if "--cover" in ours else [("Tests", pytest(words))]
    if "--only-pytest" in ours:
        return in_turn(tests)
    return in_turn([*lint_commands(), *tests, ("Catalogues", flask("i18n", "--check"))])


def covered(words: Sequence[str]) -> list[tuple[str, Command]]:
    """The test run under measurement, and a second look at the files whose every branch counts."""
    measured = ["--cov", "--cov-report=term", f"--cov-fail-under={COVERED_PERCENT}"]
    decisions = ["report", f"--include={','.join(DECISIONS)}", "--fail-under=100"]
    return [
        ("Tests and what they cover", pytest([*measured, *words])),
        ("Cover of the decisions", [PYTHON, "-m", "coverage", *decisions]),
    ]


def find_chromium() -> str:
    """The browser of the journeys, installed from Debian's packages when we may. Raises StepError without one."""
    if chosen := os.environ.get("PORTAL_CHROMIUM"):
        if shutil.which(chosen):
            return chosen
        raise StepError(f"PORTAL_CHROMIUM names {chosen}, which is not a program that can be started.")
    apt = shutil.which("apt-get")
    if not installed_chromium() and apt and os.geteuid() == 0:
        install_debian(apt, CHROMIUM_PACKAGES, "Chromium")
    if found := installed_chromium():
        return found
    raise StepError(
        "The tests need Chromium, which is not installed. On Debian and Ubuntu, as root: apt-get install -y "
        f"--no-install-recommends {' '.join(CHROMIUM_PACKAGES)}. Elsewhere install Chromium or Chrome and name the "
        "program in PORTAL_CHROMIUM. Without a browser: python3 dev.py sure."
    )


def installed_chromium() -> str | None:
    """The first browser of the family on the PATH."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def install_debian(apt: str, packages: Sequence[str], title: str) -> None:
    """Install Debian packages; as root only. Raises StepError."""
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    advice = f"Install {' '.join(packages)} by hand and call again."
    step("Reading the list of Debian packages", [apt, "update", "-q"], advice=advice)
    step(f"Installing {title}", [apt, "install", "-yq", "--no-install-recommends", *packages], advice=advice)


def measure(script: str) -> Callable[[list[str]], int]:
    """A command that runs a script of tests/bench against the portal."""

    def command(words: list[str]) -> int:
        set_up("test")
        return foreground([PYTHON, "-m", f"tests.bench.{script}", *words])

    return command


# Packing and other errands ---------------------------------------------------------------------------------


def only_build(words: list[str]) -> int:
    """Environment, front end and catalogues, nothing started."""
    no_words("build", words)
    set_up("run")
    return 0


def wheel(words: list[str]) -> int:
    """Build what git does not keep, then pack it: hatchling itself cannot call npm."""
    no_words("wheel", words)
    set_up("test")
    step(
        "Packing",
        [PYTHON, "-m", "hatchling", "build", "-t", "wheel"],
        advice="The lines above say what is missing.",
    )
    newest = max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    say(f"  {newest.relative_to(ROOT)}")
    return 0


def lock(words: list[str]) -> int:
    """Choose versions anew within pyproject.toml; `--upgrade` or `--upgrade-package NAME` moves the pinned ones."""
    with alone():
        uv = fetch_uv()
        if not uv:
            raise StepError(
                "Locks are made by uv, which this platform has not. Make them on another machine."
            )
        for name, chosen in (
            ("run", ["pyproject.toml"]),
            ("test", ["pyproject.toml", "--extra", "server", "--group", "dev"]),
            ("node", ["--group", "assets"]),
            ("tools", ["--group", "tools"]),
        ):
            # No host, index or path of this machine may stand in a lock.
            plain = [
                "--universal",
                "--generate-hashes",
                "--no-header",
                "--no-annotate",
                "--no-emit-index-url",
            ]
            target = LOCKS / f"{name}.lock"
            command: Command = [uv, "pip", "compile", "-q", *chosen, *plain, "-o", target, *words]
            step(f"Locking {target.relative_to(ROOT)}", command, advice=ONLINE)
    return 0


def through_flask(*command: str) -> Callable[[list[str]], int]:
    """A command that the portal itself carries out."""

    def handed_on(words: list[str]) -> int:
        set_up("run")
        return foreground(flask(*command, *words))

    return handed_on


def seed(words: list[str]) -> int:
    """The demo data, into a database that is made first if need be."""
    set_up("run")
    prepare_database(data_folder(), demo=False)
    return foreground(flask("seed", *words))


def no_words(command: str, words: list[str]) -> None:
    """Refuse words that would be ignored."""
    if words:
        raise StepError(f"`python3 dev.py {command}` takes no further words, but got: {' '.join(words)}")


# The commands ----------------------------------------------------------------------------------------------

COMMANDS: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    "run": ("sets everything up and starts the portal with demo data (--help lists the options)", run),
    "test": ("the whole suite: format, lint, types, layers, tests with a browser, catalogues", test),
    "sure": ("the same without a browser: what to run before a commit", sure),
    "lint": ("format, lint, types and layers alone", lint),
    "format": ("formats the Python code and mends what can be mended by itself", tidy),
    "build": ("environment, front end and catalogues, nothing started", only_build),
    "migrate": (
        "brings the database of PORTAL_DATA or PORTAL_DATABASE_URL up to date",
        through_flask("db", "upgrade"),
    ),
    "seed": ("loads the demo data of the ten municipalities", seed),
    "i18n": ("extracts, updates and checks the translations", through_flask("i18n")),
    "new-module": ("NAME writes a new module with its tests from the skeleton", through_flask("new-module")),
    "doctor": ("checks settings, database, mail and catalogues", through_flask("doctor")),
    "flask": ("any other command of the portal: `flask --help` lists them", through_flask()),
    "bench": ("measures the portal against the bare framework on this machine", measure("bench")),
    "drill": (
        "kills, faults, hostile inputs, load, restore: the figures of docs/reliability.md",
        measure("drills"),
    ),
    "wheel": ("builds and packs the portal for installation into dist/", wheel),
    "lock": ("writes requirements/*.lock from pyproject.toml (--upgrade takes newer versions)", lock),
}


def usage() -> str:
    """All commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, (line, _) in COMMANDS.items()]
    return "\n".join(["Usage: python3 dev.py COMMAND [options]", "", *lines])


def ask_to_end(_signal: int, _frame: object) -> None:
    """SIGTERM and a closed terminal end us as Ctrl-C does."""
    raise Ended


def main(words: list[str]) -> int:
    """Carry out one command; the answer is the exit code."""
    if not words or words[0] in {"-h", "--help", "help"}:
        say(usage())
        return 0
    if words[0] not in COMMANDS:
        say(f"There is no command {words[0]!r}.\n\n{usage()}")
        return 2
    if os.name == "nt":
        say("The portal runs on Linux and macOS; on Windows use it inside WSL.")
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_end)
    try:
        return COMMANDS[words[0]][1](words[1:])
    except StepError as failure:
        say(f"\n{failure}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. A step that was not finished is done again next time.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
