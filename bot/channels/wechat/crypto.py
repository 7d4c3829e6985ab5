"""Signatures and AES of WeChat's message push ("消息加解密说明" of the Official Accounts documentation)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.channels.wechat.errors import UnreadablePushError, WeChatNotConfiguredError

KEY_FORM = re.compile(r"[A-Za-z0-9]{43}")
BLOCK = 32  # PKCS#7 with blocks of 32 bytes, although AES has blocks of 16
NOISE = 16
LENGTH = struct.Struct(">I")


def signature(*parts: str) -> str:
    """Lower-case hex SHA-1 of the parts, sorted as strings and joined.

    `signature(token, timestamp, nonce)` signs an address, `signature(token, timestamp, nonce, encrypted)` a ciphertext.
    """
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the protocol's own


def is_signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of the parts; takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


class MessageCipher:
    """Opens and closes envelopes with the account's EncodingAESKey.

    Args:
        app_id: of the account; an envelope for another one is refused.
        keys: the current key first, then earlier ones: WeChat may use the old key for a while after a change.

    Raises:
        WeChatNotConfiguredError: a key is not 43 letters or digits.
    """

    def __init__(self, app_id: str, keys: Sequence[str]) -> None:
        self._app_id = app_id.encode()
        self._keys = [_decode_key(key) for key in keys]
        if not self._keys:
            raise WeChatNotConfiguredError("没有配置消息加解密密钥。", fix="设置 WECHAT_AES_KEY 为公众号后台的 EncodingAESKey。")

    def decrypt(self, encrypted: str) -> tuple[str, int]:
        """The message and the number of the key that opened it.

        Raises:
            UnreadablePushError: no key opens it, or it is for another account. Says no more: the sender may be anybody.
        """
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise _unreadable() from exc
        for number, key in enumerate(self._keys):
            text = self._open(data, key)
            if text is not None:
                return text, number
        raise _unreadable()

    def encrypt(self, text: str, key: int = 0) -> str:
        """The message as Base64, with fresh noise, by the key with this number."""
        message = text.encode()
        plain = secrets.token_bytes(NOISE) + LENGTH.pack(len(message)) + message + self._app_id
        padding = BLOCK - len(plain) % BLOCK
        encryptor = _cipher(self._keys[key]).encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def _open(self, data: bytes, key: bytes) -> str | None:
        if not data or len(data) % 16:
            return None
        decryptor = _cipher(key).decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
            return None
        body = plain[NOISE:-padding]
        if len(body) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(body)
        message, app_id = body[LENGTH.size : LENGTH.size + length], body[LENGTH.size + length :]
        if len(message) != length or not hmac.compare_digest(app_id, self._app_id):
            return None
        try:
            return message.decode()
        except UnicodeDecodeError:
            return None


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES(key), CBC(key[:16]))


def _decode_key(key: str) -> bytes:
    if not KEY_FORM.fullmatch(key):
        raise WeChatNotConfiguredError(
            "WECHAT_AES_KEY 的格式不对：应为 43 位字母和数字。",
            fix="从公众号后台“基本配置”复制 EncodingAESKey 到 WECHAT_AES_KEY。",
        )
    return base64.b64decode(key + "=")


def _unreadable() -> UnreadablePushError:
    return UnreadablePushError("密文无法解开。", fix="核对 EncodingAESKey 和 AppID 是否与公众号后台一致。")
