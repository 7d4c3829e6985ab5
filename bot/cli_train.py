"""`wenzheng train`, `gate`, `data report`: each in a process of its own, so that nothing of training is imported here."""

import getpass
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from answering.preparation import TRAIN_PYTHON
from bot.errors import TrainingToolsMissingError
from settings import PROJECT_ROOT, load_settings

app = typer.Typer()
data = typer.Typer(help="训练数据。", no_args_is_help=True)
app.add_typer(data, name="data")


@app.command()
def train(
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="只用来信与回复（JSONL：subject、message、reply）训练，不读知识库")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="结果文件夹；与 --pairs 一起用")] = None,
    full: Annotated[bool, typer.Option("--full", help="连编码器一起训练（几十分钟，需要训练环境）")] = False,
) -> None:
    """用答题库训练，并和现用模型比较：对话意图、检索适配、融合与判定阈值；不改动正在使用的模型。"""
    if (pairs is None) != (out is None):
        raise typer.BadParameter("--pairs 与 --out 要一起给出。")
    if pairs is not None and full:
        raise typer.BadParameter("--full 只用于按知识库训练，不与 --pairs 一起用。")
    if pairs is not None and out is not None:
        _run(sys.executable, "--kind", "pairs", "--pairs", f"{pairs.absolute()}", "--out", f"{out.absolute()}")
    if full and not TRAIN_PYTHON.is_file():
        raise TrainingToolsMissingError("完整训练需要训练环境，还没有安装。", fix="运行 `make train-env`，或去掉 --full。")
    _job("full" if full else "light")


@app.command()
def gate(
    run_id: Annotated[str, typer.Argument(help="训练编号，见 `wenzheng runs`")],
    skip_golden: Annotated[bool, typer.Option("--skip-golden", help="不跑典型会话（省约一分钟）")] = False,
) -> None:
    """把一次训练和现用模型放在同一套固定测试题上比较，写出结论和报告。"""
    _job("gate", "--run", run_id, *(["--skip-golden"] if skip_golden else []))


@data.command()
def report(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False) -> None:
    """可用于训练的数据：各来源数量、是否均衡、矛盾和可疑的例子；个人信息已遮盖。"""
    _run(sys.executable, *(["--json"] if as_json else []), module="training.data_report")


def _job(kind: str, *options: str) -> None:
    whose = ("--job", secrets.token_hex(6), "--by", f"命令行 {getpass.getuser()}")
    _run(sys.executable, kind, *options, *whose, module="training.job")


def _run(python: str, *options: str, module: str = "training.run") -> None:
    """Start it with this terminal, and end with its exit code."""
    environment = os.environ | {"WENZHENG_DATA_DIR": str(load_settings().root)}  # it runs in the project's folder
    raise typer.Exit(subprocess.run([python, "-m", module, *options], cwd=PROJECT_ROOT, env=environment, check=False).returncode)
