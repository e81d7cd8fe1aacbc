"""Is the process alive, may it get traffic, and what does it tell of itself: `/v2/health/*`, `/v2`, `/metrics`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scoring.errors import NoModelsLoadedError
from scoring.http.state import state_of


async def live(request: Request) -> Response:
    """200 while the process answers at all."""
    return JSONResponse({"live": True})


async def ready(request: Request) -> Response:
    """200 once models are loaded; a newer version that was refused is told but does not stop traffic."""
    models = state_of(request).models
    try:
        loaded = models.current()
    except NoModelsLoadedError as error:
        return JSONResponse({"ready": False, "error": str(error)}, status_code=503)
    answer = {"ready": True, "model_set": loaded.version.key, "feature_set": loaded.models.feature_set}
    return JSONResponse(answer if models.problem is None else {**answer, "warning": models.problem})


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(state_of(request).metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
