"""Random secrets of which the store keeps only a hash."""

import hashlib
import secrets

API_TOKEN_PREFIX = "wzt_"  # noqa: S105 - marks a token of this program, for secret scanners


def fresh(prefix: str = "") -> str:
    """A secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is stored of it. Plain SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_token: str) -> str:
    """The token that a page sends along with its session's cookie; nobody without the cookie can compute it."""
    return hashlib.sha256(b"csrf:" + session_token.encode()).hexdigest()
