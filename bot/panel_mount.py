"""Gives the panel its services and the gateway the panel."""

from typing import Any

from fastapi import FastAPI
from fastapi.templating import Jinja2Templates

from bot.entry_preview import EntryPreview
from bot.services import Services
from bot.staff_login import StaffLogin
from panel.context import PanelContext
from panel.shell import panel_app


def mount_panel(app: FastAPI, services: Services, login: StaffLogin, templates: Jinja2Templates, error_page: Any) -> None:
    """The panel at /panel."""
    context = PanelContext(
        database=services.database, gate=services.gate, login=login, accounts=services.accounts, audit_log=services.audit_log,
        ticket_desk=services.ticket_desk, desk=services.desk, workshop=services.workshop,
        preview=EntryPreview(services.answerer, services.entries, templates), insights=services.insights, rectifications=services.rectifications,
        runs=services.runs, promotions=services.promotions, jobs=services.jobs, data_reports=services.data_reports,
        labels=services.insights.labels, active_learning=services.active_learning,
    )  # fmt: skip
    app.mount("/panel", panel_app(context, error_page), name="panel")
