"""Builds answers: what is said, what it cites, what the case is afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from answering import wording
from answering.deciding import Question
from answering.models import Answer, Button, CaseView, Citation, Inquiry, Outcome, PickList
from answering.timeliness import Timing
from knowledge_base.entries import EntryRecord
from retrieval.documents import Hit, SearchResult

HUMAN = Button(wording.HUMAN_TITLE, wording.HUMAN_TITLE)


@dataclass(frozen=True)
class Found:
    """Where an answer comes from: the search, and the entry's rank in it."""

    result: SearchResult | None = None
    hit: Hit | None = None


@dataclass(frozen=True)
class Replies:
    """Args: public_url: of the gateway, None when it has no public address; revision, model_ids: when nothing was searched."""

    public_url: str | None
    revision: int
    model_ids: dict[str, str]

    def citation(self, record: EntryRecord) -> Citation:
        return Citation(
            record.entry_id, record.content.external_id, record.version, record.content.title,
            wording.source_line(record.content), f"{self.public_url or ''}/e/{record.entry_id}",
        )  # fmt: skip

    def page(self, record: EntryRecord) -> str | None:
        return f"{self.public_url}/e/{record.entry_id}" if self.public_url else None

    def told(
        self, inquiry: Inquiry, timing: Timing, record: EntryRecord, text: str, *, others: Sequence[EntryRecord] = (),
        found: Found = Found(), resolved: str | None = None, question: str | None = None,
    ) -> Answer:  # fmt: skip
        """An answer from an entry, which is then under discussion.

        Args:
            others: named in the text besides.
            resolved: the question as it stands on its own; question: what later messages continue, None: what it was before.
        """
        case = inquiry.case
        after = replace(
            case,
            entry_id=record.entry_id,
            previous=case.previous if case.entry_id in {None, record.entry_id} else case.entry_id,
            options=[],
            misses=0,
            question=case.question if question is None else question,
            as_of=timing.kept,
        )
        return self.plain("answer", text, inquiry, timing, after, [record, *others], record, found, resolved)

    def asked(
        self, inquiry: Inquiry, timing: Timing, question: Question, records: Sequence[EntryRecord], *, asked: int,
        resolved: str, found: Found = Found(),
    ) -> Answer:  # fmt: skip
        """The deciding question. Args: records: of all options; asked: deciding questions so far, this one included."""
        by_id = {record.entry_id: record for record in records}
        labels = [option.label for option in question.options]
        payloads = [
            option.label if question.about == "title" or len(option.entries) > 1 else
            f"{by_id[option.entries[0]].content.title}（{option.label}）"
            for option in question.options
        ]  # fmt: skip
        single = all(len(option.entries) == 1 for option in question.options)
        cited = [by_id[option.entries[0]] for option in question.options] if single else []
        picks = PickList(resolved, labels, payloads, [list(option.entries) for option in question.options], asked)
        return self._list("clarify", question.text, inquiry, timing, picks, cited, found, resolved)

    def offered(
        self, outcome: Outcome, lead: str, inquiry: Inquiry, timing: Timing, records: Sequence[EntryRecord],
        labels: Sequence[str], found: Found, *more: Button,
    ) -> Answer:  # fmt: skip
        """Entries to pick from, cited in the order of the buttons."""
        picks = PickList(inquiry.text, list(labels), list(labels), [[record.entry_id] for record in records])
        return self._list(outcome, lead, inquiry, timing, picks, records, found, inquiry.text, *more)

    def _list(
        self, outcome: Outcome, lead: str, inquiry: Inquiry, timing: Timing, picks: PickList, cited: Sequence[EntryRecord],
        found: Found, resolved: str, *more: Button,
    ) -> Answer:  # fmt: skip
        case = replace(
            inquiry.case,
            options=[entry_id for entries in picks.entries for entry_id in entries],
            picks=picks,
            as_of=timing.kept,
        )
        buttons = [Button(label, payload) for label, payload in zip(picks.labels, picks.payloads, strict=True)]
        text = wording.listed(lead, picks.labels)
        return self.plain(outcome, text, inquiry, timing, case, cited, None, found, resolved, [*buttons, *more])

    def plain(
        self, outcome: Outcome, text: str, inquiry: Inquiry, timing: Timing, case: CaseView | None = None,
        cited: Sequence[EntryRecord] = (), record: EntryRecord | None = None, found: Found = Found(),
        resolved: str | None = None, buttons: Sequence[Button] = (),
    ) -> Answer:  # fmt: skip
        hit, result = found.hit, found.result
        return Answer(
            outcome=outcome,
            text=text,
            citations=[self.citation(r) for r in cited],
            buttons=list(buttons),
            resolved_question=resolved or inquiry.text,
            entry_id=record.entry_id if record else None,
            version=record.version if record else None,
            probability=hit.probability if hit else None,
            score=hit.score if hit else None,
            revision=result.revision if result else self.revision,
            model_ids=self.model_ids,
            case=case or inquiry.case,
            as_of=timing.day_for(record.content) if record else timing.day,
        )


def list_of(options: Sequence[int], live: Mapping[int, EntryRecord]) -> PickList | None:
    """Options whose list was not kept, by their titles; None when there are none."""
    titles = [live[i].content.title if i in live else "" for i in options]
    return PickList("", titles, titles, [[i] for i in options]) if options else None
