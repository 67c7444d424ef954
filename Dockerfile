# Copydesk in a container: `docker build -t copydesk .`, or `docker compose up` for the whole of compose.yaml.
# `docker run --init`: the children that runs leave have to be waited for, which Python as the first process does not.
FROM python:3.13.7-slim-trixie AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-build.lock pyproject.toml README.md LICENSE ./
# Each lock pins its packages with their hashes, at the versions that were tested; the tools of the tests are in neither.
RUN python -m venv tools && tools/bin/pip install --require-hashes --no-deps --requirement requirements-build.lock
RUN python -m venv /app && /app/bin/pip install --require-hashes --no-deps --requirement requirements.lock
COPY config config
COPY warehouse warehouse
COPY tasks tasks
COPY flows flows
COPY copydesk copydesk
COPY hatch_build.py .
RUN tools/bin/pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && /app/bin/pip install --no-index --no-deps dist/*.whl

FROM python:3.13.7-slim-trixie
RUN useradd --create-home --uid 10001 copydesk \
    && install --directory --owner=copydesk /data /config /articles
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COPYDESK_DATA=/data \
    COPYDESK_CONFIG=/config
USER 10001
WORKDIR /home/copydesk
VOLUME /data
ENTRYPOINT ["copydesk"]
CMD ["status"]
