"""Sets the project up on a bare machine, then runs it: `python3 bootstrap.py run`. Standard library only.

Runs on any Python 3.8+, because the one called `python3` may be old; finds the interpreters the project needs by itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
APP, RASA, TRAIN = ROOT / ".venv", ROOT / ".venv-rasa", ROOT / ".venv-train"
APP_VERSIONS = ((3, 11), (3, 12), (3, 13), (3, 14))
RASA_VERSIONS = ((3, 10),)  # rasa 3.6.21 ends there
NEEDED_GB = 5  # both environments, their downloads, encoder and models
STAMP = ".wenzheng-stamp"
PROJECT = "../pyproject.toml"  # beside the lock files; it lists the packages that are installed from here
# An interpreter counts only if these import: a shim may refuse to run, a self-built Python may lack libraries.
PROBE = "import sys, ssl, sqlite3, ctypes, zlib; print(sys.version_info[0], sys.version_info[1], sys.executable)"


class BootstrapError(Exception):
    """One plain sentence and its remedy."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem} 处理办法：{fix}")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the console program


# --- interpreters ---------------------------------------------------------------------------------------------------


def probe(candidate: str) -> tuple[tuple[int, int], str] | None:
    """Version and real path of an interpreter that works, None otherwise."""
    try:
        result = subprocess.run(
            [candidate, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False
        )
        major, minor, path = result.stdout.decode().strip().split(" ", 2)
        return (int(major), int(minor)), path
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None


def candidates(versions: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Where an interpreter of these versions may be: this one, every folder of PATH, pyenv's versions, usual places."""
    if sys.version_info[:2] in versions:
        yield sys.executable
    for major, minor in versions:
        name = f"python{major}.{minor}"
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if folder and os.access(os.path.join(folder, name), os.X_OK):
                yield os.path.join(folder, name)
        roots = [os.environ.get("PYENV_ROOT", ""), str(Path.home() / ".pyenv")]
        for root in dict.fromkeys(r for r in roots if r):
            found = Path(root, "versions").glob(f"{major}.{minor}*/bin/{name}")
            for path in sorted(found, key=_patch_number, reverse=True):
                yield str(path)
        for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"):
            if os.access(os.path.join(folder, name), os.X_OK):
                yield os.path.join(folder, name)


def find_python(versions: Sequence[tuple[int, int]]) -> str | None:
    """The first candidate that really runs and really has one of these versions."""
    for candidate in dict.fromkeys(candidates(versions)):
        found = probe(candidate)
        if found and found[0] in versions:
            return found[1]
    return None


def _patch_number(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parent.parent.name.split(".") if part.isdigit())


def app_python() -> str:
    """Raises: BootstrapError when the machine has no Python 3.11 to 3.14."""
    found = find_python(APP_VERSIONS)
    if not found:
        raise BootstrapError(
            "没有找到可用的 Python 3.11 或更高版本（至 3.14）。",
            "安装后重试，例如 Debian/Ubuntu 上 `apt install python3 python3-venv`，或用 pyenv 安装 3.11。",
        )
    return found


def rasa_python(uv: str) -> str:
    """A working Python 3.10, fetched by uv where the machine has none.

    Raises: BootstrapError when there is none and none can be fetched.
    """
    found = find_python(RASA_VERSIONS)
    if found:
        return found
    subprocess.run([uv, "python", "install", "3.10"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    result = subprocess.run(
        [uv, "python", "find", "--managed-python", "3.10"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    fetched = probe(result.stdout.decode().strip() or "/nonexistent")
    if fetched and fetched[0] in RASA_VERSIONS:
        return fetched[1]
    raise BootstrapError(
        "Rasa 需要 Python 3.10，本机没有能运行的 3.10，也未能自动下载。",
        "安装 Python 3.10（例如 `pyenv install 3.10`）后重试，或连接网络让 uv 下载。",
    )


# --- environments ---------------------------------------------------------------------------------------------------


class Steps:
    """Runs steps and says what is going on: number, name, seconds."""

    def __init__(self, total: int, log: Path) -> None:
        self.total, self.number, self.log = total, 0, log

    def run(self, title: str, commands: Callable[[], Sequence[Sequence[str]]], fix: str) -> None:
        """Raises: BootstrapError quoting the command's last words."""
        self.number += 1
        started = time.monotonic()
        head = f"[步骤 {self.number}/{self.total}] {title}"
        say(f"{head}……")
        for command in commands():
            self._run(command, head, started, title, fix)
        say(f"{head}：完成（{time.monotonic() - started:.0f} 秒）")

    def _run(self, command: Sequence[str], head: str, started: float, title: str, fix: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(("\n$ " + " ".join(command) + "\n").encode())
            log.flush()
            beginning = log.tell()
            environment = uv_environment() if command[0] == _uv() else None
            process = subprocess.Popen(list(command), stdout=log, stderr=subprocess.STDOUT, cwd=str(ROOT), env=environment)
            told = time.monotonic()
            while process.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - told >= 15:
                    told = time.monotonic()
                    say(f"{head}：已用 {told - started:.0f} 秒……")
        if process.returncode != 0:
            with self.log.open("rb") as written:
                written.seek(beginning)
                output = written.read().decode("utf-8", "replace")
            if "No space left on device" in output or "Disk quota exceeded" in output:
                raise disk_full(ROOT)
            lines = [line.strip() for line in output.splitlines() if line.strip()]
            raise BootstrapError(f"{title}失败：{(lines or ['没有输出'])[-1][:300]}（详见 {self.log}）。", fix)


def uv_environment() -> dict[str, str]:
    """pip's index and certificates hold for uv too: a mirror set up for pip is what works on this network."""
    environment = dict(os.environ)
    for option, variable in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        value = " ".join(pip_option(option).split())
        if value and variable not in environment and "UV_INDEX_URL" not in environment:
            environment[variable] = value
    return environment


_pip_options: dict[str, str] = {}


def pip_option(name: str) -> str:
    """What pip's configuration says, "" when nothing."""
    if not _pip_options:
        _pip_options[""] = ""
        python = str(APP / "bin" / "python")
        result = subprocess.run(
            [python, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        for line in result.stdout.decode().splitlines():
            key, _, value = line.partition("=")
            _pip_options[key.split(".", 1)[-1]] = value.strip().strip("'").replace("\\n", " ")
    return _pip_options.get(name, "")


def stamp_text(*files: str) -> str:
    """What the stamp must say for an environment to be current: its lock files, its place."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in files:
        digest.update((REQUIREMENTS / name).read_bytes())
    return digest.hexdigest()


def is_current(environment: Path, name: str, *files: str) -> bool:
    """Whether these lock files have been installed here and the interpreter is still there."""
    stamp = environment / f"{STAMP}-{name}"
    return (environment / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == stamp_text(*files)


def write_stamp(environment: Path, name: str, *files: str) -> None:
    (environment / f"{STAMP}-{name}").write_text(stamp_text(*files))


def disk_full(folder: Path) -> BootstrapError:
    free = shutil.disk_usage(str(folder)).free / 1e9
    return BootstrapError(
        f"磁盘空间不足：{folder} 所在磁盘只剩 {free:.1f} GB，首次安装需要约 {NEEDED_GB} GB。", "清理磁盘或换一个位置后重试。"
    )


def check_disk() -> None:
    """Raises: BootstrapError when a first installation would not fit."""
    if shutil.disk_usage(str(ROOT)).free < NEEDED_GB * 1e9:
        raise disk_full(ROOT)


NETWORK = "检查网络或软件包镜像（pip config）后重试；已完成的部分不会重做。"


def set_up(extras: Sequence[str] = ()) -> None:
    """Bring the environments up to date; nothing to do takes well under a second.

    Args:
        extras: "dev" (test tools, in both environments), "train" (torch, in an environment of its own).
    """
    todo: list[tuple[str, Callable[[], Sequence[Sequence[str]]], Callable[[], None]]] = []
    if not is_current(APP, "app", "bootstrap.txt", "app.lock", PROJECT):
        todo.append(("创建应用环境", _make_app, _nothing))
        todo.append(
            (
                "安装应用依赖",
                lambda: [*_install(APP, "app.lock"), _editable()],
                lambda: _done(APP, "app", "bootstrap.txt", "app.lock", PROJECT),
            )
        )
    if not is_current(RASA, "rasa", "rasa.lock"):
        todo.append(("创建 Rasa 环境（Python 3.10）", _make_rasa, _nothing))
        todo.append(("安装 Rasa 依赖", lambda: _install(RASA, "rasa.lock"), lambda: _done(RASA, "rasa", "rasa.lock")))
    if "dev" in extras and not is_current(APP, "dev", "app.lock", "dev.lock"):
        todo.append(("安装测试工具", lambda: _install(APP, "dev.lock"), lambda: _done(APP, "dev", "app.lock", "dev.lock")))
    if "dev" in extras and not is_current(RASA, "dev", "rasa.lock", "rasa-dev.lock"):
        files = ("rasa.lock", "rasa-dev.lock")
        todo.append(("安装 Rasa 环境的测试工具", lambda: _install(RASA, *files), lambda: _done(RASA, "dev", *files)))
    if "train" in extras and not is_current(TRAIN, "train", "app.lock", "dev.lock", "train.txt"):
        todo.append(("创建训练环境", _make_train, _nothing))
        todo.append(
            (
                "安装训练依赖（torch 较大，约需几分钟）",
                _install_train,
                lambda: _done(TRAIN, "train", "app.lock", "dev.lock", "train.txt"),
            )
        )
    if not todo:
        return
    check_disk()
    steps = Steps(len(todo), ROOT / ".cache" / "bootstrap.log")
    for title, commands, finish in todo:
        steps.run(title, commands, NETWORK)
        finish()


def _nothing() -> None:
    pass


def _done(environment: Path, name: str, *files: str) -> None:
    write_stamp(environment, name, *files)


def _uv() -> str:
    return str(APP / "bin" / "uv")


def _make_app() -> list[list[str]]:
    python = str(APP / "bin" / "python")
    commands = [] if probe(python) else [[app_python(), "-m", "venv", "--clear", str(APP)]]
    if not commands and not (APP / "bin" / "pip").exists():
        commands.append([python, "-m", "ensurepip"])
    return [*commands, [python, "-m", "pip", "install", "--disable-pip-version-check", "-r", str(REQUIREMENTS / "bootstrap.txt")]]


def _make_rasa() -> list[list[str]]:
    found = probe(str(RASA / "bin" / "python"))
    return [] if found and found[0] in RASA_VERSIONS else [[_uv(), "venv", "--clear", "--python", rasa_python(_uv()), str(RASA)]]


def _make_train() -> list[list[str]]:
    python = str(TRAIN / "bin" / "python")
    return [] if probe(python) else [[app_python(), "-m", "venv", "--clear", str(TRAIN)]]


def _install(environment: Path, *files: str) -> list[list[str]]:
    # --no-deps: the lock is complete; Rasa's own metadata would ask for the big build of TensorFlow again.
    # --compile-bytecode: otherwise the first start compiles TensorFlow for half a minute.
    command = [_uv(), "pip", "install", "--python", str(environment / "bin" / "python"), "--no-deps", "--compile-bytecode"]
    return [[*command, *(part for name in files for part in ("-r", str(REQUIREMENTS / name)))]]


def _editable() -> list[str]:
    python = str(APP / "bin" / "python")
    return [_uv(), "pip", "install", "--python", python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]


def _install_train() -> list[list[str]]:
    python = str(TRAIN / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    # -c: what torch brings along must not move what the app has pinned
    pinned = ["-c", str(REQUIREMENTS / "app.lock"), "-c", str(REQUIREMENTS / "dev.lock")]
    return [*_install(TRAIN, "app.lock", "dev.lock"), [*pip, *pinned, "-r", str(REQUIREMENTS / "train.txt")]]


# --- what it is for -------------------------------------------------------------------------------------------------


def run(arguments: Sequence[str]) -> NoReturn:
    """Set up, then serve, on a first start with the sample knowledge."""
    set_up()
    wenzheng = str(APP / "bin" / "wenzheng")
    # exec, so that Ctrl-C and SIGTERM reach the supervisor itself
    os.execv(wenzheng, [wenzheng, "serve", "--sample", *arguments])  # noqa: S606


def test(arguments: Sequence[str]) -> NoReturn:
    """Set up everything and run all tests: Rasa's environment, the training extra, and last the main suite."""
    set_up(("dev", "train"))
    failed = []
    runs = (
        ("Rasa 环境", RASA, ["tests/rasa_env"]),
        ("训练环境", TRAIN, ["-m", "train", "tests"]),
        ("主测试", APP, ["-m", "not train", *arguments]),
    )
    with tempfile.TemporaryDirectory(prefix="wenzheng-test-") as data:
        for title, environment, selection in runs:
            say(f"== {title}")
            command = [str(environment / "bin" / "python"), "-m", "pytest", *selection]
            result = subprocess.run(command, cwd=str(ROOT), env={**os.environ, "WENZHENG_DATA_DIR": data}, check=False)
            if result.returncode not in (0, 5 if environment is TRAIN else 0):  # 5: no test has the marker
                failed.append(title)
                if environment is not APP:
                    say(f"== {title}的测试没有通过")
    sys.exit(1 if failed else 0)


def main(arguments: Sequence[str]) -> None:
    commands: dict[str, Callable[[Sequence[str]], object]] = {
        "run": run,
        "test": test,
        "setup": lambda _rest: set_up(),
        "dev-env": lambda _rest: set_up(("dev",)),
        "train-env": lambda _rest: set_up(("train",)),
    }
    if not arguments or arguments[0] not in commands:
        say("用法：python3 bootstrap.py " + "|".join(commands))
        sys.exit(2)
    try:
        commands[arguments[0]](arguments[1:])
    except BootstrapError as exc:
        say(str(exc))
        sys.exit(1)
    except KeyboardInterrupt:
        say("已中断；再次运行会从未完成的步骤继续。")
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
