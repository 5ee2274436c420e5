"""AMD's headers and g++ are found in a stated order, recorded by hash, or missed with a way out."""

import hashlib
import importlib.util
import re
from pathlib import Path

import pytest

from validation import CouldNotRunError
from validation.tools import find_compiler, find_headers


def folder_of_headers(path, text="// one\n"):
    path.mkdir(parents=True)
    for name in ("ap_fixed.h", "ap_int.h"):
        (path / name).write_text(text)
    return path


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty machine: no variable, an empty PATH, no wheel."""
    monkeypatch.delenv("XILINX_HLS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def test_a_given_folder_comes_first(places, monkeypatch):
    """The option wins over $XILINX_HLS."""
    monkeypatch.setenv("XILINX_HLS", str(folder_of_headers(places / "x" / "include").parent))
    given = folder_of_headers(places / "given")
    found = find_headers(given)
    assert (found.path, found.source, found.files) == (given, "given", 2)


def test_a_given_folder_without_headers_is_bad_input(places):
    """Not "could not run": the user named it."""
    message = f"headers must be a folder with ap_fixed.h and ap_int.h, not {str(places)!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find_headers(places)


def test_then_the_variable_then_vitis_on_path_then_the_wheel(places, monkeypatch):
    """Each is found when those before it are absent."""
    wheel = folder_of_headers(places / "hls4ml" / "templates" / "vivado" / "ap_types")
    spec = type("Spec", (), {"submodule_search_locations": [str(places / "hls4ml")]})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert (find_headers().path, find_headers().source) == (wheel, "hls4ml wheel")

    install = places / "Vitis" / "2024.1"
    folder_of_headers(install / "include")
    program(install / "bin" / "vitis_hls")
    monkeypatch.setenv("PATH", str(install / "bin"))
    assert find_headers().path == install / "include"
    assert find_headers().source == "vitis_hls on PATH"

    folder_of_headers(places / "x" / "include")
    monkeypatch.setenv("XILINX_HLS", str(places / "x"))
    assert (find_headers().path, find_headers().source) == (
        places / "x" / "include",
        "$XILINX_HLS",
    )


def test_an_install_without_headers_is_passed_over(places, monkeypatch):
    """$XILINX_HLS may point nowhere; the search goes on."""
    monkeypatch.setenv("XILINX_HLS", str(places / "gone"))
    wheel = folder_of_headers(places / "hls4ml" / "templates" / "vivado" / "ap_types")
    spec = type("Spec", (), {"submodule_search_locations": [str(places / "hls4ml")]})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert find_headers().path == wheel


def test_no_headers_anywhere(places):
    """The message ends with the way out."""
    with pytest.raises(CouldNotRunError) as error:
        find_headers()
    assert str(error.value) == (
        "AMD's ap_fixed headers were not found ($XILINX_HLS, Vitis on PATH, the hls4ml wheel):"
        " pip install 'bitwright[cosim]', or name their folder with --headers"
    )


def test_the_hash_covers_names_and_contents_of_the_headers(places):
    """Another byte, another name, another hash; other files in the folder do not matter."""
    first = find_headers(folder_of_headers(places / "a"))
    same = find_headers(folder_of_headers(places / "b"))
    assert first.sha256 == same.sha256
    (places / "b" / "notes.txt").write_text("x")
    assert find_headers(places / "b").sha256 == first.sha256
    (places / "b" / "etc").mkdir()
    (places / "b" / "etc" / "ap_private.h").write_text("x")
    assert find_headers(places / "b").sha256 != first.sha256
    assert find_headers(folder_of_headers(places / "c", "// two\n")).sha256 != first.sha256
    one = hashlib.sha256(b"// one\n").hexdigest()
    text = f"ap_fixed.h\n{one}\nap_int.h\n{one}\n"
    assert first.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_compiler_is_found_and_asked_for_its_version(fake_compiler):
    """The first line of --version is recorded."""
    found = find_compiler(fake_compiler())
    assert found.version == "fake g++ 1.0"


def test_no_compiler(places):
    """The message ends with the way out."""
    with pytest.raises(CouldNotRunError) as error:
        find_compiler()
    assert str(error.value) == (
        "g++ was not found: install it (Debian: apt-get install g++),"
        " or name a compiler with --compiler"
    )


def test_a_program_that_is_no_compiler(places):
    """--version must work."""
    Path(places / "bad").write_text("#!/bin/sh\nexit 3\n")
    Path(places / "bad").chmod(0o755)
    message = r"^\S*/bad --version must work: .* status 3.*; name another compiler with --compiler$"
    with pytest.raises(CouldNotRunError, match=message):
        find_compiler(places / "bad")
