"""Errors of WeChat's API: one class for each thing to do about them."""

import re
from dataclasses import dataclass

from bot.channels.wechat.errors import WeChatError

_SECRET_LIKE = re.compile(r"[A-Za-z0-9_-]{40,}")  # an access_token has more than 100; a request id (rid) has 26
_IP = re.compile(r"invalid ip ([0-9A-Fa-f.:]+)")
_LONGEST_QUOTE = 120  # characters


class WeChatApiError(WeChatError):
    """Root of the family.

    Attributes:
        errcode: WeChat's number; None when WeChat gave none (no connection, no answer, HTTP error).
    """

    def __init__(self, problem: str, *, fix: str, errcode: int | None = None) -> None:
        super().__init__(problem, fix=fix)
        self.errcode = errcode


class WeChatBusyError(WeChatApiError):
    """Nothing was done, and it may work later: -1, HTTP 5xx, no connection. Retry a few times, with growing pauses."""


class WeChatUncertainError(WeChatApiError):
    """The request was written, but no readable answer came: it was done, or it was not."""


class TokenRejectedError(WeChatApiError):
    """40001, 40014 or 42001 again, after one refresh of the token and one resend."""


class AccountConfigurationError(WeChatApiError):
    """App id, secret or IP allow-list is wrong. Only an operator can mend it; retrying is useless."""


class ContentTooLongError(WeChatApiError):
    """45002: split the text."""


class DailyQuotaError(WeChatApiError):
    """45009, 45011: too many calls a day or a minute; pause sending."""


class WindowClosedError(WeChatApiError):
    """45015: the user's last message is more than 48 hours ago, or the user left; drop the message."""


class TooManyMessagesError(WeChatApiError):
    """45047: no more messages until the user acts."""


class UserRefusedError(WeChatApiError):
    """43101, 43004: the user declined the notice or does not follow the account; drop the message."""


class NotGrantedError(WeChatApiError):
    """48001, 48004 …: the account has no right to this call; switch the function off."""


class WeChatRefusedError(WeChatApiError):
    """Any other errcode: this request will never work as it is."""


@dataclass(frozen=True)
class _Meaning:
    kind: type[WeChatApiError]
    problem: str
    fix: str


_CONSOLE = "微信公众平台（设置与开发 → 基本配置）"
_TOKEN = _Meaning(TokenRejectedError, "微信两次拒绝了接口凭证", "确认没有别的程序在用同一个公众号换取 access_token，稍后重试。")
_NOT_FOLLOWING = _Meaning(UserRefusedError, "用户没有关注公众号", "不再向这位用户发送；用户关注后会恢复。")

# WeChat's list of return codes (wording ours); what is not here is a WeChatRefusedError with WeChat's own words
_MEANINGS: dict[int, _Meaning] = {
    -1: _Meaning(WeChatBusyError, "微信服务器繁忙", "稍后重试。"),
    40001: _TOKEN,
    40014: _TOKEN,
    42001: _TOKEN,
    40003: _Meaning(WeChatRefusedError, "收件人的 OpenID 不属于这个公众号", "核对 OpenID；换过公众号的，旧用户需重新发消息。"),
    40013: _Meaning(AccountConfigurationError, "AppID 不正确", f"核对环境变量 WECHAT_APP_ID 与{_CONSOLE}中的 AppID。"),
    40125: _Meaning(
        AccountConfigurationError, "AppSecret 不正确", f"核对环境变量 WECHAT_APP_SECRET；忘记了就在{_CONSOLE}重置 AppSecret 后填入。"
    ),
    40243: _Meaning(AccountConfigurationError, "AppSecret 已被冻结", f"在{_CONSOLE}解除冻结 AppSecret。"),
    41002: _Meaning(AccountConfigurationError, "没有提供 AppID", "设置环境变量 WECHAT_APP_ID。"),
    41004: _Meaning(AccountConfigurationError, "没有提供 AppSecret", "设置环境变量 WECHAT_APP_SECRET。"),
    50002: _Meaning(AccountConfigurationError, "公众号被冻结或注销", "登录微信公众平台查看账号状态，恢复后重试。"),
    40018: _Meaning(WeChatRefusedError, "菜单按钮名称太长", "一级按钮名称不超过 16 字节（5 个汉字）。"),
    40025: _Meaning(WeChatRefusedError, "子菜单按钮名称太长", "子菜单按钮名称不超过 60 字节（20 个汉字）。"),
    40016: _Meaning(WeChatRefusedError, "一级菜单的按钮个数不对", "一级菜单放 1 至 3 个按钮。"),
    40023: _Meaning(WeChatRefusedError, "子菜单的按钮个数不对", "每个子菜单放 1 至 5 个按钮。"),
    40033: _Meaning(WeChatRefusedError, "请求内容含有微信不接受的字符", "去掉 \\uXXXX 形式的转义后重试。"),
    40037: _Meaning(WeChatRefusedError, "模板编号不正确", "在微信公众平台的模板库核对模板编号。"),
    40055: _Meaning(WeChatRefusedError, "菜单链接的域名不被微信接受", "使用以 https:// 开头、已备案的域名。"),
    43004: _NOT_FOLLOWING,
    43019: _Meaning(UserRefusedError, "用户已把公众号加入黑名单或被公众号拉黑", "不再向这位用户发送。"),
    43101: _Meaning(UserRefusedError, "用户没有同意接收这条通知，或同意的次数已用完", "请用户再次点击订阅后发送。"),
    45002: _Meaning(ContentTooLongError, "消息内容超过 2048 字节", "分成几条发送。"),
    45009: _Meaning(
        DailyQuotaError, "今天的接口调用次数已用完", "等到次日零点恢复，或在微信公众平台的接口权限页申请清零。"
    ),
    45011: _Meaning(DailyQuotaError, "接口调用太频繁", "过一分钟再试。"),
    45015: _Meaning(WindowClosedError, "已超过可以主动回复的时间，或用户已取消关注", "等用户再次发来消息后再回复。"),
    45029: _Meaning(WeChatRefusedError, "永久二维码已达到 10 万个的上限", "改用条目页面的二维码（/e/条目编号/qr.png）。"),
    45047: _Meaning(TooManyMessagesError, "连续发送的客服消息超过上限", "等用户再次发来消息后再发送。"),
    46003: _Meaning(WeChatRefusedError, "公众号还没有自定义菜单", "运行 `wenzheng wechat menu push` 上传菜单。"),
    47003: _Meaning(WeChatRefusedError, "模板内容的格式不合要求", "核对模板各字段的类型和长度限制。"),
    48001: _Meaning(
        NotGrantedError, "公众号没有这项接口权限", "完成微信认证（个人主体和未认证的公众号没有此权限），见 docs/wechat.md。"
    ),
    48002: _Meaning(UserRefusedError, "用户关闭了接收消息", "不再向这位用户主动发送。"),
    48004: _Meaning(NotGrantedError, "公众号的这项接口被微信封禁", "登录微信公众平台，在通知中心查看原因并申请恢复。"),
    50005: _NOT_FOLLOWING,
    65400: _Meaning(NotGrantedError, "公众号没有开通新版客服功能", "在微信公众平台的“客服功能”中开通；不影响自动回复。"),
}  # fmt: skip


def error_for(errcode: int, errmsg: str, call: str) -> WeChatApiError:
    """The error for an errcode.

    Args:
        call: what was asked of WeChat, as people say it, e.g. 「发送客服消息」.
        errmsg: WeChat's own words, quoted only where we have none of our own.
    """
    meaning = _MEANINGS.get(errcode)
    if errcode in {40164, 61004}:
        return _ip_not_listed(errcode, errmsg, call)
    if meaning is None:
        problem = f"{call}失败：微信返回错误 {errcode}（{_quote(errmsg)}）。"
        return WeChatRefusedError(problem, fix="按错误码查微信公众平台的《全局返回码》说明。", errcode=errcode)
    return meaning.kind(f"{call}失败：{meaning.problem}（错误码 {errcode}）。", fix=meaning.fix, errcode=errcode)


def token_call_error(errcode: int, errmsg: str, call: str) -> WeChatApiError:
    """The error for an errcode of the call that fetches a token: there, 40001 means a wrong secret."""
    return error_for(40125 if errcode == 40001 else errcode, errmsg, call)


def busy(call: str, reason: str) -> WeChatBusyError:
    """Nothing was done: no connection, or HTTP 5xx."""
    return WeChatBusyError(f"{call}失败：{reason}。", fix="稍后重试；一直如此请检查服务器到 api.weixin.qq.com 的网络。")


def uncertain(call: str, reason: str) -> WeChatUncertainError:
    """It may have been done."""
    return WeChatUncertainError(
        f"{call}没有得到明确的结果：{reason}，可能已经成功，也可能没有。", fix="检查服务器到 api.weixin.qq.com 的网络。"
    )


def _ip_not_listed(errcode: int, errmsg: str, call: str) -> AccountConfigurationError:
    named = _IP.search(errmsg)
    address = named.group(1) if named else "（微信没有说明，即本服务器的出口 IP）"
    return AccountConfigurationError(
        f"{call}失败：服务器的 IP {address} 不在公众号的 IP 白名单中（错误码 {errcode}）。",
        fix=f"在{_CONSOLE}的“IP白名单”中加入该 IP，约 5 分钟后生效。",
        errcode=errcode,
    )


def _quote(errmsg: str) -> str:
    """WeChat's words without line breaks and without anything that could be a token."""
    words = " ".join(errmsg.split())[:_LONGEST_QUOTE]
    return _SECRET_LIKE.sub("…", words) or "没有说明"
