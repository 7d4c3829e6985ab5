"""Root of the exception families. Every package has one family, rooted in a subclass of `WenzhengError`."""


class WenzhengError(Exception):
    """Something a person can understand and mend.

    Args:
        problem: what is wrong and where (file, row, field), one plain Chinese sentence.
        fix: what to do about it, one plain Chinese sentence.
    """

    def __init__(self, problem: str, *, fix: str) -> None:
        super().__init__(f"{problem} 处理办法：{fix}")
        self.problem = problem
        self.fix = fix


class SettingsError(WenzhengError):
    """A setting (environment variable) is missing, malformed or contradicts another one."""
