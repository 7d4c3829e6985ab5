"""The WeChat channel's family of errors."""

from errors import WenzhengError


class WeChatError(WenzhengError):
    """Root of everything that can go wrong between WeChat and us."""


class SignatureError(WeChatError):
    """A request that was not signed with our token."""


class UnreadablePushError(WeChatError):
    """A body that is not a message of WeChat: broken XML, entities or a DTD, ciphertext that does not open."""


class WeChatNotConfiguredError(WeChatError):
    """The account's token or key is missing."""


class NoAccountError(WeChatNotConfiguredError):
    """Something was asked for that only an instance with a public account has."""
