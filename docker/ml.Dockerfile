# `ml` is the image that goes to ECR: it runs every job, here and on SageMaker. `localaws` is the same image with localaws
# beside it. The layers of the one are the first layers of the other, and jobs are started with its interpreter.

FROM python:3.12-slim-bookworm AS tools
# The machine's own way to a package registry, where it has one; in no image that is kept.
ARG PIP_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore UV_LINK_MODE=copy UV_CACHE_DIR=/cache UV_PYTHON_DOWNLOADS=never
COPY docker/build.lock docker/packages /tools/
RUN pip install --quiet --no-cache-dir --require-hashes --requirement /tools/build.lock

FROM tools AS ml-packages
COPY docker/ml.lock /tools/
RUN --mount=type=cache,target=/cache /tools/packages /srv/jobs /tools/ml.lock

FROM tools AS localaws-packages
COPY docker/localaws.lock /tools/
RUN --mount=type=cache,target=/cache /tools/packages /srv/localaws/packages /tools/localaws.lock

FROM python:3.12-slim-bookworm AS ml
COPY --from=ml-packages /srv/jobs /srv/jobs
COPY docker/train /usr/local/bin/train
COPY include /srv/perennial/include
# SageMaker sets neither: a job names a module, and `python` has to be this one.
ENV PATH=/srv/jobs/bin:$PATH \
    PYTHONPATH=/srv/perennial PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/perennial
# No USER: SageMaker gives /opt/ml to root, on a machine that serves this one job. Compose runs it as an ordinary user.
# No ENTRYPOINT: SageMaker says `train`, and requests of ours name `python -m include.ml.jobs…`.

FROM ml AS localaws
RUN useradd --uid 50001 --no-create-home --home-dir /nonexistent localaws \
 && install --directory --owner localaws --group localaws --mode 0700 /var/lib/localaws
COPY --from=localaws-packages /srv/localaws/packages /srv/localaws/packages
COPY docker/images.json /srv/localaws/
COPY localaws /srv/localaws/localaws
WORKDIR /srv/localaws
USER localaws
ENTRYPOINT ["/srv/localaws/packages/bin/python", "-m", "localaws"]
