"""`wenzheng prepare` and `wenzheng serve`: make an instance ready, and run its parts under one supervisor."""

import fcntl
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import httpx
import typer

from bot.preparation import prepare_instance
from bot.rasa_project import internal_token, rasa_command, rasa_environment
from bot.supervised_process import Part
from bot.supervisor import Supervisor
from errors import WenzhengError
from settings import PROJECT_ROOT, Settings, load_settings

PROBE_TIMEOUT_S = 1.0
WAITING_CALLERS = 1024  # Linux caps it at net.core.somaxconn


class PartName(StrEnum):
    """What `serve --only` accepts."""

    GATEWAY = "gateway"
    RASA = "rasa"


class ServeError(WenzhengError):
    """The instance cannot start as things stand: a port is taken, or the data folder is in use."""


def prepare(
    sample: Annotated[bool, typer.Option("--sample", help="知识库为空时装入示例知识")] = False,
) -> None:
    """准备数据文件夹：数据库、句子编码器、对话模型（已就绪的步骤自动跳过）。"""
    prepare_instance(load_settings(), say, sample=sample)


def serve(
    only: Annotated[PartName | None, typer.Option("--only", help="只启动其中一部分")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="知识库为空时先装入示例知识")] = False,
) -> None:
    """启动并看护对话服务和网关；Ctrl-C 停止。"""
    settings = load_settings()
    wanted = [only] if only else [PartName.RASA, PartName.GATEWAY]
    locks = [lock_part(settings, name) for name in wanted]
    check_ports(settings, wanted)
    door = open_door(settings) if PartName.GATEWAY in wanted else None
    prepare_instance(settings, say, sample=sample and only is not PartName.RASA, rasa=PartName.RASA in wanted)
    parts = [rasa_part(settings) if name is PartName.RASA else gateway_part(settings, door) for name in wanted]
    started = time.monotonic()
    say("正在启动……（首次约需一分钟，之后约 20 秒）")
    code = Supervisor(
        parts,
        report=say,
        echo=echo,
        on_ready=lambda: say(ready_text(settings, wanted, time.monotonic() - started)),
    ).run()
    say("已停止。")
    if door is not None:
        door.close()
    for lock in locks:
        lock.close()
    raise typer.Exit(code)


def open_door(settings: Settings) -> socket.socket:
    """The public port, held by the supervisor: while the gateway is restarted, callers wait instead of being turned away.

    Raises: ServeError when the port is taken.
    """
    door = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((settings.host, settings.port))
    except OSError as exc:
        door.close()
        raise _port_taken("网关", settings.port, f"WENZHENG_PORT={settings.port + 1}", exc) from exc
    door.listen(WAITING_CALLERS)
    return door


def gateway_part(settings: Settings, door: socket.socket | None = None) -> Part:
    """The public part: web application and action endpoint. Args: door: a listening socket for it."""
    inherited = {} if door is None else {"WENZHENG_LISTEN_FD": str(door.fileno())}
    return Part(
        name="gateway",
        command=lambda: [sys.executable, "-m", "bot.gateway_process"],
        environment={**os.environ, **inherited},
        inherited=() if door is None else (door.fileno(),),
        folder=Path.cwd(),  # relative paths in the settings mean the same there
        log_file=settings.root / "logs" / "gateway.log",
        ready=lambda: _answers(f"http://127.0.0.1:{settings.port}/readyz"),
    )


def rasa_part(settings: Settings) -> Part:
    """The dialogue server on loopback. Its model file is looked up again at every start."""
    token = internal_token(settings)
    return Part(
        name="rasa",
        command=lambda: rasa_command(settings),
        environment=rasa_environment(settings),
        folder=PROJECT_ROOT,
        log_file=settings.root / "logs" / "rasa.log",
        ready=lambda: _answers(f"http://127.0.0.1:{settings.rasa_port}/status", token),
    )


PLACES = {"对话页面": "/chat", "人员面板": "/panel", "接口文档": "/api/docs"}


def ready_text(settings: Settings, wanted: list[PartName], seconds: float) -> str:
    """What the console says once everything answers."""
    if PartName.GATEWAY not in wanted:
        return f"Rasa 已就绪（{seconds:.0f} 秒）：{settings.rasa_url}"
    base = settings.public_url or f"http://127.0.0.1:{settings.port}"
    places = "\n".join(f"  {name}  {base}{path}" for name, path in PLACES.items())
    return f"已就绪（{seconds:.0f} 秒）。\n{places}\n  停止请按 Ctrl-C"


def check_ports(settings: Settings, wanted: list[PartName]) -> None:
    """Raises: ServeError naming the taken port, its use and the variable that changes it."""
    needed: list[tuple[str, int, str, str]] = []
    if PartName.GATEWAY in wanted:
        needed.append(("网关", settings.port, settings.host, f"WENZHENG_PORT={settings.port + 1}"))
        needed.append(("动作端点", settings.action_port, "127.0.0.1", f"RASA_URL=http://127.0.0.1:{settings.rasa_port + 100}"))
    if PartName.RASA in wanted:
        needed.append(("Rasa", settings.rasa_port, "127.0.0.1", f"RASA_URL=http://127.0.0.1:{settings.rasa_port + 100}"))
    for use, port, host, remedy in needed:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as exc:
                raise _port_taken(use, port, remedy, exc) from exc


def _port_taken(use: str, port: int, remedy: str, exc: OSError) -> ServeError:
    return ServeError(
        f"{use}要用的端口 {port} 已被占用或不可用（{exc.strerror}）。",
        fix=f"停掉占用它的程序，或换一个端口启动，例如 `{remedy} make run`。",
    )


def lock_part(settings: Settings, name: PartName) -> IO[str]:
    """Hold the part's place in the data folder until the file is closed or the process ends.

    Raises: ServeError when another process runs this part on the same data folder.
    """
    file = settings.root / "run" / f"{name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = file.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        handle.close()
        raise ServeError(
            f"数据文件夹 {settings.root} 已有一个实例在运行（{name}）。",
            fix="先停掉它，或用 WENZHENG_DATA_DIR 给新实例另一个数据文件夹。",
        ) from exc
    return handle


def _answers(url: str, token: str | None = None) -> bool:
    try:
        params = {"token": token} if token else None
        return httpx.get(url, params=params, timeout=PROBE_TIMEOUT_S, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _synchronised(write: Callable[[str], object]) -> Callable[[str], None]:
    lock = threading.Lock()

    def line(text: str) -> None:
        with lock:
            write(text)

    return line


@_synchronised
def say(text: str) -> None:
    """A sentence for the person at the console."""
    typer.echo(text)


@_synchronised
def echo(text: str) -> None:
    """A line of a part's own output."""
    typer.secho(text, dim=True, err=True)
