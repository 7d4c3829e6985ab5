"""`GET /api/search`: published, valid entries for a query."""

from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Query

from bot.services import Services
from conversations.clock import CHINA, now
from conversations.message_text import clean

LONGEST_QUERY = 500
MOST_RESULTS = 50


def search_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["检索"])

    @router.get("/api/search", summary="检索已发布且有效的条目")
    def search(
        q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="问题")],
        k: Annotated[int, Query(ge=1, le=MOST_RESULTS, description="最多返回几条")] = 5,
    ) -> dict[str, Any]:
        started = perf_counter()
        query = clean(q)
        found = services.answerer.search(query, k, now().astimezone(CHINA).date()) if query else None
        services.metrics.search_done(perf_counter() - started)
        return {
            "query": q,
            "revision": found.revision if found else services.index.revision,
            "results": [
                {
                    "entry_id": row.entry_id,
                    "external_id": row.external_id,
                    "version": row.version,
                    "title": row.title,
                    "score": row.score,
                    "probability": row.probability,
                    "kind": row.kind,
                    "snippet": row.snippet,
                }
                for row in (found.results if found else [])
            ],
        }

    return router
