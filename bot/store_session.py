"""The store for a command of its own: tables made ready, the encoder only where something will be published."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from answering.preparation import prepare_encoder
from database.engine import Database
from database.migrate import migrate
from knowledge_base.entries import EntryStore
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.encoder import OnnxEncoder
from settings import Settings


@contextmanager
def open_store(settings: Settings, *, encoder: bool, report: Callable[[str], None] = lambda _step: None) -> Iterator[EntryStore]:
    """An entry store on the configured database.

    Raises:
        MigrationError, PreparationError
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        migrate(database)
        vectors = VectorWriter(VectorStore(database), OnnxEncoder(prepare_encoder(settings, report))) if encoder else None
        yield EntryStore(database, vectors)
    finally:
        database.dispose()
