"""Report: what was compared, with what, and what was not; JSON, one HTML file, JUnit XML."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LEVELS", "Level", "Report"]

LEVELS = ("emulator", "csim-g++", "csim-vendor", "rtl-cosim")
"""Levels of evidence, weakest first."""

REQUIRED_LEVEL = "csim-g++"
_FILES = ("report.json", "report.html", "junit.xml")
_MARK = "bitwright_report"


@dataclass(frozen=True)
class Level:
    """One level of evidence: ``passed``, ``failed`` or ``not run``, why, and how long it took."""

    name: str
    status: str
    reason: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Report:
    """The outcome of ``signoff``: ``ok``, ``exit_code``, ``to_dict()``, ``write(folder)``.

    levels: in the order of LEVELS. body: everything else, plain data: model, vectors, layers,
    first_divergence, files, tools, notes, not_checked.
    """

    levels: tuple[Level, ...]
    body: Mapping[str, Any]

    def level(self, name: str) -> Level:
        """The level called ``name``."""
        return next(level for level in self.levels if level.name == name)

    @property
    def files_differ(self) -> bool:
        """Whether the project's files are not those of its manifest, or not of this graph."""
        return bool(self.body["files"]["status"] != "equal")

    @property
    def failed(self) -> bool:
        """Whether a level failed or files differ."""
        return self.files_differ or any(level.status == "failed" for level in self.levels)

    @property
    def ok(self) -> bool:
        """Whether csim-g++ passed and nothing failed."""
        return not self.failed and self.level(REQUIRED_LEVEL).status == "passed"

    @property
    def exit_code(self) -> int:
        """0 agreed, 1 bits or files differ, 3 the required check could not run."""
        if self.failed:
            return 1
        return 0 if self.ok else 3

    @property
    def highest(self) -> str | None:
        """The highest level passed, with none failed below it; None where the first failed."""
        reached = None
        for level in self.levels:
            if level.status == "failed":
                break
            if level.status == "passed":
                reached = level.name
        return reached

    @property
    def title(self) -> str:
        """One line that says how far the evidence reaches."""
        name = self.body["project"]["name"]
        if self.failed:
            first = next((level.name for level in self.levels if level.status == "failed"), "files")
            return f"{name}: not signed off: {self._failure(first)}"
        if not self.ok:
            return f"{name}: not signed off: {REQUIRED_LEVEL} did not run"
        idle = sum(not layer["counts"] for layer in self.body["layers"])
        few = f"; {idle} of {len(self.body['layers'])} layers took too few values to count"
        return f"{name}: signed off at level {self.highest}{few if idle else ''}"

    def _failure(self, first: str) -> str:
        if first != "files":
            both = ", and files differ" if self.files_differ else ""
            return f"{first} failed{both}"
        return str(self.body["files"]["headline"])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in report.json."""
        return {
            _MARK: 1,
            "title": self.title,
            "ok": self.ok,
            "exit_code": self.exit_code,
            "highest_level": self.highest,
            "levels": [level.to_dict() for level in self.levels],
            **self.body,
        }

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write report.json, report.html and junit.xml into ``folder``; returns its path.

        The folder appears whole or not at all; an earlier report there is replaced. Raises
        ValueError where ``folder`` exists and is neither empty nor a report.
        """
        target = Path(folder)
        check_target(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}.unfinished-", dir=target.parent))
        try:
            for name, text in zip(_FILES, (self._json(), self._html(), self._junit()), strict=True):
                (unfinished / name).write_text(text, encoding="utf-8")
            unfinished.chmod(0o755)
            _put(unfinished, target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        return target

    def _json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def _html(self) -> str:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("validation"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return environment.get_template("report.html.j2").render(report=self.to_dict())

    def _junit(self) -> str:
        """One suite: a case per level, per layer compared, and one for the files."""
        cases = [_level_case(level) for level in self.levels]
        cases += [_layer_case(layer) for layer in self.body["layers"]]
        cases.append(_files_case(self.body["files"]))
        suite = ET.Element(
            "testsuite",
            name=_legal(f"bitwright signoff {self.body['project']['name']}"),
            tests=str(len(cases)),
            failures=str(sum(case.find("failure") is not None for case in cases)),
            skipped=str(sum(case.find("skipped") is not None for case in cases)),
            errors="0",
            timestamp=self.body["created"],
        )
        suite.extend(cases)
        root = ET.Element("testsuites")
        root.append(suite)
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def check_target(target: Path) -> None:
    """Raise ValueError where ``target`` exists and holds something other than a report."""
    if not target.exists():
        return
    if target.is_dir():
        inside = {path.name for path in target.iterdir()}
        if not inside:
            return
        if inside <= set(_FILES) and "report.json" in inside:
            return
    raise ValueError(
        f"report folder must be new, empty, or an earlier report, not {str(target)!r}:"
        " name another with -o"
    )


def _put(finished: Path, target: Path) -> None:
    """Rename ``finished`` to ``target``; an earlier report steps aside first."""
    if not target.exists():
        finished.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
    target.rename(old / "report")
    try:
        finished.rename(target)
    except BaseException:
        (old / "report").rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _level_case(level: Level) -> ET.Element:
    case = ET.Element("testcase", classname="level", name=level.name, time=f"{level.seconds:.3f}")
    if level.status == "failed":
        ET.SubElement(case, "failure", message=_legal(level.reason))
    elif level.status == "not run":
        ET.SubElement(case, "skipped", message=_legal(level.reason))
    return case


def _layer_case(layer: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", classname="csim-g++.layer", name=_legal(layer["layer"]))
    if not layer["agrees"]:
        ET.SubElement(case, "failure", message=_legal(layer["verdict"]))
    elif not layer["counts"]:
        ET.SubElement(case, "skipped", message=_legal(layer["verdict"]))
    return case


def _files_case(files: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", classname="files", name="manifest")
    if files["status"] != "equal":
        ET.SubElement(case, "failure", message=_legal(files["headline"])).text = _legal(
            "\n".join(files["problems"])
        )
    return case


def _legal(text: str) -> str:
    """Text without the control characters that XML 1.0 cannot hold."""
    return "".join(c if c >= " " or c in "\n\t" else "?" for c in text)
