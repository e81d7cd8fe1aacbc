"""The profile API as an ASGI application: its parts, its routes, its lifespan."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from profile_api.access.allowance import Allowance, Quota
from profile_api.access.api_keys import refuse_demo_keys
from profile_api.access.authentication import Authenticator, Memory
from profile_api.access.identity_tokens import ClaimNames, IdentityTokens
from profile_api.access.sharing import SharedUse
from profile_api.access.signing_keys import SigningKeys
from profile_api.graph.request import GraphExecutor
from profile_api.http.cross_origin import CrossOrigin, CrossOriginMiddleware
from profile_api.http.documents import Documents, read_manifest
from profile_api.http.door import Door
from profile_api.http.event_stream import EventStream
from profile_api.http.front import Front
from profile_api.http.graphiql import ASSETS
from profile_api.http.graphql_endpoint import GraphQLEndpoint
from profile_api.http.health import livez, readyz
from profile_api.http.metrics import metrics
from profile_api.http.observed import Observed
from profile_api.http.operations import Clock, Operations
from profile_api.http.settings import EdgeSettings
from profile_api.http.sockets import OpenSockets
from profile_api.http.websocket_endpoint import WebSocketEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What the routes are made of."""

    settings: EdgeSettings
    connections: asyncpg.Pool
    operations: Operations
    door: Door
    sockets: OpenSockets


def build_app(
    *,
    settings: EdgeSettings,
    executor: GraphExecutor,
    connections: asyncpg.Pool,
    clock: Clock = lambda: datetime.now(UTC),
) -> ASGIApp:
    """The application. `connections` is a pool not opened yet; it and `executor` live as long as the application."""
    http = httpx.AsyncClient(timeout=3.0)
    edge = _edge(settings, executor, connections, http, clock)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(http)
            await stack.enter_async_context(connections)
            if settings.production:
                async with connections.acquire(timeout=10) as connection:
                    await refuse_demo_keys(connection)
            await executor.start()
            stack.push_async_callback(executor.close)
            app.state.connections = connections
            for minder in (front.watch(), shared_use.keep_telling(), edge.door.turned_away.keep_telling()):
                stack.callback(asyncio.create_task(minder).cancel)
            yield {"front": front}  # the state uvicorn gives each connection

    stream = EventStream(operations=edge.operations, sockets=edge.sockets, settings=edge.settings)
    graphql = GraphQLEndpoint(operations=edge.operations, door=edge.door, event_stream=stream, settings=edge.settings)
    cross_origin = CrossOrigin(settings.cors_origins)
    front = Front(graphql, settings, cross_origin)
    shared_use = SharedUse(connections, edge.operations.allowances)
    routes = _routes(edge, graphql)
    middleware = [Middleware(CrossOriginMiddleware, policy=cross_origin)] if cross_origin.origins else []
    rest = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    return Observed(rest, routes=paths)


def _routes(edge: Edge, graphql: GraphQLEndpoint) -> list[BaseRoute]:
    websocket = WebSocketEndpoint(
        operations=edge.operations, door=edge.door, sockets=edge.sockets, settings=edge.settings
    )
    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", websocket),
        Route("/graphql/stream", graphql),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
    if not edge.settings.production:
        routes.append(Mount("/graphql/assets", StaticFiles(directory=ASSETS)))
    return routes


def _edge(
    settings: EdgeSettings, executor: GraphExecutor, connections: asyncpg.Pool, http: httpx.AsyncClient, clock: Clock
) -> Edge:
    authenticator = Authenticator(
        connections,
        identity_tokens=_identity_tokens(settings, http),
        memory=Memory(known_s=settings.caller_cached_s),
    )
    failed = Quota(name="failed-logins", per_minute=settings.failed_logins_per_minute)
    trusted = read_manifest(settings.trusted_documents) if settings.trusted_documents else None
    operations = Operations(
        executor=executor,
        documents=Documents(settings.persisted_queries, kept=settings.persisted_queries_kept, trusted=trusted),
        requests=Allowance(Quota(name="requests", per_minute=settings.requests_per_minute)),
        cost=Allowance(Quota(name="cost", per_minute=settings.cost_per_minute)),
        deadline_s=settings.deadline_s,
        clock=clock,
    )
    return Edge(
        settings=settings,
        connections=connections,
        operations=operations,
        door=Door(authenticator, failed_logins=Allowance(failed), clock=clock),
        sockets=OpenSockets(settings.most_sockets),
    )


def _identity_tokens(settings: EdgeSettings, http: httpx.AsyncClient) -> IdentityTokens | None:
    if settings.oidc_issuer is None:
        return None
    return IdentityTokens(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        keys=SigningKeys(issuer=settings.oidc_issuer, jwks_url=settings.oidc_jwks_url, client=http),
        claims=ClaimNames(
            tenant=settings.oidc_tenant_claim,
            roles=settings.oidc_roles_claim,
            role_of_claim=settings.oidc_role_names,
        ),
    )
