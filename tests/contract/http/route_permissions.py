"""Who may call which route and open which page: the one table. A route that is not in it fails `test_roles`."""

PUBLIC = "public"  # for everyone
MEMBER = "member"  # for whoever is logged in

ROUTES: dict[str, str] = {
    "POST /api/chat": PUBLIC,
    "GET /api/conversations/{conversation_id}/messages": PUBLIC,
    "GET /api/conversations/{conversation_id}/events": PUBLIC,
    "GET /api/search": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    # entries
    "GET /api/entries": PUBLIC,  # published ones; the others need knowledge.read, see test_entries
    "GET /api/entries/{entry_id}": PUBLIC,
    "POST /api/entries": "knowledge.edit",
    "PATCH /api/entries/{entry_id}": "knowledge.edit",
    "POST /api/entries/{entry_id}/submit": "knowledge.edit",
    "POST /api/entries/{entry_id}/publish": "knowledge.review",
    "POST /api/entries/{entry_id}/withdraw": "knowledge.review",
    "POST /api/entries/{entry_id}/return": "knowledge.review",
    "GET /api/entries/find": "knowledge.read",
    "GET /api/entries/counts": "knowledge.read",
    "GET /api/entries/export": "knowledge.read",
    "GET /api/entries/{entry_id}/audit": "knowledge.read",
    "GET /api/entries/{entry_id}/versions": "knowledge.read",
    "GET /api/entries/{entry_id}/versions/{version}": "knowledge.read",
    "GET /api/entries/{entry_id}/diff": "knowledge.read",
    "POST /api/entries/neighbours": "knowledge.read",
    "POST /api/entries/preview": "knowledge.read",
    "POST /api/entries/batch": "knowledge.edit",
    "POST /api/entries/{entry_id}/restore": "knowledge.edit",
    "POST /api/entries/{entry_id}/schedule": "knowledge.review",
    "POST /api/entries/{entry_id}/unschedule": "knowledge.review",
    "POST /api/entries/{entry_id}/reviewed": "knowledge.edit",
    "GET /api/reviews/overdue": "knowledge.read",
    "GET /api/documents": "knowledge.read",
    "GET /api/documents/{number}": "knowledge.read",
    "POST /api/documents/repeal": "knowledge.review",
    "POST /api/documents/review": "knowledge.edit",
    "GET /api/imports": "knowledge.edit",
    "POST /api/imports": "knowledge.edit",
    "GET /api/imports/template.xlsx": "knowledge.read",
    "GET /api/imports/{number}": "knowledge.edit",
    "GET /api/imports/{number}/rows": "knowledge.edit",
    "POST /api/imports/{number}/commit": "knowledge.edit",
    "POST /api/imports/{number}/cancel": "knowledge.edit",
    "GET /api/imports/{number}/report.xlsx": "knowledge.edit",
    "POST /api/notices": "knowledge.edit",
    "POST /api/notices/drafts": "knowledge.edit",
    # tickets
    "GET /api/tickets": "tickets",
    "GET /api/tickets/{number}": "tickets",
    "POST /api/tickets/{number}/accept": "tickets",
    "POST /api/tickets/{number}/assign": "tickets",
    "POST /api/tickets/{number}/progress": "tickets",
    "POST /api/tickets/{number}/answer": "tickets",
    "POST /api/tickets/{number}/return": "tickets",
    # conversations
    "GET /api/handoffs": "desk",
    "POST /api/handoffs/{conversation_id}/take": "desk",
    "POST /api/handoffs/{conversation_id}/say": "desk",
    "POST /api/handoffs/{conversation_id}/release": "desk",
    "POST /api/handoffs/{conversation_id}/close": "desk",
    "GET /api/outbox": "outbox",
    "POST /api/outbox/{number}/resend": "outbox",
    "POST /api/outbox/{number}/drop": "outbox",
    # training
    "GET /api/training/served": "training",
    "GET /api/training/runs": "training",
    "GET /api/training/runs/{run_id}": "training",
    "GET /api/training/runs/{run_id}/report": "training",
    "POST /api/training/runs/{run_id}/promote": "training",
    "POST /api/training/rollback": "training",
    # staff
    "POST /api/staff/login": PUBLIC,
    "POST /api/staff/logout": MEMBER,
    "GET /api/staff/me": MEMBER,
    "POST /api/staff/me/password": MEMBER,
    "GET /api/staff/tokens": MEMBER,
    "POST /api/staff/tokens": MEMBER,
    "POST /api/staff/tokens/{token_id}/revoke": MEMBER,
    "GET /api/staff/users": "people",
    "POST /api/staff/users": "people",
    "GET /api/staff/users/{name}": "people",
    "POST /api/staff/users/{name}/role": "people",
    "POST /api/staff/users/{name}/profile": "people",
    "POST /api/staff/users/{name}/password": "people",
    "POST /api/staff/users/{name}/disable": "people",
    "POST /api/staff/users/{name}/enable": "people",
    "GET /api/staff/audit": "people",
}

PAGES: dict[str, str] = {
    "/": MEMBER,
    "/people": "people",
    "/audit": "people",
}

# bodies and parameters that a schema alone does not tell
BODIES: dict[str, object] = {
    "POST /api/staff/me/password": {"current": "not the password", "password": "some other words"},
    "POST /api/staff/users": {"name": "newcomer", "password": "some other words", "role": "agent"},
    "PATCH /api/entries/{entry_id}": {"title": "换个标题"},
}
PARAMETERS: dict[str, object] = {"number": "WZ202603020001", "run_id": "20260301-000000"}
FILES = {"POST /api/imports": "file", "POST /api/notices": "file"}
STREAMS: set[str] = set()  # never end: whoever may call them waits
