# syntax=docker/dockerfile:1
# MLflow's own server with a PostgreSQL driver: experiments, registered models, artifacts.
# Build from the repository's root: docker build -f infra/registry.Dockerfile -t parcours-registry .

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY infra/requirements/registry.lock ./
RUN python -m venv /opt/parcours && /opt/parcours/bin/pip install --require-hashes -r registry.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/parcours parcours
COPY --from=build /opt/parcours /opt/parcours
ENV PATH=/opt/parcours/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
WORKDIR /var/lib/parcours
USER parcours
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=2)"]
ENTRYPOINT ["mlflow"]
CMD ["server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"]
