"""Makes a data folder ready to serve: tables, encoder, Rasa model and, on request, the sample knowledge."""

import time
from collections.abc import Callable

from answering.preparation import prepare_encoder
from bot.rasa_project import train
from bot.sample_knowledge import load_sample_if_empty
from database.engine import Database
from database.migrate import migrate
from settings import Settings

Report = Callable[[str], None]


def prepare_instance(settings: Settings, report: Report, *, sample: bool = False, rasa: bool = True) -> None:
    """Every step looks first whether it has been done; all done, it takes well under a second.

    Args:
        sample: load the sample knowledge, if the knowledge base is empty.
        rasa: False where only the gateway runs.

    Raises:
        WenzhengError: what is wrong and what to do about it.
    """
    steps: list[tuple[str, Callable[[Report], None]]] = [
        ("数据库", lambda _say: _prepare_database(settings)),
        ("句子编码器", lambda say: _prepare_encoder(settings, say)),
    ]
    if sample:
        steps.append(("示例知识", lambda say: _load_sample(settings, say)))
    if rasa:
        steps.append(("对话模型", lambda say: _prepare_model(settings, say)))
    for number, (name, step) in enumerate(steps, start=1):
        started, title = time.monotonic(), f"[{number}/{len(steps)}] {name}"
        step(lambda detail, title=title: report(f"{title}：{detail}……"))  # type: ignore[misc]
        report(f"{title}：就绪（{time.monotonic() - started:.1f} 秒）")


def _prepare_database(settings: Settings) -> None:
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        migrate(database)
    finally:
        database.dispose()


def _prepare_encoder(settings: Settings, say: Report) -> None:
    prepare_encoder(settings, say)


def _prepare_model(settings: Settings, say: Report) -> None:
    train(settings, say)


def _load_sample(settings: Settings, say: Report) -> None:
    load_sample_if_empty(settings, say)
