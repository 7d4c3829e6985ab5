"""Every error as one JSON shape: `{"ok": false, "error", "errors", "status", "fix"}`. Browsers get it as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from actions.errors import ActionServerError
from answering.errors import AnsweringError, IndexNotReadyError
from bot import errors as edge
from bot.channels.wechat import api_errors, menu
from bot.channels.wechat import errors as wechat
from bot.rasa_project import RasaProjectError
from conversations import errors as talk
from database.errors import DatabaseError
from desk import errors as desk
from errors import SettingsError, WenzhengError
from insights import errors as insights
from knowledge_base import errors as knowledge
from retrieval.errors import RetrievalError
from serving import errors as serving
from staff import errors as staff
from tickets import errors as tickets

log = structlog.get_logger(__name__)

# the nearest ancestor counts
STATUS: Mapping[type[WenzhengError], int] = {
    SettingsError: 500,
    DatabaseError: 503,
    RetrievalError: 503,
    AnsweringError: 500,
    IndexNotReadyError: 503,
    RasaProjectError: 503,
    ActionServerError: 503,
    knowledge.KnowledgeError: 422,
    knowledge.UnknownEntryError: 404,
    knowledge.DuplicateExternalIdError: 409,
    knowledge.WorkflowError: 409,
    knowledge.NotAllowedError: 403,
    knowledge.VectorError: 503,
    knowledge.StaleVersionError: 409,
    knowledge.ReviewMonthsError: 500,
    knowledge.UnknownImportError: 404,
    knowledge.ImportStateError: 409,
    knowledge.UnknownDocumentError: 404,
    talk.ConversationError: 500,
    talk.UnknownConversationError: 404,
    talk.UnknownTurnError: 404,
    talk.TurnPendingError: 503,
    talk.RateLimitedError: 429,
    talk.OfficeHoursError: 500,
    talk.WordListError: 500,
    talk.HandoffStateError: 409,
    talk.DialogueUnavailableError: 503,
    talk.DialogueModelError: 502,
    talk.SilentDialogueError: 502,
    edge.GatewayError: 400,
    edge.UnauthorizedError: 401,
    edge.ForbiddenError: 403,
    edge.BodyTooLargeError: 413,
    edge.MissingSenderError: 422,
    edge.UnknownPageError: 404,
    edge.WithdrawnEntryError: 410,
    edge.NoPublicAddressError: 404,
    edge.TrialError: 503,
    edge.QualityFileError: 422,
    insights.InsightError: 500,
    insights.LabelError: 422,
    insights.UnknownLabelError: 404,
    insights.UnknownGapError: 404,
    insights.GapActionError: 422,
    insights.UnknownProposalError: 404,
    insights.ProposalStateError: 409,
    insights.UnknownTopicError: 404,
    insights.LetterFileError: 422,
    insights.FigureRangeError: 422,
    desk.DeskError: 422,
    desk.UnknownMessageError: 404,
    desk.StaleSuggestionError: 409,
    desk.CannotSendError: 409,
    desk.UnknownAgentError: 422,
    desk.UnknownPhraseError: 404,
    desk.AssistLinkError: 403,
    tickets.TicketError: 422,
    tickets.UnknownTicketError: 404,
    tickets.TicketStateError: 409,
    tickets.DepartmentFileError: 500,
    serving.ServingError: 422,
    serving.UnknownRunError: 404,
    serving.NotPromotableError: 409,
    serving.ForceNotAllowedError: 403,
    serving.NothingToRollBackError: 409,
    serving.TrainingBusyError: 409,
    staff.StaffError: 422,
    staff.LoginRefusedError: 401,
    staff.LoginLockedError: 429,
    staff.UnknownMemberError: 404,
    staff.MemberExistsError: 409,
    staff.OwnAccountError: 409,
    staff.UnknownTokenError: 404,
    wechat.WeChatError: 500,
    wechat.SignatureError: 403,
    wechat.UnreadablePushError: 400,
    wechat.WeChatNotConfiguredError: 503,
    wechat.NoAccountError: 404,
    menu.MenuFileError: 422,
    api_errors.WeChatApiError: 502,
    api_errors.WeChatBusyError: 503,
    api_errors.AccountConfigurationError: 503,
    api_errors.DailyQuotaError: 503,
    api_errors.NotGrantedError: 404,
}

_HTTP_WORDS = {
    400: ("请求格式不正确。", "检查请求内容是否为合法的 JSON。"),
    404: ("没有这个地址。", "核对地址；接口清单见 /api/docs。"),
    405: ("这个地址不支持该请求方法。", "核对请求方法；接口清单见 /api/docs。"),
}
_SERVER_WORDS = ("服务器内部出错。", "请稍后重试；一直如此请联系管理员查看日志。")
_DATABASE_WORDS = ("数据库暂时不可用。", "请稍后重试；一直如此请联系管理员检查数据库。")

_REASONS = {
    "missing": "缺少这个必填字段",
    "extra_forbidden": "不认识的字段",
    "string_type": "必须是文字",
    "string_too_short": "不能少于 {min_length} 个字",
    "string_too_long": "不能超过 {max_length} 个字",
    "string_pattern_mismatch": "格式不正确",
    "string_unicode": "含有不合法的字符",
    "int_type": "必须是整数",
    "int_parsing": "必须是整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "list_type": "必须是列表",
    "dict_type": "必须是对象",
    "model_type": "必须是对象",
    "model_attributes_type": "必须是对象",
    "json_invalid": "不是合法的 JSON",
    "literal_error": "取值不在允许范围内，可用 {expected}",
}


def status_of(error: WenzhengError | type[WenzhengError]) -> int:
    """HTTP status of an error class.

    Raises:
        KeyError: its family is not in the table above.
    """
    kind = error if isinstance(error, type) else type(error)
    for ancestor in kind.__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    raise KeyError(kind.__name__)


def body(error: str, *, fix: str, status: int, errors: Sequence[str] = ()) -> dict[str, Any]:
    """The one shape; `errors` lists every single problem."""
    return {"ok": False, "error": error, "errors": list(errors) or [error], "status": status, "fix": fix}


def error_response(error: WenzhengError) -> JSONResponse:
    """An error of ours as a response."""
    try:
        status = status_of(error)
    except KeyError:
        status = 500
    problems = [str(problem) for problem in getattr(error, "problems", ())]
    headers = {}
    if isinstance(error, talk.RateLimitedError | staff.LoginLockedError):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body(error.problem, fix=error.fix, status=status, errors=problems), status, headers)


def explain_validation(problems: Sequence[Any]) -> list[str]:
    """pydantic's problems, each as 「字段：原因」. What was sent is never repeated."""
    lines = []
    for problem in problems:
        place = ".".join(str(part) for part in problem["loc"][1:]) or "请求内容"
        known = _REASONS.get(problem["type"])
        reason = known.format(**problem.get("ctx", {})) if known else str(problem["msg"]).removeprefix("Value error, ")
        lines.append(f"{'请求内容' if problem['type'] == 'json_invalid' else place}：{reason}")
    return lines


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, outside the API."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api")


def install_error_responses(app: FastAPI, page: Any) -> None:
    """Register the handlers.

    Args:
        page: renders `(request, error body)` as an HTML response for browsers.
    """

    def answer(request: Request, response: JSONResponse, content: dict[str, Any]) -> Response:
        if not wants_page(request):
            return response
        rendered: Response = page(request, content)
        return rendered

    async def ours(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, WenzhengError)  # noqa: S101 - registered for this class
        response = error_response(exc)
        if response.status_code >= 500:
            log.error("request.failed", path=request.url.path, error=type(exc).__name__, problem=exc.problem)
        problems = [str(problem) for problem in getattr(exc, "problems", ())]
        return answer(request, response, body(exc.problem, fix=exc.fix, status=response.status_code, errors=problems))

    async def invalid(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)  # noqa: S101
        lines = explain_validation(exc.errors())
        content = body(
            "请求内容不合要求：" + "；".join(lines) + "。", fix="按 /api/docs 的说明改正后重试。", status=422, errors=lines
        )
        return answer(request, JSONResponse(content, 422), content)

    async def http(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)  # noqa: S101
        problem, fix = _HTTP_WORDS.get(exc.status_code, (str(exc.detail), "核对请求；接口清单见 /api/docs。"))
        content = body(problem, fix=fix, status=exc.status_code)
        return answer(request, JSONResponse(content, exc.status_code, exc.headers), content)

    async def database(request: Request, exc: Exception) -> Response:
        log.error("request.database", path=request.url.path, error=str(exc).split("\n")[0])
        content = body(_DATABASE_WORDS[0], fix=_DATABASE_WORDS[1], status=503)
        return answer(request, JSONResponse(content, 503), content)

    async def unforeseen(request: Request, exc: Exception) -> Response:
        log.error("request.crashed", path=request.url.path, exc_info=exc)
        content = body(_SERVER_WORDS[0], fix=_SERVER_WORDS[1], status=500)
        return answer(request, JSONResponse(content, 500), content)

    app.add_exception_handler(WenzhengError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(SQLAlchemyError, database)
    app.add_exception_handler(Exception, unforeseen)
