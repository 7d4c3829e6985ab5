"""The list of entries as staff look through it: filters, order, counts. Reads only; rows are light, without an entry's texts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from database.engine import Database
from knowledge_base import review_clock
from knowledge_base.models import Entry, EntryTag
from knowledge_base.searchable import search_terms, searchable
from knowledge_base.validity import today
from knowledge_base.workflow import STATES

Order = Literal["updated", "title", "expiry", "review", "created"]
ORDERS: tuple[Order, ...] = ("updated", "title", "expiry", "review", "created")
VALIDITIES = ("valid", "expiring", "expired", "not_yet")
EXPIRES_SOON_DAYS = 30
MOST_CHOICES = 200
LOOKUP_BATCH = 500


@dataclass(frozen=True)
class EntryFilter:
    """Which entries; what is None does not matter.

    Attributes:
        state: draft, in_review, published, withdrawn; `live` = answered from now; `expired` = live but past its date.
        text: words that all occur somewhere in the newest version; an external id.
        department: the owner, or the authority where no owner is named.
        validity: of the newest version today; `expiring` within 30 days.
        unreviewed_days: neither published nor confirmed for so many days.
        overdue: live, and its review is due.
        document: number of the document that the entry rests on, in any spelling of its brackets.
        scheduled: waits for its time to be published.
        ids: only these.
    """

    state: str | None = None
    kind: str | None = None
    region: str | None = None
    text: str | None = None
    department: str | None = None
    tag: str | None = None
    validity: str | None = None
    unreviewed_days: int | None = None
    overdue: bool | None = None
    document: str | None = None
    scheduled: bool | None = None
    ids: Collection[int] | None = None

    def without_unknown_state(self) -> "EntryFilter":
        """The same filter; a state that there is not, as an old link may have it, does not matter."""
        known = self.state is None or self.state in {*STATES, "live", "expired"}
        return self if known else replace(self, state=None)


@dataclass(frozen=True)
class EntryRow:
    """Where an entry stands; the descriptive fields are the newest version's."""

    entry_id: int
    external_id: str | None
    kind: str
    title: str
    state: str
    version: int
    live_version: int | None
    region_code: str | None
    department: str | None
    effective_from: date | None
    effective_to: date | None
    validity: str
    reviewed_on: date | None
    review_due_on: date | None
    publish_at: datetime | None
    actor: str
    updated_at: datetime
    tags: tuple[str, ...] = ()


class Catalogue:
    """Thread-safe.

    Args:
        review_months: months after which an entry of a kind is to be looked at again.
    """

    def __init__(self, database: Database, review_months: Mapping[str, int] = review_clock.DEFAULT_MONTHS) -> None:
        self._database = database
        self.review_months = dict(review_months)

    def rows(
        self, wanted: EntryFilter = EntryFilter(), *, order: Order = "updated", offset: int = 0, limit: int = 50
    ) -> list[EntryRow]:
        """A page of the list; of a search by text, what has the words in its title comes first."""
        query = select(Entry).where(*self.conditions(wanted)).order_by(*_order(order, wanted)).offset(offset).limit(limit)
        with self._database.read() as session:
            entries = list(session.scalars(query))
            tags = _tags(session.execute, [entry.id for entry in entries])
        return [self._row(entry, tags.get(entry.id, ())) for entry in entries]

    def ids(self, wanted: EntryFilter, limit: int = 100_000) -> list[int]:
        """Ids of everything found, in the order of their ids."""
        with self._database.read() as session:
            return list(session.scalars(select(Entry.id).where(*self.conditions(wanted)).order_by(Entry.id).limit(limit)))

    def count(self, wanted: EntryFilter = EntryFilter()) -> int:
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(Entry).where(*self.conditions(wanted))) or 0

    def counts(self, wanted: EntryFilter = EntryFilter()) -> dict[str, dict[str, int]]:
        """How many each choice of each filter would leave, the other filters unchanged; frequent ones first."""
        if wanted.text:  # look through the texts once
            found_by_text = self.ids(EntryFilter(text=wanted.text, ids=wanted.ids))
            wanted = replace(wanted, text=None, ids=found_by_text)
        day = today()
        columns: dict[str, tuple[EntryFilter, Select[Any, int]]] = {
            "state": (replace(wanted, state=None), select(Entry.state, func.count())),
            "kind": (replace(wanted, kind=None), select(Entry.kind, func.count())),
            "department": (replace(wanted, department=None), select(Entry.department, func.count())),
            "region": (replace(wanted, region=None), select(Entry.region_code, func.count())),
            "validity": (replace(wanted, validity=None), select(_validity_column(day), func.count())),
            "tag": (replace(wanted, tag=None), select(EntryTag.tag, func.count()).join(Entry, Entry.id == EntryTag.entry_id)),
        }
        with self._database.read() as session:
            found = {
                name: {
                    str(key): number
                    for key, number in session.execute(
                        query.where(*self.conditions(others)).group_by(query.selected_columns[0]).order_by(func.count().desc())
                        .limit(MOST_CHOICES)
                    )
                    if key is not None
                }
                for name, (others, query) in columns.items()
            }  # fmt: skip
            for name, other in (
                ("overdue", replace(wanted, overdue=True)),
                ("scheduled", replace(wanted, scheduled=True)),
            ):
                query = select(func.count()).select_from(Entry).where(*self.conditions(other))
                found[name] = {"true": session.scalar(query) or 0}
        return found

    def overdue_by_department(self) -> dict[str, int]:
        """How many reviews each department owes; "" for entries without a department."""
        query = select(func.coalesce(Entry.department, ""), func.count()).where(*self.conditions(EntryFilter(overdue=True)))
        with self._database.read() as session:
            rows = session.execute(query.group_by(Entry.department).order_by(func.count().desc()))
            return {str(name): number for name, number in rows}

    def conditions(self, wanted: EntryFilter) -> list[ColumnElement[bool]]:
        """The filter in SQL, on `Entry`."""
        return [*filter_conditions(wanted), *([self._overdue()] if wanted.overdue else [])]

    def _overdue(self) -> ColumnElement[bool]:
        day = today()
        by_kind = [
            and_(Entry.kind == kind, Entry.reviewed_on <= review_clock.reviewed_by(day, months))
            for kind, months in self.review_months.items()
        ]
        due = or_(Entry.review_due_on <= day, and_(Entry.review_due_on.is_(None), or_(*by_kind)))
        return and_(Entry.live_version.is_not(None), due)

    def _row(self, entry: Entry, tags: tuple[str, ...]) -> EntryRow:
        return EntryRow(
            entry_id=entry.id, external_id=entry.external_id, kind=entry.kind, title=entry.title, state=entry.state,
            version=entry.version, live_version=entry.live_version, region_code=entry.region_code, department=entry.department,
            effective_from=entry.effective_from, effective_to=entry.effective_to,
            validity=_validity(entry.effective_from, entry.effective_to, today()),
            reviewed_on=entry.reviewed_on,
            review_due_on=entry.review_due_on or review_clock.due_on(entry.reviewed_on, self.review_months.get(entry.kind)),
            publish_at=entry.publish_at, actor=entry.actor, updated_at=entry.updated_at, tags=tags,
        )  # fmt: skip


def filter_conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """The filter in SQL, on `Entry`, besides `overdue`, which needs the review months."""
    day = today()
    found: list[ColumnElement[bool]] = []
    if wanted.state == "live":
        found.append(Entry.live_version.is_not(None))
    elif wanted.state == "expired":
        found.append(and_(Entry.live_version.is_not(None), Entry.live_to < day))
    elif wanted.state is not None:
        found.append(Entry.state == wanted.state)
    for column, value in ((Entry.kind, wanted.kind), (Entry.region_code, wanted.region), (Entry.department, wanted.department)):
        if value is not None:
            found.append(column == value)
    if wanted.tag is not None:
        found.append(Entry.id.in_(select(EntryTag.entry_id).where(EntryTag.tag == wanted.tag)))
    if wanted.validity is not None:
        found.append(_in_time(wanted.validity, day))
    if wanted.unreviewed_days is not None:
        found.append(or_(Entry.reviewed_on.is_(None), Entry.reviewed_on <= day - timedelta(days=wanted.unreviewed_days)))
    if wanted.document is not None:
        found.append(Entry.document_number == searchable(wanted.document))
    if wanted.scheduled:
        found.append(Entry.publish_at.is_not(None))
    if wanted.ids is not None:
        found.append(Entry.id.in_(list(wanted.ids)))
    if wanted.text:
        words = and_(*(Entry.search_text.contains(term, autoescape=True) for term in search_terms(wanted.text)))
        found.append(or_(words, Entry.external_id == wanted.text))
    return found


def _order(order: Order, wanted: EntryFilter) -> list[ColumnElement[Any]]:
    columns: dict[Order, ColumnElement[Any]] = {
        "updated": Entry.updated_at.desc(),
        "created": Entry.created_at.desc(),
        "title": Entry.title.asc(),
        "expiry": func.coalesce(Entry.effective_to, date.max).asc(),
        "review": func.coalesce(Entry.review_due_on, Entry.reviewed_on, date.max).asc(),
    }
    keys = [columns[order], Entry.id.desc()]
    if wanted.text and order == "updated":
        titled = and_(*(Entry.title.icontains(part, autoescape=True) for part in wanted.text.split()[:8]))
        keys.insert(0, case((titled, 0), else_=1))
    return keys


def _in_time(validity: str, day: date) -> ColumnElement[bool]:
    soon = day + timedelta(days=EXPIRES_SOON_DAYS)
    begun = or_(Entry.effective_from.is_(None), Entry.effective_from <= day)
    conditions: dict[str, ColumnElement[bool]] = {
        "valid": and_(begun, or_(Entry.effective_to.is_(None), Entry.effective_to >= day)),
        "expiring": and_(begun, Entry.effective_to.between(day, soon)),
        "expired": Entry.effective_to < day,
        "not_yet": and_(Entry.effective_from > day, or_(Entry.effective_to.is_(None), Entry.effective_to >= day)),
    }
    return conditions[validity]


def _validity_column(day: date) -> ColumnElement[str]:
    """Each entry once, unlike the filter, whose `valid` includes what expires soon."""
    return case(*((_in_time(name, day), name) for name in ("expired", "not_yet", "expiring")), else_="valid")


def _validity(begins: date | None, ends: date | None, day: date) -> str:
    if ends is not None and ends < day:
        return "expired"
    if begins is not None and begins > day:
        return "not_yet"
    return "expiring" if ends is not None and ends <= day + timedelta(days=EXPIRES_SOON_DAYS) else "valid"


def _tags(execute: Any, ids: list[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for start in range(0, len(ids), LOOKUP_BATCH):
        query = select(EntryTag.entry_id, EntryTag.tag).where(EntryTag.entry_id.in_(ids[start : start + LOOKUP_BATCH]))
        for entry_id, tag in execute(query):
            found.setdefault(entry_id, []).append(tag)
    return {entry_id: tuple(tags) for entry_id, tags in found.items()}
