"""The policy check-up: which of the published policies an enterprise can enjoy, from what is known of it and what it looks for."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from answering import matching_wording as wording
from answering.deciding import Candidate, labels_of
from answering.eligibility import EligibilityAdviser, is_outside_audience
from answering.knowledge_index import KnowledgeIndex
from answering.models import Answer, Button, Inquiry, PickList
from enterprises.evaluation import Assessment, assess
from enterprises.values import YES, Choice, Facts, Place
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.validity import validity_of

CANDIDATES = 30
LEAST_NEAR = 0.05
MOST_SUITABLE, MOST_LISTED, MOST_WITHOUT_CONDITIONS = 5, 8, 3
BUSINESS = frozenset({"企业", "个体工商户"})
SMALL = frozenset({"微型", "小型"})
NOT_POLICIES = frozenset({"case"})
LEAST_QUERY = 2
# what every request for a check-up says; without it the matter looked for is left
_GENERAL = re.compile(
    r"政策体检|政策匹配|匹配|体检|帮我|帮忙|看看|查查|做个|做一下|我们?|咱们?|公司|企业|能|可以|享受|申请|申报|拿|领|有|哪些|什么|啥|政策|优惠|补贴|奖励|扶持|项目|适合|这样|这种|的|吗|呢|一下|都|能够|列|全部|所有|[，。,.？?！!]"
)
_COUNTY = re.compile(r"[\u4e00-\u9fff]{2,}?(?:区|县|旗)$")


@dataclass(frozen=True)
class _Policy:
    """What is kept of an entry between check-ups; the entry itself is read again when it is listed."""

    content: EntryContent
    words: str  # names of places and themes in it


class PolicyCatalogue:
    """The live policies, following the change feed: only what changed is read again. Thread-safe."""

    def __init__(self, feed: ChangeFeed) -> None:
        self._feed, self._revision, self._policies = feed, -1, dict[int, _Policy]()
        self._lock = threading.Lock()

    def policies(self) -> Mapping[int, _Policy]:
        """By entry id, as of now."""
        with self._lock:
            revision = self._feed.revision()
            if revision == self._revision:
                return self._policies
            if self._revision < 0:
                changed, policies = None, dict[int, _Policy]()
            else:
                changed = [change.entry_id for change in self._feed.changes_since(self._revision)]
                policies = {i: policy for i, policy in self._policies.items() if i not in set(changed)}
            for document in self._feed.live_documents(changed):
                content = document.content
                if content.kind not in NOT_POLICIES:
                    words = "".join(filter(None, [content.title, content.authority, content.source.issuer, *content.tags]))
                    policies[document.entry_id] = _Policy(content, words)
            self._revision, self._policies = revision, policies
            return policies


@dataclass(frozen=True)
class Matched:
    """One policy of the result; without conditions the assessment is empty, so that nothing but 待核实 is ever concluded."""

    entry_id: int
    content: EntryContent
    assessment: Assessment
    relevance: float


class PolicyMatcher:
    """Lists policies: 符合 first, then 待核实 with what is missing; what does not suit is only counted."""

    def __init__(self, index: KnowledgeIndex, store: EntryStore, feed: ChangeFeed, adviser: EligibilityAdviser) -> None:
        self._index, self._store, self._adviser = index, store, adviser
        self._catalogue = PolicyCatalogue(feed)

    def match(self, inquiry: Inquiry, facts: Facts) -> Answer:
        """Outcome `answer` with the policies as options to open by number; `clarify` when there is nothing to list."""
        policies = {i: p for i, p in self._catalogue.policies().items() if _is_theirs(p, facts, inquiry.as_of)}
        near = self._near(inquiry, facts, policies)
        judged = [
            Matched(i, policy.content, assess(policy.content.eligibility, facts, inquiry.as_of), near.get(i, 0.0))
            for i, policy in policies.items()
        ]
        suitable = sorted((m for m in judged if m.assessment.conclusion == "符合"), key=lambda m: -m.relevance)[:MOST_SUITABLE]
        failed = sum(m.assessment.conclusion == "不符合" for m in judged)
        undecided = [m for m in judged if m.assessment.conclusion == "待核实"]
        unclear = sorted((m for m in undecided if m.content.eligibility and _worth_telling(m)), key=_rank)
        by_theme = sorted(
            (m for m in undecided if not m.content.eligibility and m.entry_id in near),
            key=lambda m: (m.content.kind == "qa", *_rank(m)),  # questions repeat what other entries say
        )
        by_theme = by_theme[:MOST_WITHOUT_CONDITIONS]
        room = MOST_LISTED - len(suitable) - len(by_theme)
        return self._told(inquiry, facts, suitable, [*unclear[:room], *by_theme], failed)

    def _near(self, inquiry: Inquiry, facts: Facts, policies: Mapping[int, _Policy]) -> dict[int, float]:
        """Entry id → how well its subject or theme fits what was said and what is known."""
        themes = _themes(facts)
        query = " ".join([_GENERAL.sub("", inquiry.text), *sorted(themes)]).strip()
        if len(query) < LEAST_QUERY:
            return {}
        hits = self._index.searcher.search(query, CANDIDATES, as_of=inquiry.as_of, accept=policies.__contains__).hits
        near = {hit.doc_id: hit.probability for hit in hits if hit.probability >= LEAST_NEAR}
        for entry_id, policy in policies.items():
            shared = themes & set(policy.content.tags)
            if shared:
                near[entry_id] = near.get(entry_id, 0.0) + LEAST_NEAR * len(shared)
        return near

    def _told(
        self, inquiry: Inquiry, facts: Facts, suitable: Sequence[Matched], unclear: Sequence[Matched], failed: int
    ) -> Answer:
        live = self._store.published([m.entry_id for m in [*suitable, *unclear]])
        suitable, unclear = ([m for m in group if m.entry_id in live] for group in (suitable, unclear))
        records = [live[m.entry_id] for m in [*suitable, *unclear]]
        if not records:
            return self._adviser.answer("clarify", wording.nothing(facts), inquiry, [])
        labels = labels_of([Candidate(r.entry_id, r.content) for r in records])
        text, shown = wording.listed(facts, suitable, unclear, failed, labels)
        records, labels = records[:shown], labels[:shown]
        picks = PickList("", labels, labels, [[r.entry_id] for r in records])
        case = replace(inquiry.case, entry_id=None, options=[r.entry_id for r in records], picks=picks, misses=0)
        buttons = [Button(label, label) for label in labels]
        return self._adviser.answer("answer", text, inquiry, records, case=case, buttons=buttons)


def _is_theirs(policy: _Policy, facts: Facts, as_of: date) -> bool:
    """By validity, audience and region."""
    content = policy.content
    if validity_of(content, as_of) != "valid" or is_outside_audience(content, facts):
        return False
    if "企业类型" not in facts and content.audience and not BUSINESS & set(content.audience):
        return False
    place = facts.get("所在地区")
    county = _COUNTY.search(place.name.split("市")[-1]) if isinstance(place, Place) else None
    of_a_county = content.region_code is not None and not content.region_code.endswith("00")
    return not (of_a_county and county and county.group() not in policy.words)


def _themes(facts: Facts) -> set[str]:
    """Words by which entries are tagged."""
    themes: set[str] = set()
    for name, value in facts.items():
        if isinstance(value, Choice) and len(value.possible) == 1:
            only = next(iter(value.possible))
            themes |= {name} if only == YES else {only} if only not in ("否", "公司") else set()
    scale = facts.get("企业规模")
    if isinstance(scale, Choice) and scale.possible <= SMALL:
        themes.add("小微企业")
    return themes


def _worth_telling(matched: Matched) -> bool:
    """Something is known to fit, or it is what was asked for."""
    return bool(matched.assessment.of("met")) or matched.relevance >= LEAST_NEAR


def _rank(matched: Matched) -> tuple[float, int, int]:
    assessment = matched.assessment
    return (-round(matched.relevance, 1), len(assessment.missing), -len(assessment.of("met")))
