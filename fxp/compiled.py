"""``@kernel``: numba compilation at first call, cached on disk under a hash of the sources.

numba's own cache looks at one file's time stamp; a kernel that calls another file's kernel would
go stale. Here the key holds the text of every file whose kernels are called.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

__all__ = ["Kernel", "kernel"]


class Kernel:
    """A private loop over raw integers; compiled when first called (import costs nothing).

    Kernels see the kernels they call through their module's globals, so the definition order and
    the file do not matter. The caller has checked widths, shapes and contiguity.
    """

    def __init__(self, function: FunctionType, *, inline: bool = False) -> None:
        self.function = function
        self.inline = inline
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Run the compiled loop."""
        return self.compiled(*arguments)

    @functools.cached_property
    def callees(self) -> dict[str, Kernel]:
        """The kernels that this one calls, by name."""
        names = self.function.__code__.co_names
        scope = self.function.__globals__
        return {name: scope[name] for name in names if isinstance(scope.get(name), Kernel)}

    def sources(self) -> set[str]:
        """Files whose text decides what this kernel computes."""
        files = {self.function.__code__.co_filename}
        for callee in self.callees.values():
            files |= callee.sources()
        return files

    @functools.cached_property
    def compiled(self) -> Any:
        """The numba dispatcher, with its cache on disk."""
        numba: Any = importlib.import_module("numba")
        base: Any = importlib.import_module("numba.core.caching").FunctionCache

        function = FunctionType(
            self.function.__code__,
            self.function.__globals__
            | {name: callee.compiled for name, callee in self.callees.items()},
            self.function.__name__,
            self.function.__defaults__,
        )
        function.__module__, function.__qualname__ = (
            self.function.__module__,
            self.function.__qualname__,
        )
        dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
        if not self.inline:
            digest = hashlib.sha256()
            for file in sorted(self.sources()):
                digest.update(Path(file).read_bytes())
            stamp = digest.hexdigest()

            class Cache(base):  # type: ignore[misc]
                def _index_key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
                    return (*super()._index_key(signature, codegen), stamp)

            # Without a writable cache directory each process compiles anew.
            with contextlib.suppress(RuntimeError):
                dispatcher._cache = Cache(function)
        return dispatcher


def kernel(function: Callable[..., Any] | None = None, *, inline: bool = False) -> Any:
    """Decorate a numba loop; ``inline=True`` marks a scalar helper that only other kernels call."""
    if function is None:
        return functools.partial(kernel, inline=inline)
    return Kernel(function, inline=inline)  # type: ignore[arg-type]
