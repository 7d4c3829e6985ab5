"""What rests on a document: entries that name its number as their source, cite it in their words, or are tied to such entries."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from knowledge_base.catalogue import Catalogue, EntryFilter, EntryRow
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.errors import UnknownDocumentError
from knowledge_base.models import Entry
from knowledge_base.passages import chunk
from knowledge_base.searchable import search_text, searchable

SEVERAL = re.compile(r"[；;、，,]\s*(?=\D*[(（〔\[［])")  # "甲发〔2024〕1号、乙发〔2024〕2号"
SHORTEST_TITLE = 6  # characters of a document's title that is looked for in texts; shorter ones occur everywhere
LONGEST_CHAIN = 4
MOST_ENTRIES = 1000
MOST_DOCUMENTS = 5000
_TITLE = re.compile(r"《([^《》]+)》")
_NUMBER = re.compile(
    r"[\u4e00-\u9fff]{2,20}?[〔\[［（(【]\s*(?:19|20)\d{2}\s*[〕\]］）)】]\s*(?:第\s*)?\d{1,5}\s*号|[\u4e00-\u9fff]{2,14}令第?\s*\d{1,5}\s*号"
    r"|[\u4e00-\u9fff ]{2,20}公告\s*(?:19|20)\d{2}\s*年第\s*\d{1,4}\s*号"
)
RELATIONS = {"source": "以它为依据", "mentions": "文中引用", "replaced": "被依据它的条目代替", "successor": "代替了依据它的条目"}


@dataclass(frozen=True)
class DocumentRow:
    """A document number as it is written most often, and how many entries rest on it."""

    number: str
    title: str | None
    entries: int
    live: int


@dataclass(frozen=True)
class Resting:
    """An entry that rests on the document, how, and the words that show it. `content` is the live version's, else the newest's."""

    row: EntryRow
    relation: str
    content: EntryContent
    passages: tuple[str, ...]


@dataclass(frozen=True)
class DocumentImpact:
    """Everything that rests on a document number."""

    number: str
    titles: tuple[str, ...]
    entries: tuple[Resting, ...]

    def ids(self) -> list[int]:
        return [resting.row.entry_id for resting in self.entries]


def numbers_in(text: str) -> list[str]:
    """Document numbers in a text, as they are written there."""
    return list(dict.fromkeys(match.group().strip() for match in _NUMBER.finditer(text)))


class Documents:
    """Reads only; thread-safe."""

    def __init__(self, store: EntryStore, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue

    def listed(self, text: str = "", limit: int = 200) -> list[DocumentRow]:
        """Documents that entries name as their source, those with most entries first.

        Args:
            text: occurs in the number or the title.
        """
        found: dict[str, list[tuple[str, str | None, bool]]] = {}
        query = select(Entry.id).where(Entry.document_number.is_not(None)).order_by(Entry.id).limit(MOST_DOCUMENTS)
        with self._store.database.read() as session:
            ids = list(session.scalars(query))
        for entry_id, record in self._store.newest(ids).items():
            source = record.content.source
            if source.document_number and entry_id:
                found.setdefault(searchable(source.document_number), []).append(
                    (source.document_number, source.title, record.live_version is not None)
                )
        rows = [
            DocumentRow(
                _most(n for n, _, _ in group), _most(t for _, t, _ in group) or None, len(group), sum(live for *_, live in group)
            )
            for group in found.values()
        ]
        wanted = searchable(text)
        rows = [row for row in rows if wanted in searchable(row.number) or wanted in searchable(row.title or "")]
        return sorted(rows, key=lambda row: (-row.entries, row.number))[:limit]

    def resting_on(self, number: str) -> DocumentImpact:
        """Entries by how they rest on the document, sources first.

        Raises:
            UnknownDocumentError: none does.
        """
        key = searchable(number)
        with self._store.database.read() as session:
            related: dict[int, str] = {}
            for entry_id, named in session.execute(
                select(Entry.id, Entry.document_number).where(Entry.document_number.contains(key, autoescape=True))
            ):
                if key in _numbers(named):
                    related[entry_id] = "source"
            behind = {record.entry_id: record for record in self._store.behind_drafts()}  # a draft may name no source any more
            for entry_id, record in behind.items():
                if _rests(record.content, key):
                    related[entry_id] = "source"
            sources = {**self._store.newest(list(related)), **{i: behind[i] for i in related if i in behind}}
            titles = _titles(sources.values()) if related else []
            words = [key, *(searchable(title) for title in titles)]
            mentioned = or_(*(Entry.search_text.contains(word, autoescape=True) for word in words))
            for entry_id in session.scalars(select(Entry.id).where(mentioned).limit(MOST_ENTRIES)) if key else ():
                related.setdefault(entry_id, "mentions")
            for entry_id, record in behind.items():
                if entry_id not in related and key and any(word in search_text(record.content) for word in words):
                    related[entry_id] = "mentions"
            for entry_id, relation in self._chain(session, [i for i, relation in related.items() if relation == "source"]):
                related.setdefault(entry_id, relation)
        if not related:
            raise UnknownDocumentError(number)
        return DocumentImpact(number, tuple(titles), tuple(self._described(related, words)))

    def _chain(self, session: Session, sources: list[int]) -> Iterable[tuple[int, str]]:
        """Entries that `replaced_by` ties to the sources, either way, through others if need be."""
        names: dict[str, int] = {}
        links: dict[int, str] = {}
        for entry_id, external_id in session.execute(select(Entry.id, Entry.external_id)):
            names[str(entry_id)] = entry_id
            if external_id:
                names[external_id] = entry_id
        for record in self._store.naming_a_successor():
            links[record.entry_id] = record.content.replaced_by or ""
        after = {entry_id: names[name] for entry_id, name in links.items() if name in names}
        for start in sources:
            current: int | None = start
            for _ in range(LONGEST_CHAIN):
                current = after.get(current) if current is not None else None
                if current is not None:
                    yield current, "successor"
        earlier = set(sources)
        for _ in range(LONGEST_CHAIN):
            earlier = {entry_id for entry_id, target in after.items() if target in earlier}
            yield from ((entry_id, "replaced") for entry_id in sorted(earlier))

    def _described(self, related: dict[int, str], words: list[str]) -> list[Resting]:
        ids = list(related)
        rows = {row.entry_id: row for row in self._catalogue.rows(EntryFilter(ids=ids), limit=len(ids))}
        newest, live = self._store.newest(ids), self._store.published(ids)
        order = list(RELATIONS)
        found = []
        for entry_id in sorted(related, key=lambda i: (order.index(related[i]), i)):
            content = (live.get(entry_id) or newest[entry_id]).content
            found.append(Resting(rows[entry_id], related[entry_id], content, tuple(_passages(content, words))))
        return found


def _numbers(named: str | None) -> set[str]:
    return {searchable(part) for part in SEVERAL.split(named or "")}


def _rests(content: EntryContent, key: str) -> bool:
    return key in _numbers(content.source.document_number)


def _titles(records: Iterable[EntryRecord]) -> list[str]:
    """Titles by which texts cite the document: those its entries give, without book marks."""
    found: Counter[str] = Counter()
    for record in records:
        title = record.content.source.title
        if title:
            named = _TITLE.findall(title) or [title]
            found.update(name.strip() for name in named if len(name.strip()) >= SHORTEST_TITLE)
    return [title for title, _ in found.most_common(3)]


def _passages(content: EntryContent, words: list[str]) -> list[str]:
    """The sentences that name the document."""
    texts = [content.answer, *content.similar_questions, content.source.clause, content.source.quote]
    facets = content.facets.model_dump().values()
    texts += [line for value in facets if value for line in ([value] if isinstance(value, str) else value)]
    pieces = [piece for text in texts if text for piece in chunk(text)]
    return [piece for piece in pieces if any(word in searchable(piece) for word in words)][:5]


def _most(values: Iterable[str | None]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""
