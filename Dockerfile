# Copydesk in a container: `docker build -t copydesk .`, or `docker compose up` for the whole of compose.yaml.
# `docker run --init`: the children that runs leave have to be waited for, which Python as the first process does not.
FROM python:3.13-slim AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app/.venv
COPY requirements.lock pyproject.toml README.md LICENSE ./
# The lock pins every package with its hash, those of the tests too; what is installed is what was tested.
RUN .venv/bin/pip install --require-hashes --no-deps --requirement requirements.lock
COPY config config
COPY warehouse warehouse
COPY tasks tasks
COPY flows flows
RUN .venv/bin/pip install --no-build-isolation --no-deps --editable .

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 copydesk \
    && install --directory --owner=copydesk /data /config
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COPYDESK_DATA=/data \
    COPYDESK_CONFIG=/config
USER 10001
WORKDIR /home/copydesk
VOLUME /data
ENTRYPOINT ["copydesk"]
CMD ["status"]
