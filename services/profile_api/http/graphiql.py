"""GraphiQL, from files of this package: works without the internet, and only outside production."""

from functools import cache
from pathlib import Path
from typing import Final

from profile_api.http.fields import written
from profile_api.http.negotiation import MediaType
from profile_api.http.reply import Reply

ASSETS: Final = Path(__file__).parent / "assets"

# CodeMirror sets styles on elements; everything else comes from this host alone.
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def graphiql_page() -> Reply:
    """The page; its scripts are at /graphql/assets/."""
    return Reply(
        status=200,
        body=(ASSETS / "graphiql.html").read_bytes(),
        media_type=MediaType.HTML,
        fields=written((b"content-security-policy", _POLICY), (b"vary", b"accept"), (b"cache-control", b"no-cache")),
    )
