"""The set-up keeps its promises: locks name no host, steps are resumed, failures tell how to go on.

What cannot be tried inside a test run (a machine without anything, both servers) is tried by `.ci/run`.
"""

import http.server
import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import dev

PROJECT = tomllib.loads((dev.ROOT / "pyproject.toml").read_text())
PYTHON_LOCKS = sorted(dev.LOCKS.glob("*.lock"))
PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """The versions a lock holds, by package."""
    return dict(PIN.findall((dev.LOCKS / f"{name}.lock").read_text()))


def package_name(requirement: str) -> str:
    """`Flask[async]>=3; marker` → `flask`."""
    return re.split(r"[\s\[<>=;!~]", requirement, maxsplit=1)[0].lower()


# Locks


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.stem)
def test_python_lock_names_no_host_and_hashes_every_package(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE), "options of whoever made the lock"
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("folder", [dev.FRONTEND, dev.OIDC_TRIAL])
def test_npm_lock_names_no_host_and_hashes_every_package(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]


def test_locks_hold_every_direct_dependency() -> None:
    groups, extras = PROJECT["dependency-groups"], PROJECT["project"]["optional-dependencies"]
    wanted = {
        "run": PROJECT["project"]["dependencies"],
        "test": [*PROJECT["project"]["dependencies"], *groups["dev"], *extras["server"]],
        "node": groups["assets"],
        "tools": groups["tools"],
    }
    for lock, requirements in wanted.items():
        missing = {package_name(requirement) for requirement in requirements} - set(pins(lock))
        assert not missing, f"call `python3 dev.py lock`: {lock}.lock lacks {sorted(missing)}"


def test_test_environment_can_stand_in_for_the_one_that_runs() -> None:
    # dev.py keeps a test environment when asked for one to run in, so they must agree to the version.
    assert pins("run").items() <= pins("test").items()


# A server that is started by its name, and the time zones that zoneinfo finds by itself.
NOT_IMPORTED = {"granian", "tzdata"}


def test_every_package_of_the_portal_is_imported_by_it() -> None:
    text = "\n".join(
        path.read_text() for folder in ("portal", "initiatives") for path in (dev.ROOT / folder).rglob("*.py")
    )
    found = set(re.findall(r"^\s*(?:from|import) (\w+)|import_module\(\"(\w+)", text, re.MULTILINE))
    modules = {name for pair in found for name in pair if name}
    used = {
        package_name(package).replace("_", "-")
        for module, packages in importlib.metadata.packages_distributions().items()
        for package in packages
        if module in modules
    }
    wanted = {package_name(requirement) for requirement in PROJECT["project"]["dependencies"]}
    assert wanted - used == NOT_IMPORTED, "a package that nobody needs is one more to keep safe"


# Packages and contracts


def feature_packages() -> list[str]:
    """Packages with a MODULE record that stand on the floor of features."""
    beside = [path.parent.name for path in dev.ROOT.glob("*/module.py")]
    platform = {"accounts", "notify", "content", "booking", "search"}
    inside = [p.parent.name for p in dev.ROOT.glob("portal/*/module.py") if p.parent.name not in platform]
    return beside + [f"portal.{name}" for name in inside]


def test_every_feature_stands_in_the_import_contracts() -> None:
    settings = PROJECT["tool"]["importlinter"]
    floors, rooms, pure, core = settings["contracts"]
    row = next(layer for layer in floors["layers"] if "initiatives" in layer)
    named = {name.strip("() ") for name in row.split("|")}
    assert set(feature_packages()) <= named, "add the module to the row FEATURES of pyproject.toml"
    roots = {name.partition(".")[0] for name in feature_packages()} | {"portal"}
    assert roots == set(settings["root_packages"])
    assert roots - {"portal"} == set(rooms["containers"]) - {"portal.*"}
    assert {contract["type"] for contract in (floors, rooms)} == {"layers"}
    assert (pure["type"], core["type"]) == ("forbidden", "acyclic_siblings")


def test_every_package_is_typed_covered_and_packed() -> None:
    roots = set(PROJECT["tool"]["importlinter"]["root_packages"])
    assert roots <= set(PROJECT["tool"]["mypy"]["files"])
    assert roots == set(PROJECT["tool"]["coverage"]["run"]["source"])
    assert roots <= set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])


# The command line


def call_dev(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "dev.py", *words],
        cwd=dev.ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_dev_alone_lists_every_command_in_one_line_each() -> None:
    answer = call_dev()
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()
    for name in dev.COMMANDS:
        assert len([line for line in lines if line.split()[:1] == [name]]) == 1, name
    assert max(map(len, lines)) <= 100


def test_unknown_command_is_refused_with_the_list() -> None:
    answer = call_dev("fly")
    assert answer.returncode == 2
    assert "'fly'" in answer.stdout
    assert "new-module" in answer.stdout


def test_words_that_would_be_ignored_are_refused() -> None:
    answer = call_dev("build", "now")
    assert answer.returncode == 1
    assert "takes no further words" in answer.stdout


def test_relaxed_is_refused_in_production() -> None:
    answer = call_dev("run", "--relaxed", PORTAL_MODE="production")
    assert answer.returncode == 1
    assert "--relaxed is refused" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_port_that_is_none_is_refused(port: str) -> None:
    answer = call_dev("run", f"--port={port}")
    assert answer.returncode == 2
    assert "0 to 65535" in answer.stderr


def test_makefile_has_just_the_commands_of_dev() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (dev.ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(targets) == sorted(["help", *dev.COMMANDS])


def test_ci_script_can_be_started() -> None:
    script = dev.ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_whole_check_measures_what_the_tests_cover() -> None:
    assert "dev.py test --cover" in (dev.ROOT / ".ci" / "run").read_text()
    (_, run), (_, report) = dev.covered(["-k", "park"])
    assert {"--cov", f"--cov-fail-under={dev.COVERED_PERCENT}", "-k", "park"} <= set(run)
    assert "--fail-under=100" in report
    for pattern in dev.DECISIONS:
        assert list(dev.ROOT.glob(f"*/{pattern}")) or list(dev.ROOT.glob(pattern)), f"{pattern} names no file"


# Steps and stamps


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.tools` folder of this test's own."""
    monkeypatch.setattr(dev, "TOOLS", tmp_path)
    return tmp_path


def test_stamp_is_written_after_success_only(tools: Path) -> None:
    stamp = dev.stamp("build")
    with stamp.renewed("one"):
        assert not stamp.holds("one")
    assert stamp.holds("one")
    with pytest.raises(KeyboardInterrupt), stamp.renewed("two"):
        raise KeyboardInterrupt
    assert not stamp.holds("two")
    # The half-done second run has spoilt what the first one made.
    assert not stamp.holds("one")
    assert [path.name for path in (tools / "stamps").iterdir()] == []


def test_digest_follows_names_contents_and_words(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    seen = {dev.digest([one]), dev.digest([two]), dev.digest([one, two]), dev.digest([one], "word")}
    one.write_text("b")
    seen.add(dev.digest([one]))
    assert len(seen) == 5
    assert dev.digest([one, two]) == dev.digest([two, one])


def test_failed_step_shows_the_end_of_its_output_and_the_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    noisy = "import sys; print('\\n'.join(map(str, range(100)))); sys.exit(3)"
    with pytest.raises(dev.StepError) as caught:
        dev.step("Counting", [sys.executable, "-c", noisy], advice="Count again.")
    lines = str(caught.value).splitlines()
    assert lines[-1] == "Counting failed. Count again."
    assert lines[-2].strip() == "99"
    assert len(lines) <= dev.TAIL_LINES + 1
    assert "failed after" in capsys.readouterr().out


def test_step_whose_program_is_missing_says_so() -> None:
    with pytest.raises(dev.StepError, match="could not be started"):
        dev.step("Counting", ["/nowhere/abacus"], advice="Buy one.")


def test_children_may_write_byte_code_and_find_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = dev.child_env(EXTRA="yes")
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PATH"].split(os.pathsep)[0] == str(dev.VENV / "bin")
    assert env["EXTRA"] == "yes"


def test_end_leaves_no_grandchild_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "STOP_WITHIN_S", 1)
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(grandchild.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    with child.stdout:
        grandchild = int(child.stdout.readline())
    dev.end([child])
    assert child.returncode == -signal.SIGKILL
    assert gone(grandchild)


def gone(process: int) -> bool:
    """Whether a process ends within a few seconds; nobody waits for a grandchild, so a zombie counts as gone."""
    for _ in range(50):
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z"):
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


# Environment


@pytest.mark.parametrize(
    ("had", "asked", "made"), [("", "run", "run"), ("test ", "run", "test"), ("run ", "test", "test")]
)
def test_environment_once_made_for_tests_is_kept_so(
    had: str, asked: str, made: str, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "system_node", lambda: True)
    installed: list[list[str]] = []
    monkeypatch.setattr(
        dev, "install", lambda locks, _purpose: installed.append([lock.stem for lock in locks])
    )
    if had:
        with dev.stamp("environment").renewed(f"{had}of other locks"):
            pass
    dev.environment(asked)
    assert installed == [[made]]
    dev.environment(asked)
    assert installed == [[made]], "a second call must find the stamp"


def test_node_comes_as_a_wheel_where_the_machine_has_none(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tools))
    dev.system_node.cache_clear()
    installed: list[list[str]] = []
    monkeypatch.setattr(
        dev, "install", lambda locks, _purpose: installed.append([lock.stem for lock in locks])
    )
    try:
        dev.environment("run")
        assert dev.npm() == str(dev.VENV / "bin" / "npm")
    finally:
        dev.system_node.cache_clear()
    assert installed == [["run", "node"]]


def test_python_without_pip_is_told_what_to_install(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tools / "python3"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(dev, "base_python", lambda: str(bare))
    with pytest.raises(dev.StepError, match="python3-pip python3-venv"):
        dev.find_pip()


@pytest.mark.parametrize("chosen", ["", "/nowhere/chromium"])
def test_missing_browser_fails_and_says_what_to_install(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CHROMIUM", chosen)
    monkeypatch.setattr(dev, "CHROMIUM_NAMES", ("no-such-browser",))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(dev.StepError, match=r"PORTAL_CHROMIUM"):
        dev.find_chromium()


# Running


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port somebody else answers on, with 503 and a reason."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b"disk is full")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_busy_port_is_named_with_another_one_to_take(busy_port: int) -> None:
    with pytest.raises(dev.StepError, match=f"{busy_port}.*--port"):
        dev.free_port("127.0.0.1", busy_port)
    assert dev.free_port("127.0.0.1", 0) > 0


def unknown(host: str, *_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, f"no {host}")


@pytest.mark.parametrize("host", ["nonsense", "192.0.2.1", "a" * 70])
def test_host_that_is_none_of_this_machine_is_not_called_a_busy_port(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host == "nonsense":
        # No test asks a name server.
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(dev.StepError) as refused:
        dev.free_port(host, 0)
    assert f"{host} is not an address of this machine" in str(refused.value)
    assert "--port" not in str(refused.value)


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the portal's commands print, by their first word."""
    printed: dict[str, str] = {}
    monkeypatch.setattr(dev, "answer", lambda *words: printed.get(words[0], ""))
    for name in ("PORTAL_DATA", "PORTAL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return printed


DEMO = "Password of all staff: x\n  leader@lublin.example   123456  Leader\n  leader@rzeszow.example  1  Leader\n"
LISTED = "sandomierz                   SAN  PL  pl  Sandomierz nad Wisłą\n"


def test_welcome_shows_the_demonstration_where_there_is_one(
    holds: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    holds["demo-accounts"] = DEMO
    dev.welcome("http://127.0.0.1:8000")
    said = capsys.readouterr().out
    assert "http://127.0.0.1:8000/pl/lublin/initiatives" in said
    assert "leader@lublin.example" in said
    assert "leader@rzeszow.example" not in said


def test_welcome_shows_what_an_office_made_itself_and_no_demonstration(
    holds: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    holds["demo-accounts"] = "Password of all staff: x\n"
    holds["municipalities"] = LISTED * 12
    dev.welcome("http://127.0.0.1:8000")
    said = capsys.readouterr().out
    assert "no demo data" in said
    assert said.count("http://127.0.0.1:8000/pl/sandomierz/   Sandomierz nad Wisłą") == 10
    assert "… and 2 more" in said
    assert not [word for word in ("/en/demo", "lublin", "Password") if word in said]


def test_welcome_to_an_empty_portal_names_the_data_and_the_address_of_this_run(
    holds: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_DATA", "/srv/my data")
    monkeypatch.setenv("PORTAL_BASE_URL", "http://127.0.0.1:8123")
    dev.welcome("http://127.0.0.1:8123")
    said = capsys.readouterr().out
    settings = "PORTAL_DATA='/srv/my data' PORTAL_BASE_URL=http://127.0.0.1:8123"
    assert f"{settings} python3 dev.py flask accounts first-admin" in said
    assert "The database is empty" in said


def test_portal_that_does_not_get_ready_says_why(busy_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "READY_WITHIN_S", 0.5)
    with pytest.raises(dev.StepError, match="503 disk is full"):
        dev.wait_until_ready("127.0.0.1", busy_port, {})


def test_process_that_ends_by_itself_is_named() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"]) as child:
        child.wait()
    with pytest.raises(dev.StepError, match=r"The worker ended by itself .exit code 7."):
        dev.fail_if_ended({"worker": child})


def test_database_is_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_DATABASE_URL", raising=False)
    asked: list[str] = []

    def note(_title: str, command: list[object], **_: object) -> None:
        asked.append(str(command[3]))
        (tmp_path / "portal.sqlite").touch()

    monkeypatch.setattr(dev, "step", note)
    dev.prepare_database(tmp_path, demo=False)
    dev.prepare_database(tmp_path, demo=True)
    dev.prepare_database(tmp_path, demo=True)
    assert asked == ["db", "seed"]
    (tmp_path / "portal.sqlite").unlink()
    dev.prepare_database(tmp_path, demo=True)
    assert asked == ["db", "seed", "db", "seed"], "a database thrown away is made anew"
