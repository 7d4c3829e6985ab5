"""What the knowledge workshop works with, built once for pages and routes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from answering.entry_finder import EntryFinder
from answering.errors import IndexNotReadyError
from answering.knowledge_index import KnowledgeIndex
from answering.neighbours import Neighbour, Neighbours
from answering.table_neighbours import Row, TableNeighbours
from answering.unpublished_index import UnpublishedIndex
from conversations.answer_usage import AnswerUsage
from knowledge_base import review_clock
from knowledge_base.catalogue import Catalogue
from knowledge_base.content import EntryContent
from knowledge_base.documents import Documents
from knowledge_base.entries import EntryStore
from knowledge_base.history import EntryHistory
from knowledge_base.importers.desk import ImportDesk, LookOut
from knowledge_base.notices.drafting import Notice, draft_content
from knowledge_base.notices.shelf import NoticeShelf
from knowledge_base.repeal import Repeals
from knowledge_base.reviewing import Reviews
from knowledge_base.scheduling import PublicationSchedule


@dataclass(frozen=True)
class Workshop:
    """The services behind the staff's work on entries.

    Attributes:
        follow: makes this process see its own writing at once.
    """

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
    unpublished: UnpublishedIndex
    follow: Callable[[], None]


def build_workshop(
    store: EntryStore, index: KnowledgeIndex, unpublished: UnpublishedIndex, review_months: str, folder: Path
) -> Workshop:
    """Args: review_months: as the setting has it; folder: of the instance's data."""

    def follow() -> None:
        if index.ready:
            index.follow()

    neighbours = Neighbours(index, unpublished, store)
    catalogue = Catalogue(store.database, review_clock.parse_months(review_months))
    return Workshop(
        store=store, catalogue=catalogue, finder=EntryFinder(index, unpublished, catalogue), history=EntryHistory(store),
        schedule=PublicationSchedule(store), reviews=Reviews(store), documents=Documents(store, catalogue), repeals=Repeals(store),
        usage=AnswerUsage(store.database), imports=ImportDesk(store, folder / "imports", follow, partial(_look_out, neighbours)),
        notices=NoticeShelf(store), neighbours=neighbours, unpublished=unpublished, follow=follow,
    )  # fmt: skip


def _look_out(neighbours: Neighbours, *, among_rows: bool = True) -> LookOut:
    """For one table or document: what its rows repeat or contradict; it finds nothing while the index is being loaded."""
    table = TableNeighbours(neighbours, among_rows=among_rows)

    def look(rows: Sequence[tuple[int, EntryContent, int | None]]) -> list[list[dict[str, Any]]]:
        try:
            return [[asdict(double) for double in found] for found in table.add([Row(*row) for row in rows])]
        except IndexNotReadyError:
            return [[] for _ in rows]

    return look


def neighbour_out(neighbour: Neighbour) -> dict[str, Any]:
    """A near entry as JSON."""
    return {**asdict(neighbour), "differences": [asdict(difference) for difference in neighbour.differences]}


def near_pieces(workshop: Workshop, notice: Notice) -> dict[int, list[dict[str, Any]]]:
    """What the suggested pieces of a document repeat or contradict, by piece; those that do not are absent."""
    suggested = notice.suggested()
    drafts = zip(suggested, notice.drafts(suggested), strict=True)
    rows = [(number, draft_content(draft), None) for number, draft in drafts]
    found = _look_out(workshop.neighbours, among_rows=False)(rows)
    return {number: near for (number, _, _), near in zip(rows, found, strict=True) if near}
