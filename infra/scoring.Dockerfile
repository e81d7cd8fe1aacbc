# syntax=docker/dockerfile:1
# The scoring service: models in memory, predictions out. Stateless but for a cache of downloaded models.
# Build from the repository's root: docker build -f infra/scoring.Dockerfile -t parcours-scoring .

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY infra/requirements/build.lock infra/requirements/scoring.lock ./
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes -r build.lock
RUN python -m venv /opt/parcours && /opt/parcours/bin/pip install --require-hashes -r scoring.lock
COPY pyproject.toml README.md LICENSE ./
COPY customer customer
COPY machine machine
COPY parcours parcours
COPY services services
COPY training training
COPY demo demo
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/parcours/bin/pip install --no-deps dist/*.whl

FROM python:3.11-slim
# LightGBM is compiled with OpenMP, whose runtime the slim image leaves out.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/parcours parcours
COPY --from=build /opt/parcours /opt/parcours
ENV PATH=/opt/parcours/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PARCOURS_HOME=/var/lib/parcours
WORKDIR /var/lib/parcours
USER parcours
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/v2/health/ready', timeout=2)"]
ENTRYPOINT ["parcours"]
CMD ["serve", "scoring", "--host", "0.0.0.0", "--port", "8001"]
