"""The parts of this package, joined."""

from collections.abc import Callable
from dataclasses import dataclass

from database.engine import Database
from insights.answer_bank import AnswerBank
from insights.figures import Figures
from insights.gap_collector import GapCollector
from insights.gaps import Finding, GapDesk
from insights.jobs import RecurringJob
from insights.labels import QuestionLabels
from insights.meaning import MeaningSpace, QueryEncoder
from insights.topics import TopicDesk
from knowledge_base.entries import EntryStore
from retrieval.tokenizer import WordSegmenter
from tickets.departments import Departments

COLLECT_EVERY_S = 15.0


@dataclass(frozen=True)
class Insights:
    """What one process works with of this package."""

    labels: QuestionLabels
    gaps: GapDesk
    gap_job: RecurringJob
    figures: Figures
    topics: TopicDesk
    bank: AnswerBank

    @classmethod
    def build(
        cls, database: Database, entries: EntryStore, finder: Finding, encoder: QueryEncoder, departments: Departments,
        follow: Callable[[], object],
    ) -> "Insights":  # fmt: skip
        """Light: nothing is read, embedded or started yet.

        Args:
            follow: lets this process see at once what was published here.
        """
        space = MeaningSpace(encoder)
        collector = GapCollector(database, space, entries)
        return cls(
            labels=QuestionLabels(database),
            gaps=GapDesk(database, entries, finder, space, departments, follow=follow),
            gap_job=RecurringJob("gaps", collector.run, COLLECT_EVERY_S),
            figures=Figures(database),
            topics=TopicDesk(database, space, departments, WordSegmenter().cut),
            bank=AnswerBank(database, entries),
        )

    def start(self) -> None:
        self.gap_job.start()

    def stop(self) -> None:
        self.gap_job.stop()
