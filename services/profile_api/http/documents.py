"""Documents known by their hash: automatic persisted queries and the manifest of trusted documents."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from customer.errors import ParcoursError
from profile_api.access.expiring import Expiring
from profile_api.graph.request import AnswerKind, ErrorCode, GraphError
from profile_api.http.parameters import Parameters
from profile_api.http.refusal import MalformedRequestError
from profile_api.http.settings import PersistedQueries

_KEPT_FOR_S: Final = 7 * 86_400.0
_LONGEST_ID: Final = 200


class ManifestError(ParcoursError):
    """The manifest of trusted documents cannot be read."""

    def __init__(self, *, path: Path, problem: str) -> None:
        super().__init__(
            f"the trusted documents in {path} cannot be used: {problem}; expected a JSON object of id to document, "
            "or Apollo's persisted query manifest"
        )


class PersistedQueryNotFoundError(GraphError):
    """The hash is not known; clients then send the document in full. The message's spelling is the protocol."""

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound", code=ErrorCode.PERSISTED_QUERY_NOT_FOUND)


class PersistedQueryNotSupportedError(GraphError):
    """Hashes are not answered here; clients then send all documents in full. The spelling is the protocol."""

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported", code=ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED)


class UntrustedDocumentError(GraphError):
    """Only the documents of the manifest are answered, and this is none of them."""

    def __init__(self) -> None:
        super().__init__(
            "this service answers registered documents only; register the document or send a registered id",
            code=ErrorCode.FORBIDDEN,
            kind=AnswerKind.FORBIDDEN,
        )


class Documents:
    """Finds the text of the document a request means, by the rules of one mode."""

    def __init__(self, mode: PersistedQueries, *, kept: int, trusted: dict[str, str] | None = None) -> None:
        self._mode = mode
        self._any = mode is not PersistedQueries.TRUSTED
        self._automatic: Expiring[str, str] = Expiring(size=kept)
        self._trusted = trusted or {}
        self._trusted_texts = frozenset(self._trusted.values())

    def text_of(self, parameters: Parameters) -> str:
        """The document in full; raises a `GraphError` the client understands when it is not known or not allowed."""
        if self._any and parameters.query is not None and _names_none(parameters):
            return parameters.query
        name = _hash_in(parameters)
        if self._mode is PersistedQueries.TRUSTED:
            return self._trusted_text(parameters.query, name)
        if name is None:
            if parameters.query is None:
                raise MalformedRequestError("the request has no 'query' (a string)")
            return parameters.query
        if self._mode is PersistedQueries.OFF:
            raise PersistedQueryNotSupportedError
        if parameters.query is None:
            known = self._automatic.find(name)
            if known is None:
                raise PersistedQueryNotFoundError
            return known
        if name != hashlib.sha256(parameters.query.encode()).hexdigest():
            raise MalformedRequestError("the hash sent is not the SHA-256 of the document sent")
        return parameters.query

    def remember(self, parameters: Parameters) -> None:
        """Keeps a document sent with its hash; call it once the document has proved valid."""
        if _names_none(parameters):
            return
        if self._mode is PersistedQueries.AUTOMATIC and parameters.query is not None:
            if (name := _hash_in(parameters)) is not None:
                self._automatic.put(name, parameters.query, for_s=_KEPT_FOR_S)

    def _trusted_text(self, query: str | None, name: str | None) -> str:
        if query is not None:
            if query in self._trusted_texts:
                return query
            raise UntrustedDocumentError
        text = self._trusted.get(name) if name is not None else None
        if text is None:
            raise UntrustedDocumentError
        return text


def read_manifest(path: Path) -> dict[str, str]:
    """Id to document, from a plain object (Relay, graphql-codegen) or Apollo's manifest."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ManifestError(path=path, problem=str(error)) from error
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        content = {
            operation["id"]: operation["body"]
            for operation in content["operations"]
            if isinstance(operation, dict) and {"id", "body"} <= operation.keys()
        }
    if not isinstance(content, dict) or not all(isinstance(text, str) for text in content.values()):
        raise ManifestError(path=path, problem="it is not a mapping of ids to documents")
    if not content:
        raise ManifestError(path=path, problem="it holds no document")
    return {str(name).removeprefix("sha256:"): text for name, text in content.items()}


def _names_none(parameters: Parameters) -> bool:
    """Whether the document is sent as it is, as most are."""
    return parameters.extensions is None and parameters.document_id is None


def _hash_in(parameters: Parameters) -> str | None:
    if parameters.document_id is not None:
        return _checked(parameters.document_id.removeprefix("sha256:"))
    persisted: Any = parameters.extensions.get("persistedQuery") if parameters.extensions else None
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise MalformedRequestError("extensions.persistedQuery must be an object with version 1")
    return _checked(persisted.get("sha256Hash"))


def _checked(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID:
        raise MalformedRequestError("extensions.persistedQuery.sha256Hash must be the SHA-256 of the document in hex")
    return name
