"""Keeps Pillow's warnings about odd files from the user, in any number of threads."""

import threading
import warnings


class _Silence:
    """Keeps Pillow's warnings about odd files from the user, while any thread is in here.

    `warnings.catch_warnings` alone would lose filters when threads leave in another order than
    they came; so the first one in sets the filter and the last one out takes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._kept = warnings.catch_warnings()
                self._kept.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._kept.__exit__(None, None, None)


silence = _Silence()
