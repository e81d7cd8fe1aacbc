"""What an operator may set on the API's edge; read from the environment once, when the process starts."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from customer.errors import SettingsError

SERVICE_ROLE: Final = "parcours_service"  # as the migrations create it


class Environment(StrEnum):
    """Where the process runs; production turns off whatever helps a stranger."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class PersistedQueries(StrEnum):
    """Which documents are answered."""

    OFF = "off"  # any document, sent in full
    AUTOMATIC = "automatic"  # any document; by hash once it was sent in full
    TRUSTED = "trusted"  # only the documents of the manifest


class EdgeSettings(BaseSettings):
    """Settings of the GraphQL edge. Every variable is `PARCOURS_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="PARCOURS_", frozen=True, extra="ignore")

    environment: Environment = Field(Environment.DEVELOPMENT, description="development or production")

    database_connections: int = Field(4, ge=1, le=100, description="connections per process for GraphQL operations")

    database_role: str | None = Field(
        None,
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="database role that reads take on, row-level security included; in production parcours_service",
    )

    largest_body: int = Field(1_000_000, ge=1_000, description="bytes of a request body, decompressed")
    body_within_s: float = Field(10.0, gt=0, description="seconds a request may take to arrive")
    deadline_s: float = Field(10.0, gt=0, description="seconds an operation may take")
    deepest_variables: int = Field(32, ge=4, description="levels of nesting in variables")
    largest_batch: int = Field(10, ge=0, le=100, description="operations in one array request; 0 refuses arrays")
    draft_status_codes: bool = Field(
        False,
        description="statuses of the current GraphQL over HTTP draft: 294 for partial data, 422 for invalid requests",
    )

    persisted_queries: PersistedQueries = Field(PersistedQueries.AUTOMATIC, description="off, automatic or trusted")
    trusted_documents: Path | None = Field(None, description="the manifest file for persisted_queries=trusted")
    persisted_queries_kept: int = Field(5_000, ge=1, description="documents known by hash, per process")

    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), description="origins of browsers, comma-separated")

    oidc_issuer: str | None = Field(None, description="issuer of bearer tokens (OpenID Connect); unset: API keys only")
    oidc_audience: str = Field("parcours", description="audience the tokens must be for")
    oidc_jwks_url: str | None = Field(None, description="where the signing keys are; unset: discovered from the issuer")
    oidc_tenant_claim: str = Field("tenant", description="claim that names the tenant; dots go into nested claims")
    oidc_roles_claim: str = Field("roles", description="claim that names the roles")
    oidc_role_names: dict[str, str] = Field(
        {}, description='JSON object: their role name to ours, {"cc-agent": "agent"}'
    )

    caller_cached_s: float = Field(
        30.0, ge=0, le=600, description="seconds a caller is known; a revoked key still works for this long"
    )

    requests_per_minute: int = Field(60_000, ge=1, description="requests per caller, in all processes together")
    cost_per_minute: int = Field(
        30_000_000, ge=1, description="rows that operations may return, per caller, in all processes together"
    )
    failed_logins_per_minute: int = Field(120, ge=1, description="unknown tokens per client address and process")

    audit_kept_days: int = Field(
        400, ge=30, le=3_650, description="days that reads of personal data stay in the trail (`parcours audit`)"
    )

    most_subscriptions: int = Field(100, ge=1, description="subscriptions of one WebSocket")
    most_sockets: int = Field(2_000, ge=1, description="open WebSockets and event streams per process")
    init_within_s: float = Field(5.0, gt=0, description="seconds until connection_init must have come")
    send_within_s: float = Field(20.0, gt=0, description="seconds a slow reader may keep an answer or an event waiting")
    recheck_caller_s: float = Field(60.0, gt=0, description="seconds between checks that a subscriber may still listen")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _no_wildcard(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not origin.startswith(("https://", "http://")) or origin.count("/") != 2:
                raise ValueError(f"{origin!r} is not an origin such as https://shop.example (no path, no *)")
        return value

    @model_validator(mode="after")
    def _manifest_for_trusted(self) -> "EdgeSettings":
        if self.persisted_queries is PersistedQueries.TRUSTED and self.trusted_documents is None:
            raise ValueError(
                "PARCOURS_PERSISTED_QUERIES is trusted, so PARCOURS_TRUSTED_DOCUMENTS must name a manifest"
            )
        return self

    @property
    def reading_role(self) -> str | None:
        """The role reads run as: the second lock is on in production, whatever was forgotten."""
        return self.database_role or (SERVICE_ROLE if self.production else None)

    @property
    def production(self) -> bool:
        """Whether introspection, GraphiQL and hints are off."""
        return self.environment is Environment.PRODUCTION

    @classmethod
    def from_environment(cls) -> "EdgeSettings":
        """Reads the environment; raises one `SettingsError` that names everything that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError(error.errors(), prefix="PARCOURS_") from None
