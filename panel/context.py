"""What the panel's pages work with; made by `bot.panel_mount`."""

from dataclasses import dataclass, field

from nicegui import APIRouter

from bot.authorization import StaffGate
from bot.entry_preview import EntryPreview
from bot.live_desk import LiveDesk
from bot.staff_login import StaffLogin
from bot.workshop import Workshop
from conversations.rectification_desk import RectificationDesk
from conversations.ticket_desk import TicketDesk
from database.engine import Database
from insights.active_learning import ActiveLearning
from insights.labels import QuestionLabels
from insights.parts import Insights
from serving.data_reports import DataReports
from serving.jobs import TrainingJobs
from serving.promotion import Promotions
from serving.runs import RunStore
from staff.accounts import StaffAccounts
from staff.audit import AuditLog


@dataclass(frozen=True)
class PanelContext:
    """Services for pages, and the router that the pages of this gateway are on.

    A router a gateway: NiceGUI's own application is one for the whole process and would keep every gateway's pages for ever.
    """

    database: Database
    gate: StaffGate
    login: StaffLogin
    accounts: StaffAccounts
    audit_log: AuditLog
    ticket_desk: TicketDesk
    desk: LiveDesk
    workshop: Workshop
    preview: EntryPreview
    insights: Insights
    rectifications: RectificationDesk
    runs: RunStore
    promotions: Promotions
    jobs: TrainingJobs
    data_reports: DataReports
    labels: QuestionLabels
    active_learning: ActiveLearning
    pages: APIRouter = field(default_factory=APIRouter)
