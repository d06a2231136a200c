"""What all tests share: the processor, a cache of their own, and no hidden state of gin.

A test that takes more than about 5 seconds is marked `slow`; `bin/check --fast` leaves it out.
"""

import os
import sys

import pytest
from hypothesis import settings

# Before anything imports JAX. Two test processes on one GPU would fight for its memory.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A busy machine is no failure; the example that failed is printed so that it can be run again.
settings.register_profile("pixace", deadline=None, print_blob=True)
settings.load_profile("pixace")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Keeps what pixace caches out of the user's folders, one cache for each test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIXACE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def unbound():
    """Leaves nothing bound by gin for the next test."""
    yield
    if "gin" in sys.modules:
        sys.modules["gin"].clear_config()
