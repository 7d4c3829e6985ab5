"""The staff family of errors."""

from errors import WenzhengError


class StaffError(WenzhengError):
    """Root of everything that can go wrong with staff accounts."""


class LoginRefusedError(StaffError):
    """Name or password is wrong; which of them is not told."""


class LoginLockedError(StaffError):
    """Too many wrong passwords for this name."""

    def __init__(self, retry_after_s: int) -> None:
        minutes = -(-retry_after_s // 60)
        super().__init__("密码连续输错，已暂时不能登录。", fix=f"请在 {minutes} 分钟后再试；忘记密码请联系管理员重置。")
        self.retry_after_s = retry_after_s


class UnknownMemberError(StaffError):
    """Nobody has this login name."""


class MemberExistsError(StaffError):
    """The login name is taken."""


class MemberRuleError(StaffError):
    """A login name, role or password is not acceptable."""


class OwnAccountError(StaffError):
    """Nobody takes their own role or account away."""


class UnknownTokenError(StaffError):
    """No API token has this number."""
