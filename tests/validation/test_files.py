"""Files of a project against its manifest: changed, missing, added, or of another graph."""

import json
import re

import pytest

import emu
import generator
from tests.emu import models
from validation.files import check_files, read_manifest
from validation.firmware import open_firmware

from .conftest import CONFIG


def test_a_fresh_project_is_equal(small, project):
    """Every file is listed and hashed."""
    found = check_files(project.path, small)
    assert found.equal and found.problems == []
    assert found.listed == len(found.hashes) == len(project.manifest["files"])


def test_one_changed_byte_is_seen(small, project):
    """A comment is enough."""
    path = project.path / "firmware" / "small.cpp"
    path.write_text(path.read_text() + "// \n")
    found = check_files(project.path, small)
    assert not found.equal
    assert found.problems == ["firmware/small.cpp: changed since it was generated"]


def test_a_missing_file_is_seen(small, project):
    """Also where nothing compiles it."""
    (project.path / "Makefile").unlink()
    assert check_files(project.path, small).problems == ["Makefile: missing"]


def test_a_file_that_could_be_compiled_in_is_seen(small, project):
    """firmware/ap_fixed.h would be found before the vendor's."""
    (project.path / "firmware" / "ap_fixed.h").write_text("")
    found = check_files(project.path, small)
    assert found.problems == ["firmware/ap_fixed.h: not written by generate"]


def test_files_outside_the_build_are_named_only(small, project):
    """Tools leave logs and folders in a project."""
    (project.path / "vitis_hls.log").write_text("")
    (project.path / "small_prj").mkdir()
    (project.path / "small_prj" / "x.cpp").write_text("")
    found = check_files(project.path, small)
    assert found.equal
    assert found.others == ("small_prj/x.cpp", "vitis_hls.log")


def test_a_project_of_another_graph_is_seen(project, tmp_path):
    """Same layers, other weights."""
    json_path, h5_path = models.mlp(tmp_path, (6, 5, 4), seed=9)
    other = emu.load(json_path, weights=h5_path, config=CONFIG)
    (problem,) = check_files(project.path, other).problems
    assert re.fullmatch(
        "the project was generated from another graph: model, configuration or libm differ"
        r" \(SHA-256 [0-9a-f]{64}, this graph [0-9a-f]{64}\)",
        problem,
    )


def test_a_folder_that_is_no_project(tmp_path):
    """Each message."""
    with pytest.raises(ValueError) as error:
        read_manifest(tmp_path)
    assert str(error.value) == (
        f"project must be a folder that generate wrote, not {str(tmp_path)!r}: no manifest.json"
    )
    file = tmp_path / "manifest.json"
    file.write_text("{")
    with pytest.raises(
        ValueError, match=r"^\S*manifest.json must be the JSON that generate wrote: "
    ):
        read_manifest(tmp_path)
    file.write_text(json.dumps({"files": 3}))
    message = r"^\S*manifest.json must list its files, as generate writes it$"
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path)


def test_a_project_opens_by_its_folder_as_generate_returned_it(small, project):
    """Path, name and file stems are the same."""
    opened, given = open_firmware(small, project.path), open_firmware(small, project)
    assert (opened.path, opened.name) == (given.path, given.name)
    assert dict(opened.tensor_files) == dict(given.tensor_files)


def test_a_project_of_another_name_is_refused(small, project, tmp_path):
    """The configuration's ProjectName is the top function."""
    json_path, h5_path = models.mlp(tmp_path, (6, 5, 4))
    other = emu.load(json_path, weights=h5_path, config=CONFIG | {"ProjectName": "other"})
    with pytest.raises(ValueError) as error:
        open_firmware(other, project.path)
    assert str(error.value) == (
        f"project must be the one of this configuration, not {str(project.path)!r}:"
        " its manifest has no firmware/other.cpp (ProjectName: other)"
    )
    assert generator.generate(other, tmp_path / "o").name == "other"
