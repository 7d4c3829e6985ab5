"""Runs and promotions without a whole gateway, for the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from answering.preparation import prepare_encoder
from bot.rasa_project import own_dialogue
from database.engine import Database
from database.migrate import migrate
from retrieval.encoder import OnnxEncoder
from serving.loading import SetLoader
from serving.pointer import ServedPointer
from serving.promotion import Promotions
from serving.runs import RunStore
from settings import Settings


@dataclass(frozen=True)
class Access:
    database: Database
    runs: RunStore
    promotions: Promotions


@contextmanager
def open_access(settings: Settings) -> Iterator[Access]:
    """Raises: MigrationError, PreparationError."""
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        migrate(database)
        runs = RunStore(settings.root)
        loader = SetLoader(runs, OnnxEncoder(prepare_encoder(settings)), lambda: own_dialogue(settings))
        yield Access(database, runs, Promotions(ServedPointer(database), runs, loader))
    finally:
        database.dispose()
