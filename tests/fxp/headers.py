"""The vendors' headers as an oracle: C++ in, raw integers out.

A program is compiled once per text, header version and compiler, and kept with its answers in the
system's temporary directory, so a run that was stopped continues where it was. At most two
compilers run at a time, or as many as the environment variable BITWRIGHT_COMPILERS says.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

FOLDERS = {
    "ap": ("vivado/ap_types",),
    "ac": ("catapult/ac_types/include", "quartus/ac_types"),
}
JOBS = int(os.environ.get("BITWRIGHT_COMPILERS", "2"))
FAST = (
    "-O0",
    "-fno-exceptions",
    "-fno-asynchronous-unwind-tables",
    "--param",
    "ggc-min-heapsize=2000000",
)


def _templates() -> Path | None:
    spec = importlib.util.find_spec("hls4ml")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "templates"


@functools.cache
def _folder(kind: str) -> Path | None:
    templates = _templates()
    if templates is None:
        return None
    found = [templates / name for name in FOLDERS[kind] if (templates / name).is_dir()]
    return found[0] if found else None


def require(kind: str) -> None:
    """Skip the test, with the reason, where g++ or the headers are missing."""
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    if kind == "sc":
        if not Path("/usr/include/systemc").exists():
            pytest.skip("needs SystemC: apt-get install libsystemc-dev")
    elif _folder(kind) is None:
        pytest.skip(f"needs the {kind} headers: pip install 'bitwright[cosim]'")


@functools.cache
def _stamp(kind: str) -> bytes:
    digest = hashlib.sha256(subprocess.run(["g++", "--version"], capture_output=True).stdout)
    folder = _folder(kind) if kind != "sc" else None
    for file in sorted(folder.rglob("*.h")) if folder else ():
        digest.update(file.read_bytes())
    return digest.digest()


def run(
    text: str, *, kind: str, data: bytes = b"", flags: Sequence[str] = FAST, checks: bool = False
) -> bytes:
    """Standard output of the program ``text``, compiled against ``kind``'s headers, given ``data``.

    RuntimeError where it does not compile or fails; ``checks`` leaves the header's assertions in.
    """
    own = [*flags, *(() if checks else ("-DNDEBUG",)), "-w", "-std=c++14"]
    libraries: list[str] = []
    if kind == "sc":
        own += ["-DSC_INCLUDE_FX", "-std=c++17"]  # the library's symbols name its C++ version
        libraries = ["-lsystemc"]
    else:
        own += ["-isystem", str(_folder(kind))]
    cache = Path(tempfile.gettempdir()) / f"bitwright-headers-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    program = hashlib.sha256(
        _stamp(kind) + repr((kind, flags)).encode() + b"checks" * checks + text.encode()
    ).hexdigest()
    answer = cache / (hashlib.sha256(program.encode() + data).hexdigest() + ".out")
    if answer.exists():
        return zlib.decompress(answer.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "main.cpp"), Path(folder, "main")
        source.write_text(text)
        built = subprocess.run(
            ["g++", *own, str(source), "-o", str(binary), *libraries],
            capture_output=True,
            text=True,
            timeout=3600,
        )
        if built.returncode:
            raise RuntimeError(f"g++ failed:\n{built.stderr[-4000:]}")
        done = subprocess.run([str(binary)], input=data, capture_output=True, timeout=3600)
        if done.returncode:
            raise RuntimeError(f"the program ended with {done.returncode}: {done.stderr[-2000:]!r}")
    fresh = answer.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}")
    fresh.write_bytes(zlib.compress(done.stdout, 1))
    fresh.replace(answer)
    return done.stdout


def run_all(texts: Iterable[str], *, kind: str, flags: Sequence[str] = FAST) -> list[bytes]:
    """``run`` of each text, ``JOBS`` at a time, in order."""
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda text: run(text, kind=kind, flags=flags), texts))
