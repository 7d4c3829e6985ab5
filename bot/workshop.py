"""What the knowledge workshop works with, built once for pages and routes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from answering.entry_finder import EntryFinder
from answering.knowledge_index import KnowledgeIndex
from answering.neighbours import Neighbours
from conversations.answer_usage import AnswerUsage
from knowledge_base import review_clock
from knowledge_base.catalogue import Catalogue
from knowledge_base.documents import Documents
from knowledge_base.entries import EntryStore
from knowledge_base.history import EntryHistory
from knowledge_base.importers.desk import ImportDesk
from knowledge_base.notices.shelf import NoticeShelf
from knowledge_base.repeal import Repeals
from knowledge_base.reviewing import Reviews
from knowledge_base.scheduling import PublicationSchedule


@dataclass(frozen=True)
class Workshop:
    """The services behind the staff's work on entries. `follow`: makes this process see its own writing at once."""

    store: EntryStore
    catalogue: Catalogue
    finder: EntryFinder
    history: EntryHistory
    schedule: PublicationSchedule
    reviews: Reviews
    documents: Documents
    repeals: Repeals
    usage: AnswerUsage
    imports: ImportDesk
    notices: NoticeShelf
    neighbours: Neighbours
    follow: Callable[[], None]


def build_workshop(store: EntryStore, index: KnowledgeIndex, review_months: str, folder: Path) -> Workshop:
    """Args: review_months: as the setting has it; folder: of the instance's data."""

    def follow() -> None:
        if index.ready:
            index.follow()

    catalogue = Catalogue(store.database, review_clock.parse_months(review_months))
    return Workshop(
        store=store, catalogue=catalogue, finder=EntryFinder(index, catalogue), history=EntryHistory(store),
        schedule=PublicationSchedule(store), reviews=Reviews(store), documents=Documents(store, catalogue), repeals=Repeals(store),
        usage=AnswerUsage(store.database), imports=ImportDesk(store, folder / "imports", follow), notices=NoticeShelf(store),
        neighbours=Neighbours(index, store), follow=follow,
    )  # fmt: skip
