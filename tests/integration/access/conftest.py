"""Fixtures of the edge, for tests about who may come in."""

from tests.integration.http.conftest import edge_database, edge_tokens, live

__all__ = ["edge_database", "edge_tokens", "live"]
