# pixace in a container; docs/docker.md says how to run it.
#
#   docker build -t pixace .
#   docker build -t pixace:cuda --target cuda .

FROM python:3.12-slim-bookworm AS base
# The source `emoji` draws with this font. The official image comes without byte code of Python's
# own library, and a user who is not root could never write it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/* \
    && python -m compileall -q -x site-packages /usr/local/lib/python3.12 \
    && useradd --uid 1000 --no-create-home pixace \
    && install -d -m 1777 /data
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/slim.txt /requirements/
RUN pip install -q --no-deps --require-hashes -r /requirements/slim.txt
# Whoever `docker run --user` names has a home to write to, and a name.
ENV HOME=/tmp USER=pixace GLIBC_TUNABLES=glibc.malloc.hugetlb=1
WORKDIR /data
ENTRYPOINT ["pixace"]

# Apart, so that what building takes stays out of the images.
FROM base AS wheel
COPY . /source
RUN pip install -q --no-deps --require-hashes -r /source/requirements/build.txt \
    && pip wheel -q --no-deps --no-build-isolation -w /wheel /source

FROM base AS cuda
COPY requirements/cuda.txt /requirements/
RUN pip install -q --no-deps --require-hashes -r /requirements/cuda.txt
COPY --from=wheel /wheel /wheel
RUN pip install -q --no-deps --no-index /wheel/*.whl
USER 1000

FROM base AS cpu
COPY --from=wheel /wheel /wheel
RUN pip install -q --no-deps --no-index /wheel/*.whl
USER 1000
