"""`wenzheng`: the root of the command line."""

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from bot.errors import EmptyKnowledgeError
from errors import WenzhengError
from settings import load_settings

# Command → where it is. Only what is called is imported: a command line should not load an index to print a version.
COMMANDS = {
    "serve": "bot.cli_serve:serve",
    "prepare": "bot.cli_serve:prepare",
    "kb": "bot.cli_kb:app",
    "wechat": "bot.cli_wechat:app",
    "user": "bot.cli_user:app",
    "backup": "bot.cli_data:app",
    "restore": "bot.cli_data:app",
    "train": "bot.cli_train:app",
    "data": "bot.cli_train:app",
    "runs": "bot.cli_training:app",
    "gate": "bot.cli_train:app",
    "promote": "bot.cli_training:app",
    "rollback": "bot.cli_training:app",
    "evaluate": "bot.cli_evaluate:evaluate",
    "bench": "bot.cli_index:bench",
    "reindex": "bot.cli_index:reindex",
    "figures": "bot.cli_figures:app",
}
GROUPS = {"kb", "wechat", "user"}  # the other typer apps add their commands to the root

console = Console(highlight=False, soft_wrap=True)


def ask(
    question: Annotated[str, typer.Argument(help="要问的话，例如“注销公司要交哪些材料”")],
    intent: Annotated[str | None, typer.Option(help="当作已识别的意图，例如 filing_steps；不给则直接检索")] = None,
) -> None:
    """在命令行提问；直接检索知识库，不需要服务在运行。"""
    from answering.models import CaseView, Inquiry
    from bot.services import build_services
    from conversations.clock import CHINA, now
    from conversations.message_text import clean

    text = clean(question)
    if not text:
        raise typer.BadParameter("请写出要问的话。")
    services = build_services(load_settings(), report=console.print)
    try:
        with console.status("载入知识索引"):
            services.index.load()
        if services.searcher.size == 0:
            raise EmptyKnowledgeError(
                "知识库里还没有已发布的条目。", fix="运行 `wenzheng kb sample load` 装入示例，或用 `wenzheng kb import` 导入。"
            )
        today = now().astimezone(CHINA).date()
        answer = services.answerer.answer(Inquiry(text=text, intent=intent, case=CaseView(), as_of=today))
    finally:
        services.stop()
    console.print(answer.text, markup=False)
    if answer.citations:
        console.print("\n出处：")
        for citation in answer.citations:
            place = f"条目 {citation.entry_id}（第 {citation.version} 版）{citation.title}，{citation.source or '来源见条目'}"
            console.print(f"  {place}", markup=False)
    probability = "—" if answer.probability is None else f"{answer.probability:.2f}"
    outcome = {"answer": "已回答", "clarify": "待选择", "fallback": "未能回答"}[answer.outcome]
    console.print(f"\n{outcome}，首条答中概率 {probability}，索引修订号 {answer.revision}", style="dim")


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line; with arguments, only the command that they name is imported."""
    app = typer.Typer(help="问政：政策咨询助手。", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(lambda: None)  # a root with one command stays a root
    app.command()(ask)
    named = [name for name in arguments[:1] if name in COMMANDS or name == "ask"]
    places = dict.fromkeys(COMMANDS[name] for name in named or COMMANDS if name in COMMANDS)
    for place in places:
        module, _, attribute = place.partition(":")
        part = getattr(importlib.import_module(module), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=next((name for name in GROUPS if COMMANDS[name] == place), None))
        else:
            app.command()(part)
    return app


def main() -> None:
    """Run; an error that a person can mend is one sentence, not a traceback."""
    try:
        build_app(sys.argv[1:])()
    except WenzhengError as exc:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(exc), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
