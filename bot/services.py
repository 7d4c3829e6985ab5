"""The composition root: the only place that builds things and joins them."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from answering.answerer import Answerer
from answering.eligibility import EligibilityAdviser
from answering.knowledge_index import KnowledgeIndex
from answering.matching import PolicyMatcher
from answering.preparation import prepare_encoder
from answering.regions import JurisdictionFinder
from answering.searcher_factory import build_searcher
from answering.unpublished_index import UnpublishedIndex
from bot.authorization import StaffGate
from bot.caretaker import Caretaker
from bot.channels.wechat.service import WeChatService
from bot.instance_secrets import instance_secret
from bot.live_desk import LiveDesk, build_live_desk
from bot.metrics import Metrics
from bot.rasa_project import internal_token, own_dialogue
from bot.starters import StarterQuestions
from bot.workshop import Workshop, build_workshop
from conversations import feelings
from conversations.checkup import Checkups
from conversations.consultation import Consultation
from conversations.feelings import HandoffWords
from conversations.handoff_desk import HandoffDesk
from conversations.live import MessageFeed
from conversations.office_hours import OfficeHours
from conversations.outbox import STATES, Outbox
from conversations.rasa_client import RasaClient
from conversations.rate_limit import RateLimiter
from conversations.records import ConversationRecords
from conversations.rectification_desk import RectificationDesk
from conversations.ticket_desk import TicketDesk, TicketTemplate
from conversations.turns import TurnService
from database.engine import Database
from database.migrate import migrate
from errors import WenzhengError
from insights.active_learning import ActiveLearning
from insights.parts import Insights
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.unpublished_feed import UnpublishedFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.encoder import Encoder, OnnxEncoder
from retrieval.searcher import Searcher
from serving.data_reports import DataReports
from serving.follower import ModelFollower
from serving.jobs import TrainingJobs
from serving.loading import ServedSet, SetLoader
from serving.pointer import BUILT_IN, Served, ServedPointer
from serving.promotion import Promotions
from serving.runs import RunStore
from serving.schedule import Weekly, WeeklyTraining
from settings import PROJECT_ROOT, Settings
from staff.accounts import StaffAccounts
from staff.audit import AuditLog
from tickets import departments
from tickets.departments import Departments

log = structlog.get_logger(__name__)

LONGEST_DIRECT_ANSWER = timedelta(seconds=5)  # on a busy machine


@dataclass(frozen=True)
class Services:
    """Everything one process works with."""

    settings: Settings
    database: Database
    encoder: Encoder
    entries: EntryStore
    workshop: Workshop
    feed: ChangeFeed
    index: KnowledgeIndex
    answerer: Answerer
    starters: StarterQuestions
    records: ConversationRecords
    consultation: Consultation
    rasa: RasaClient
    live: MessageFeed
    turns: TurnService
    ticket_desk: TicketDesk
    rectifications: RectificationDesk
    handoff_desk: HandoffDesk
    desk: LiveDesk
    caretaker: Caretaker
    wechat: WeChatService
    metrics: Metrics
    runs: RunStore
    promotions: Promotions
    follower: ModelFollower
    jobs: TrainingJobs
    data_reports: DataReports
    weekly_training: WeeklyTraining
    active_learning: ActiveLearning
    accounts: StaffAccounts
    audit_log: AuditLog
    gate: StaffGate
    insights: Insights

    @property
    def searcher(self) -> Searcher:
        """The one in use, whether or not it has been loaded."""
        return self.index.held

    def start(self) -> None:
        """Load the index in the background and follow the store. `index.ready` tells when it serves."""
        self.index.start()
        self.workshop.unpublished.start()
        self.insights.start()

    def stop(self) -> None:
        """Let threads and connections go."""
        self.insights.stop()
        self.workshop.imports.stop()
        self.workshop.unpublished.stop()
        self.index.stop()
        self.turns.close()
        self.database.dispose()


def build_services(
    settings: Settings, *, encoder: Encoder | None = None, report: Callable[[str], None] = lambda _step: None
) -> Services:
    """Make the data folder ready (tables, encoder) and build what works on it. Nothing is loaded or followed yet.

    Args:
        encoder: instead of the configured one.
        report: told the steps that take time.

    Raises:
        PreparationError, MigrationError: what is missing and what to do.
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    migrate(database)
    pointer, runs = ServedPointer(database), RunStore(settings.root)
    configured = encoder or OnnxEncoder(prepare_encoder(settings, report))
    loader = SetLoader(runs, configured, lambda: own_dialogue(settings))
    begin = _first_set(loader, pointer)
    encoder = begin.encoder
    feed = ChangeFeed(database)
    vectors = VectorStore(database)
    writer = VectorWriter(vectors, encoder)
    entries = EntryStore(database, writer)
    searcher = build_searcher(settings, encoder)
    index = KnowledgeIndex(feed, vectors, writer, searcher)
    unpublished = UnpublishedIndex(UnpublishedFeed(database), vectors, index, partial(build_searcher, settings))
    workshop = build_workshop(entries, index, unpublished, settings.review_months, settings.root)
    ours = JurisdictionFinder(settings.region, entries.published_regions)
    answerer = Answerer(index, entries, settings.public_url, ours)
    starters = StarterQuestions(entries, answerer)
    records, live, metrics = ConversationRecords(database), MessageFeed(), Metrics()
    adviser = EligibilityAdviser(index, entries, answerer, settings.public_url)
    checkups = Checkups(adviser, PolicyMatcher(index, entries, feed, adviser))
    hours = OfficeHours.parse(settings.office_hours)
    words = HandoffWords.load(settings.root / feelings.FILE_NAME)
    responsible = Departments.load(settings.root / departments.FILE_NAME)
    consultation = Consultation(
        database, answerer, checkups=checkups, starters=starters, departments=responsible, words=words, hours=hours,
        on_message=live.notify,
    )  # fmt: skip
    ticket_desk = TicketDesk(database, departments=responsible, template=_ticket_template(settings), on_message=live.notify)
    handoff_desk = HandoffDesk(database, hours=hours, on_message=live.notify)
    rasa = RasaClient(settings.rasa_url, internal_token(settings), settings.rasa_timeout_s)
    turns = TurnService(
        records, consultation, rasa, RateLimiter(settings.rate_limit), live, metrics.turn_done,
        timedelta(seconds=settings.rasa_timeout_s) + LONGEST_DIRECT_ANSWER, mend=lambda text: index.held.mended(text),
    )  # fmt: skip
    follower = ModelFollower(
        pointer,
        loader,
        index,
        vectors,
        rasa,
        turns.gate,
        partial(build_searcher, settings),
        f"{socket.gethostname()}-{os.getpid()}",
    )
    follower.take_up(begin)
    insights = Insights.build(database, entries, answerer, encoder, responsible, lambda: index.ready and index.follow())
    jobs = TrainingJobs(settings.root, PROJECT_ROOT)
    weekly = Weekly.parse(settings.train_schedule) if settings.train_schedule else None
    wechat = WeChatService(settings, database, turns, records, entries, starters, metrics.wechat_done)
    for state in STATES:
        metrics.watch_outbox(state, partial(_count, wechat.outbox, state))
    metrics.watch("index_revision", "Revision of the store that the index has reached", partial(getattr, index, "revision"))
    metrics.watch("index_entries", "Published entries in the index", partial(getattr, index, "size"))
    metrics.watch("index_ready", "1 when the index serves", lambda: float(index.ready))
    accounts = StaffAccounts(database, idle=timedelta(minutes=settings.session_idle_minutes))
    desk = build_live_desk(
        database, entries, index, answerer, handoff_desk, live, accounts, words, wechat.allowances.of,
        instance_secret(settings.root, "assist_key"),
    )  # fmt: skip
    return Services(
        settings=settings, database=database, encoder=encoder, entries=entries, workshop=workshop, feed=feed, index=index,
        answerer=answerer, starters=starters, records=records, consultation=consultation, rasa=rasa, live=live, turns=turns,
        ticket_desk=ticket_desk, rectifications=RectificationDesk(database), handoff_desk=handoff_desk, desk=desk,
        caretaker=Caretaker(handoff_desk.look_after, ticket_desk.keep_in_order, partial(_publish_due, workshop)),
        wechat=wechat, metrics=metrics, runs=runs, promotions=Promotions(pointer, runs, loader), follower=follower,
        active_learning=ActiveLearning(
            database, insights.labels, lambda texts: (follower.now or begin).encoder.encode_queries(texts), answerer.search, lambda: index.held.threshold
        ),
        jobs=jobs, data_reports=DataReports(settings.root, PROJECT_ROOT), weekly_training=WeeklyTraining(jobs, weekly, settings.train_promote == "passed"),
        accounts=accounts, audit_log=AuditLog(database), gate=StaffGate(settings, accounts),
        insights=insights,
    )  # fmt: skip


def _publish_due(workshop: Workshop) -> int:
    done = workshop.schedule.publish_due()
    if done:
        workshop.follow()
    return done


def _first_set(loader: SetLoader, pointer: ServedPointer) -> ServedSet:
    """What the pointer names; when that cannot be used, the program's own models, until the follower finds it mended."""
    try:
        return loader.load(pointer.current())
    except WenzhengError as exc:
        log.warning("serving.not_usable", problem=exc.problem)
        return loader.load(Served(BUILT_IN, None, None))


def _ticket_template(settings: Settings) -> TicketTemplate | None:
    if settings.wechat_ticket_template_id is None:
        return None
    pairs = [pair.split("=") for pair in settings.wechat_ticket_template_fields.split(",")]
    return TicketTemplate(settings.wechat_ticket_template_id, {name.strip(): value.strip() for name, value in pairs})


def _count(outbox: Outbox, state: str) -> float:
    return float(outbox.counts()[state])
