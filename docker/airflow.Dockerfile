# Airflow with what MWAA's image for 3.3.1 holds of it. No code of the project: DAGs, plugins and specs are mounted.

FROM python:3.12-slim-bookworm AS packages
# The machine's own way to a package registry, where it has one; in no image that is kept.
ARG PIP_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore UV_LINK_MODE=copy UV_CACHE_DIR=/cache UV_PYTHON_DOWNLOADS=never
COPY docker/build.lock docker/packages /tools/
RUN pip install --quiet --no-cache-dir --require-hashes --requirement /tools/build.lock
COPY docker/airflow.lock /tools/
RUN --mount=type=cache,target=/cache /tools/packages /srv/airflow /tools/airflow.lock

FROM python:3.12-slim-bookworm
# The folders that volumes are mounted on: a new volume takes owner and mode from them.
RUN useradd --uid 50000 --create-home airflow \
 && install --directory --owner airflow --group airflow --mode 0700 \
      /var/lib/perennial/keys /var/lib/perennial/login /var/lib/perennial/database /var/lib/perennial/logs
COPY --from=packages /srv/airflow /srv/airflow
COPY docker/first_start.py docker/heartbeat.py /srv/perennial/
ENV PATH=/srv/airflow/bin:$PATH
WORKDIR /srv/perennial
USER airflow
ENTRYPOINT ["python", "-m", "airflow"]
