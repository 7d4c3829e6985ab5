"""Who may call which route and open which page. For routes the table is docs/interfaces.md itself, so that it stays true."""

import re

from settings import PROJECT_ROOT
from staff.roles import PERMISSIONS

PUBLIC = "public"  # for everyone
MEMBER = "member"  # for whoever is logged in

# routes whose row names no permission
UNMARKED: dict[str, str] = {
    "POST /api/chat": PUBLIC,
    "GET /api/conversations/{conversation_id}/messages": PUBLIC,
    "GET /api/conversations/{conversation_id}/events": PUBLIC,
    "GET /api/search": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /api/entries": PUBLIC,  # published ones; the others need knowledge.read, see test_entries
    "GET /api/entries/{entry_id}": PUBLIC,
    "POST /api/entries/batch": "knowledge.edit",  # for handing in; other actions need knowledge.review
    "POST /api/staff/login": PUBLIC,
    "POST /api/staff/logout": MEMBER,
    "GET /api/staff/me": MEMBER,
    "POST /api/staff/me/password": MEMBER,
    "GET /api/staff/tokens": MEMBER,
    "POST /api/staff/tokens": MEMBER,
    "POST /api/staff/tokens/{token_id}/revoke": MEMBER,
    "POST /api/desk/assist/marks": "desk",
}

# bodies and parameters that a schema alone does not tell
BODIES: dict[str, object] = {
    "POST /api/staff/me/password": {"current": "not the password", "password": "some other words"},
    "POST /api/staff/users": {"name": "newcomer", "password": "some other words", "role": "agent"},
    "POST /api/desk/conversations/{conversation_id}/send": {"text": "您好"},
    "PATCH /api/entries/{entry_id}": {"title": "换个标题"},
}
PARAMETERS: dict[str, object] = {"number": "WZ202603020001", "run_id": "20260301-000000", "token_id": 999_999}
FILES = {"POST /api/imports": "file", "POST /api/notices": "file", "POST /api/letters": "file"}
STREAMS = {"GET /api/desk/events"}  # never end: whoever may call them waits

PAGES: dict[str, str] = {
    "/": MEMBER,
    "/desk": "desk",
    "/phone": "desk",
    "/tickets": "tickets",
    "/training": "training",
    "/people": "people",
    "/figures": "figures",
    "/gaps": "gaps",
    "/topics": "gaps",
    "/bank": "gaps",
    "/knowledge": "knowledge.read",
    "/knowledge/new": "knowledge.edit",
    "/knowledge/{entry_id}": "knowledge.read",
    "/reviews": "knowledge.edit",
    "/documents": "knowledge.read",
    "/imports": "knowledge.edit",
    "/imports/{number}": "knowledge.edit",
    "/imports/{number}/document": "knowledge.edit",
    "/audit": "people",
}


def routes() -> dict[str, str]:
    """`METHOD /path` → permission, as docs/interfaces.md has it: `| `GET /a` · `POST /a` | [permission]; … |`."""
    found = dict(UNMARKED)
    for line in (PROJECT_ROOT / "docs" / "interfaces.md").read_text(encoding="utf-8").splitlines():
        cells = re.split(r"(?<!\\)\|", line)
        names = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", cells[1]) if len(cells) > 2 else []
        marked = re.match(r"\s*\[([a-z.]+)\]", cells[2]) if names else None
        for name in names:
            if marked and marked[1] in PERMISSIONS:
                found[name] = marked[1]
    return found
