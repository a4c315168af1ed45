# The jobs: train, score, serve and all others; torch inside. From the repository's root:
#   docker build -f docker/jobs.Dockerfile -t ringsight-jobs:0.1.0 .
FROM python:3.11.14-slim-bookworm AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY conf conf
COPY src src
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.11.14-slim-bookworm
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    --mount=type=bind,source=requirements.lock,target=/requirements.lock \
    pip install --no-cache-dir --constraint /requirements.lock "$(echo /wheel/*.whl)[review,postgres]"
RUN useradd --uid 65532 --no-create-home --shell /usr/sbin/nologin ringsight
# The root is read-only in Kubernetes; what libraries keep for themselves goes to /tmp.
ENV HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1
WORKDIR /tmp
USER 65532:65532
# A job tells by its exit code how it went.
HEALTHCHECK NONE
ENTRYPOINT ["ringsight"]
CMD ["--help"]
