"""What a check needs of the machine: vendor headers, g++, and their identity for the record."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import CouldNotRunError

__all__ = ["Compiler", "Headers", "find_compiler", "find_headers", "sha256_of_files"]

_REQUIRED = ("ap_fixed.h", "ap_int.h")
_PATTERNS = ("ap_*.h", "hls_stream*.h", "hls_streamofblocks.h", "etc/ap_*.h", "etc/hls_*.h")
_VENDOR_PROGRAMS = ("vitis-run", "vitis_hls", "vivado_hls")


@dataclass(frozen=True)
class Headers:
    """A folder of AMD's ``ap_fixed`` headers, where it was found, and a hash over its files."""

    path: Path
    source: str
    sha256: str
    files: int


@dataclass(frozen=True)
class Compiler:
    """g++ and the first line of its ``--version``."""

    path: Path
    version: str


def find_headers(explicit: str | os.PathLike[str] | None = None) -> Headers:
    """AMD's headers: ``explicit``, else $XILINX_HLS, else Vitis on PATH, else hls4ml's wheel.

    The wheel ``hls4ml==1.3.0`` carries AMD's Apache-2.0 headers; it is located, never imported.
    Raises ValueError where ``explicit`` holds none, CouldNotRunError where none is found anywhere.
    """
    if explicit is not None:
        path = Path(explicit)
        if not _holds_headers(path):
            raise ValueError(
                f"headers must be a folder with {' and '.join(_REQUIRED)}, not {str(path)!r}"
            )
        return _headers(path, "given")
    for path, source in _candidates():
        if _holds_headers(path):
            return _headers(path, source)
    raise CouldNotRunError(
        "AMD's ap_fixed headers were not found ($XILINX_HLS, Vitis on PATH, the hls4ml wheel):"
        " pip install 'bitwright[cosim]', or name their folder with --headers"
    )


def _candidates() -> Iterator[tuple[Path, str]]:
    root = os.environ.get("XILINX_HLS")
    if root:
        yield Path(root) / "include", "$XILINX_HLS"
    for program in _VENDOR_PROGRAMS:
        found = shutil.which(program)
        if found:
            yield Path(found).resolve().parent.parent / "include", f"{program} on PATH"
    spec = importlib.util.find_spec("hls4ml")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / "templates" / "vivado" / "ap_types", "hls4ml wheel"


def _holds_headers(path: Path) -> bool:
    return all((path / name).is_file() for name in _REQUIRED)


def _headers(path: Path, source: str) -> Headers:
    path = path.resolve()
    files = {file for pattern in _PATTERNS for file in path.glob(pattern) if file.is_file()}
    return Headers(path, source, sha256_of_files(files, path), len(files))


def sha256_of_files(files: Iterable[Path], root: Path) -> str:
    """Hash over relative names and contents, in the order of the names."""
    total = hashlib.sha256()
    for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
        total.update(f"{name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def find_compiler(name: str | os.PathLike[str] = "g++") -> Compiler:
    """The compiler ``name``, on PATH or as a path; CouldNotRunError where there is none."""
    found = shutil.which(os.fspath(name))
    if found is None:
        raise CouldNotRunError(
            f"{os.fspath(name)} was not found: install it (Debian: apt-get install g++),"
            " or name a compiler with --compiler"
        )
    try:
        answer = subprocess.run(
            [found, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CouldNotRunError(
            f"{found} --version must work: {error}; name another compiler with --compiler"
        ) from None
    return Compiler(Path(found), (answer.stdout.splitlines() or ["unknown version"])[0])
