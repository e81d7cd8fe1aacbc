# syntax=docker/dockerfile:1
# Training: snapshot, features, models, evaluation, promotion. Runs once and ends.
# Build from the repository's root: docker build -f infra/training.Dockerfile -t parcours-training .

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY infra/requirements/build.lock infra/requirements/training.lock ./
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes -r build.lock
RUN python -m venv /opt/parcours && /opt/parcours/bin/pip install --require-hashes -r training.lock
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
ENTRYPOINT ["parcours"]
CMD ["train"]
