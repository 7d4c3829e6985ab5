"""`/api/staff`: logging in and out, accounts, API tokens, the audit log."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.authorization import SESSION_COOKIE
from bot.errors import ForbiddenError, UnknownPageError
from bot.services import Services
from bot.staff_login import StaffLogin, forget_session, member_out
from conversations.clock import CHINA
from staff.accounts import Account
from staff.audit import AuditFilter
from staff.roles import covers
from staff.secret_tokens import csrf_token

Name = Annotated[str, Path(min_length=1, max_length=64, description="登录名")]
RoleName = Literal["agent", "editor", "reviewer", "maintainer", "admin"]
Short = Annotated[str, Field(max_length=64)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Login(_Body):
    name: str = Field(min_length=1, max_length=64, description="登录名")
    password: SecretStr = Field(min_length=1, max_length=500)


class NewMember(_Body):
    name: str = Field(min_length=2, max_length=32, description="登录名")
    password: SecretStr = Field(max_length=500)
    role: RoleName
    display_name: Short | None = None
    department: Short | None = None


class NewPassword(_Body):
    password: SecretStr = Field(max_length=500)


class OwnPassword(NewPassword):
    current: SecretStr = Field(max_length=500, description="现在的密码")


class NewRole(_Body):
    role: RoleName


class Profile(_Body):
    display_name: Short
    department: Short | None = None


class TokenWish(_Body):
    label: str = Field(min_length=1, max_length=64, description="用途")
    owner: Short | None = Field(None, description="谁的令牌；不给则为自己的，给别人的需要管理人员的权限")
    role: RoleName | None = Field(None, description="不超过所有者的角色；不给则与所有者相同")
    days: int | None = Field(None, ge=1, le=3650, description="有效天数；不给则一直有效")


def account_out(account: Account) -> dict[str, Any]:
    return {
        **member_out(account.member),
        "active": account.active,
        "created_at": account.created_at.isoformat(timespec="seconds"),
        "password_changed_at": account.password_changed_at.isoformat(timespec="seconds"),
    }


def staff_routes(services: Services, login: StaffLogin) -> APIRouter:
    router = APIRouter(prefix="/api/staff", tags=["工作人员"])
    members = APIRouter(dependencies=[Depends(services.gate.require_member)])
    gate, accounts = services.gate, services.accounts

    @router.post("/login", summary="登录；会话放在 Cookie 里，写操作另需 X-CSRF-Token 请求头")
    def log_in(given: Login, request: Request, response: Response) -> dict[str, Any]:
        opened = login.open(request, response, given.name, given.password.get_secret_value())
        return {"member": member_out(opened.member), "csrf_token": opened.csrf, "expires_at": opened.expires_at.isoformat()}

    @router.post("/logout", summary="退出登录")
    def log_out(request: Request, response: Response) -> dict[str, bool]:
        gate.require_member(request)
        accounts.sessions.close(request.cookies.get(SESSION_COOKIE, ""))
        forget_session(response)
        return {"ok": True}

    @router.get("/me", summary="我是谁、能做什么；浏览器会话另给校验码")
    def me(request: Request) -> dict[str, Any]:
        member, token = gate.require_member(request), request.cookies.get(SESSION_COOKIE)
        in_browser = token is not None and "authorization" not in request.headers
        return {"member": member_out(member), "csrf_token": csrf_token(token or "") if in_browser else None}

    @members.post("/me/password", summary="修改自己的密码；各处的登录随之失效")
    def own_password(given: OwnPassword, request: Request, response: Response) -> dict[str, bool]:
        member = gate.require_member(request)
        accounts.authenticate(member.name, given.current.get_secret_value(), member.address)
        accounts.set_password(member.name, given.password.get_secret_value(), member)
        forget_session(response)
        return {"ok": True}

    @members.get("/users", summary="列出账号")
    def users(request: Request) -> dict[str, Any]:
        gate.require(request, "people")
        return {"users": [account_out(account) for account in accounts.listed()]}

    @members.post("/users", status_code=201, summary="新建账号")
    def add(given: NewMember, request: Request) -> dict[str, Any]:
        by = gate.require(request, "people")
        accounts.add(
            given.name,
            given.password.get_secret_value(),
            given.role,
            by,
            display_name=given.display_name,
            department=given.department,
        )
        return account_out(accounts.get(given.name))

    @members.get("/users/{name}", summary="一个账号和它的登录")
    def user(name: Name, request: Request) -> dict[str, Any]:
        gate.require(request, "people")
        account = accounts.get(name)
        return {**account_out(account), "sessions": accounts.sessions.listed(account.member.name)}

    @members.post("/users/{name}/role", summary="调整角色；该账号须重新登录")
    def role(name: Name, given: NewRole, request: Request) -> dict[str, Any]:
        accounts.set_role(name, given.role, gate.require(request, "people"))
        return account_out(accounts.get(name))

    @members.post("/users/{name}/profile", summary="修改姓名和部门")
    def profile(name: Name, given: Profile, request: Request) -> dict[str, Any]:
        by = gate.require(request, "people")
        accounts.set_profile(name, by, display_name=given.display_name, department=given.department)
        return account_out(accounts.get(name))

    @members.post("/users/{name}/password", summary="重置密码；该账号须重新登录")
    def password(name: Name, given: NewPassword, request: Request) -> dict[str, Any]:
        accounts.set_password(name, given.password.get_secret_value(), gate.require(request, "people"))
        return account_out(accounts.get(name))

    @members.post("/users/{name}/disable", summary="停用账号；登录和令牌随之失效")
    def disable(name: Name, request: Request) -> dict[str, Any]:
        accounts.deactivate(name, gate.require(request, "people"))
        return account_out(accounts.get(name))

    @members.post("/users/{name}/enable", summary="重新启用账号")
    def enable(name: Name, request: Request) -> dict[str, Any]:
        accounts.reactivate(name, gate.require(request, "people"))
        return account_out(accounts.get(name))

    @members.get("/tokens", summary="自己的接口令牌；管理人员列出全部")
    def tokens(request: Request) -> dict[str, Any]:
        member = gate.require_member(request)
        return {"tokens": accounts.tokens.listed(None if member.may("people") else member.name)}

    @members.post("/tokens", status_code=201, summary="新建接口令牌；令牌只在这里出现一次")
    def add_token(given: TokenWish, request: Request) -> dict[str, Any]:
        member = gate.require_member(request)
        owner = given.owner or member.name
        if owner != member.name and not member.may("people"):
            raise ForbiddenError("只能给自己新建令牌。", fix="去掉 owner，或请管理员操作。")
        wished = given.role or (member.role if owner == member.name else None)
        if wished is not None and not covers(member.role, wished):  # a token makes no token that is more than itself
            raise ForbiddenError(f"您现在的角色不能新建角色为 {wished} 的令牌。", fix="选一个不超过自己的角色。")
        made = accounts.tokens.add(owner, given.label, member, role=wished, days=given.days)
        return {"id": made.token_id, "token": made.token, "owner": owner, "role": made.role}

    @members.post("/tokens/{token_id}/revoke", summary="作废接口令牌")
    def revoke(token_id: Annotated[int, Path(ge=1, le=2**53)], request: Request) -> dict[str, Any]:
        member = gate.require_member(request)
        if not member.may("people") and accounts.tokens.owner_of(token_id) != member.name:
            raise UnknownPageError("您没有这个令牌。", fix="用 GET /api/staff/tokens 查看自己的令牌。")
        accounts.tokens.revoke(token_id, member)
        return {"id": token_id, "state": "revoked"}

    @members.get("/audit", summary="操作记录，最近的在前")
    def audit(
        request: Request,
        actor: Annotated[str | None, Query(max_length=64, description="谁")] = None,
        action: Annotated[str | None, Query(max_length=48, description="做了什么")] = None,
        object_kind: Annotated[str | None, Query(max_length=32)] = None,
        object_id: Annotated[str | None, Query(max_length=64)] = None,
        since: Annotated[date | None, Query(description="从哪天起")] = None,
        until: Annotated[date | None, Query(description="到哪天为止，含当天")] = None,
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "people")
        wanted = AuditFilter(actor, action, object_kind, object_id, _start(since), _start(until, 1))
        total, lines = services.audit_log.page(wanted, offset=offset, limit=limit)
        return {"total": total, "offset": offset, "lines": lines}

    router.include_router(members)
    return router


def _start(day: date | None, later: int = 0) -> datetime | None:
    return datetime.combine(day + timedelta(days=later), time(), CHINA) if day else None
