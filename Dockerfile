# `loopwatch serve` as an image: no root, nothing written outside /data.
#
#   docker build --tag loopwatch .
#   docker run --read-only --volume loopwatch:/data --publish 127.0.0.1:4317-4318:4317-4318 \
#     --env LOOPWATCH_ACCESS__ALLOW_UNAUTHENTICATED=true loopwatch
#
# It listens for other containers, so it starts only with tokens, or when told that something else keeps strangers out
# (docs/security.md). Built and run with buildah on Debian's Python 3.11, but not on the base named here: docs/stack.md.
ARG PYTHON=docker.io/library/python:3.13-slim

FROM ${PYTHON} AS build
COPY pyproject.toml constraints.txt hatch_build.py README.md LICENSE /source/
COPY native /source/native
COPY semconv/loopwatch /source/semconv/loopwatch
COPY processor /source/processor
COPY alert_rules /source/alert_rules
COPY dashboards /source/dashboards
WORKDIR /source
# --build-arg LOOPWATCH_COMPILE=1 for the compiled form of the hot path (docs/performance.md).
ARG LOOPWATCH_COMPILE=0
RUN test "$LOOPWATCH_COMPILE" != 1 || { apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; }
# Read-only later on, so compiled to bytecode now.
RUN python3 -m venv /opt/loopwatch \
  && /opt/loopwatch/bin/pip install --no-cache-dir --constraint constraints.txt '.[processor,postgres,apprise]' \
  && /opt/loopwatch/bin/python -m compileall -q /opt/loopwatch/lib

FROM ${PYTHON}
COPY --from=build /opt/loopwatch /opt/loopwatch
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/opt/loopwatch/bin:$PATH \
  PYTHONDONTWRITEBYTECODE=1 \
  LOOPWATCH_RECEIVE__HOST=0.0.0.0 \
  LOOPWATCH_JOURNAL__URL=sqlite:////data/journal.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 4317 4318
# Without TLS; with http_tls give a check of your own that knows the certificate.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4318/readyz', timeout=2)"]
ENTRYPOINT ["loopwatch"]
CMD ["serve"]
