"""Passwords: what is acceptable, and their argon2id hashes."""

import secrets
import string
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from staff.errors import MemberRuleError

SHORTEST, LONGEST = 10, 200
_ALPHABET = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))  # read out over a phone
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's argon2id parameters
_at_once = threading.Semaphore(2)  # so that many logins at once cost time, not the memory of the machine
# the hash of no password, verified for unknown names so that they take as long as known ones
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$hbIxJmbFiHRk7LuOZOWCPA$u3r6vEzinR8dz4z0K2bMhOQ9w0OFvNkz0USiHNzkEug"


def check(password: str, name: str) -> None:
    """Raises MemberRuleError: the password is too short, too long, or the login name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise MemberRuleError(f"密码要有 {SHORTEST} 到 {LONGEST} 个字符。", fix="换一个更长的密码，例如几个不相干的词连在一起。")
    if name in password.casefold() and len(password) - len(name) < SHORTEST // 2:
        raise MemberRuleError("密码不能是登录名。", fix="换一个与登录名无关的密码。")
    if len(set(password)) < SHORTEST // 2:
        raise MemberRuleError("密码太单一，几乎全是相同的字符。", fix="换一个由不同字符组成的密码。")


def generate() -> str:
    """A password that passes `check`, easy to read out."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))


def hash_of(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def fits(password: str, hashed: str) -> bool:
    """Whether the password is the one that was hashed; takes the same time either way."""
    with _at_once:
        try:
            return _hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
