"""AMD's tools: logs as they are documented, and a stand-in ``vitis-run`` that plays them.

No vendor tool runs here. The log texts are written after UG1399 and after logs that users posted.
"""

import json
import stat
import sys

import numpy as np
import pytest

from validation import stimuli
from validation.firmware import open_firmware
from validation.toolchains import (
    find_vendor_tool,
    parse_cosim,
    parse_cosim_report,
    parse_csim,
    run_vendor,
)

CSIM_PASS = """\
INFO: [HLS 200-1510] Running: csim_design
INFO: [SIM 211-2] *************** CSIM start ***************
INFO: [SIM 211-4] CSIM will launch GCC as the compiler.
   Compiling ../../../../small_test.cpp in debug mode
   Compiling ../../../../firmware/small.cpp in debug mode
   Generating csim.exe
32 samples agree in every bit
INFO: [SIM 211-1] CSim done with 0 errors.
INFO: [SIM 211-3] *************** CSIM finish ***************
"""
CSIM_DIFFERENCE = """\
INFO: [SIM 211-2] *************** CSIM start ***************
INFO: [SIM 211-4] CSIM will launch GCC as the compiler.
   Generating csim.exe
sample 0: fc1_relu[2] must be raw 12, not 13
@E Simulation failed: Function 'main' returns nonzero value '1'.
ERROR: [SIM 211-100] 'csim_design' failed: nonzero return value.
INFO: [SIM 211-3] *************** CSIM finish ***************
"""
CSIM_CRASH = """\
INFO: [SIM 211-2] *************** CSIM start ***************
@E Simulation failed: SIGSEGV.
ERROR: [SIM 211-100] CSim failed with errors.
INFO: [SIM 211-3] *************** CSIM finish ***************
"""
CSIM_COMPILE = """\
INFO: [SIM 211-2] *************** CSIM start ***************
../../../../firmware/small.cpp:10:3: error: expected ';'
ERROR: [SIM 211-100] 'csim_design' failed: compilation error(s).
INFO: [SIM 211-3] *************** CSIM finish ***************
"""
CSIM_OTHER = """\
INFO: [SIM 211-2] *************** CSIM start ***************
ERROR: [HLS 200-101] a licence is missing
INFO: [SIM 211-1] CSim done with 0 errors.
"""
NO_LICENCE = "ERROR: [HLS 200-1] no licence for 'HLS' was found\n"
COSIM_PASS = """\
INFO: [COSIM 212-47] Using XSIM for RTL simulation.
INFO: [COSIM 212-14] Instrumenting C test bench ...
INFO: [COSIM 212-302] Starting C TB testing ...
INFO: [COSIM 212-333] Generating C post check test bench ...
INFO: [COSIM 212-12] Generating RTL test bench ...
// RTL Simulation : 3 / 3 [n/a] @ "225000"
INFO: [COSIM 212-316] Starting C post checking ...
INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***
INFO: [COSIM 212-210] Design is translated to an valid RTL in Verilog.
"""
COSIM_DIFFERENCE = """\
INFO: [COSIM 212-302] Starting C TB testing ...
INFO: [COSIM 212-316] Starting C post checking ...
sample 4: fc1_relu[2] must be raw 12, not 13
ERROR: [COSIM 212-361] C TB post check failed, nonzero return value '1'.
ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***
"""
COSIM_C = """\
INFO: [COSIM 212-302] Starting C TB testing ...
ERROR: [COSIM 212-360] Aborting co-simulation: C TB simulation failed.
ERROR: [COSIM 212-320] C TB testing failed, stop generating test vectors.
ERROR: [COSIM 212-5] *** C/RTL co-simulation file generation failed. ***
ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***
"""
COSIM_RTL = """\
INFO: [COSIM 212-302] Starting C TB testing ...
ERROR: [COSIM 212-303] Aborting co-simulation: RTL simulation failed.
ERROR: [COSIM 212-344] Rtl simulation failed.
ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***
"""
COSIM_DEADLOCK = """\
INFO: [COSIM 212-302] Starting C TB testing ...
// ERROR!!! DEADLOCK DETECTED at 1150 ns! SIMULATION WILL BE STOPPED! //
ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***
"""
COSIM_PLAIN = """\
INFO: [COSIM 212-302] Starting C TB testing ...
ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***
"""
REPORT = """\
Report time       : Mon Jan 05 17:41:26 UTC 2026.
Solution          : solution1.
Simulation tool   : xsim.

+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|          |          |          Latency(Clock Cycles)                |          Interval(Clock Cycles)               | Total Execution Time |
+   RTL    +  Status  +-----------------------------------------------+-----------------------------------------------+    (Clock Cycles)    +
|          |          |      min      |      avg      |      max      |      min      |      avg      |      max      |                      |
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|      VHDL|        NA|             NA|             NA|             NA|             NA|             NA|             NA|                    NA|
|   Verilog|      Pass|             11|             12|             14|              1|              1|              2|                    42|
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
"""


@pytest.mark.parametrize(
    ("log", "status", "reason"),
    [
        (CSIM_PASS, "passed", ""),
        (CSIM_DIFFERENCE + CSIM_PASS, "passed", ""),
        (
            CSIM_PASS + CSIM_DIFFERENCE,
            "failed",
            "the testbench found a difference: @E Simulation failed: Function 'main' returns"
            " nonzero value '1'.",
        ),
        (CSIM_CRASH, "failed", "the testbench died: @E Simulation failed: SIGSEGV."),
        (
            CSIM_COMPILE,
            "failed",
            "the testbench does not compile: ERROR: [SIM 211-100] 'csim_design' failed:"
            " compilation error(s).",
        ),
        (
            CSIM_OTHER,
            "failed",
            "the log has errors: ERROR: [HLS 200-101] a licence is missing",
        ),
        (
            CSIM_PASS.splitlines()[1],
            "failed",
            "the C simulation did not finish: no 'CSim done with 0 errors' in the log",
        ),
        (
            NO_LICENCE,
            "not run",
            "the log has no C simulation: ERROR: [HLS 200-1] no licence for 'HLS' was found",
        ),
        ("", "not run", "the log has no C simulation"),
    ],
)
def test_csim_logs(log, status, reason):
    """The last simulation counts; only an explicit pass passes."""
    assert parse_csim(log) == (status, reason)


@pytest.mark.parametrize(
    ("log", "status", "reason"),
    [
        (COSIM_PASS, "passed", ""),
        (COSIM_DIFFERENCE + COSIM_PASS, "passed", ""),
        (
            COSIM_PASS + COSIM_DIFFERENCE,
            "failed",
            "the RTL's outputs differ from the expected bits: ERROR: [COSIM 212-361] C TB post"
            " check failed, nonzero return value '1'.",
        ),
        (
            COSIM_C,
            "failed",
            "the C testbench failed before the RTL ran: ERROR: [COSIM 212-360] Aborting"
            " co-simulation: C TB simulation failed.",
        ),
        (
            COSIM_RTL,
            "failed",
            "the RTL simulation failed: ERROR: [COSIM 212-303] Aborting co-simulation: RTL"
            " simulation failed.",
        ),
        (
            COSIM_DEADLOCK,
            "failed",
            "the RTL deadlocks: ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***",
        ),
        (
            COSIM_PLAIN,
            "failed",
            "the tool reports FAIL: ERROR: [COSIM 212-4] *** C/RTL co-simulation finished:"
            " FAIL ***",
        ),
        (
            COSIM_PASS.split("INFO: [COSIM 212-1000]")[0],
            "failed",
            "the co-simulation did not finish: no verdict in the log",
        ),
        (CSIM_PASS, "not run", "the log has no co-simulation"),
        (
            NO_LICENCE,
            "not run",
            "the log has no co-simulation: ERROR: [HLS 200-1] no licence for 'HLS' was found",
        ),
    ],
)
def test_cosim_logs(log, status, reason):
    """The last co-simulation counts; only an explicit PASS passes."""
    assert parse_cosim(log) == (status, reason)


def test_a_pass_beside_a_failure_is_no_pass():
    """Two verdicts of one run must both pass."""
    log = COSIM_PASS + "ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***\n"
    assert parse_cosim(log)[0] == "failed"


def test_the_cosim_report():
    """Rows that ran, in cycles; NA is None."""
    (row,) = parse_cosim_report(REPORT)
    assert (row.rtl, row.status) == ("Verilog", "Pass")
    assert row.latency_cycles == (11, 12, 14)
    assert row.interval_cycles == (1, 1, 2)
    assert row.total_cycles == 42
    assert parse_cosim_report("|   Verilog|  Fail|  NA|  NA|  NA|  NA|  NA|  NA|")[
        0
    ].latency_cycles == (None, None, None)
    assert parse_cosim_report("nothing") == []


# ---- a stand-in for the tool -----------------------------------------------------------------

_TOOL = """#!{python}
import json, os, sys, time
seen = {{step: os.environ.get(step) for step in ("CSIM", "CSYNTH", "COSIM", "EXPORT")}}
with open({record!r}, "a") as file:
    rows = sum(1 for line in open("tb_data/x.dat"))
    first = open("tb_data/x.dat").readline()
    print(json.dumps([sys.argv[1:], seen, rows, first, os.getcwd()]), file=file)
{body}
"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """``tool(name, body)``: an executable on an otherwise empty PATH; returns its record."""

    def make(name, body):
        folder = tmp_path / "bin"
        folder.mkdir()
        path, record = folder / name, tmp_path / "record.jsonl"
        path.write_text(_TOOL.format(python=sys.executable, record=str(record), body=body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))
        return record

    return make


def play(small, project, x, *, rtl=True, limit=30.0):
    vectors = stimuli(small, x, random=400)
    expected = small.trace(vectors.reals(small), raw=True)
    levels = run_vendor(
        open_firmware(small, project),
        vectors,
        expected,
        tool=find_vendor_tool(),
        rtl=rtl,
        time_limit=limit,
    )
    return vectors, levels


PLAY_BOTH = f"""
print({CSIM_PASS!r} if seen["CSIM"] == "1" else {COSIM_PASS!r})
if seen["COSIM"] == "1":
    os.makedirs("small_prj/solution1/sim/report")
    open("small_prj/solution1/sim/report/small_cosim.rpt", "w").write({REPORT!r})
"""


def test_no_tool_on_path(monkeypatch, tmp_path):
    """None, never an error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_vendor_tool() is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vitis-run", ["--mode", "hls", "--tcl", "build.tcl"]),
        ("vitis_hls", ["-f", "build.tcl"]),
        ("vivado_hls", ["-f", "build.tcl"]),
    ],
)
def test_both_levels_run_in_a_copy_with_the_vectors(small, project, x, tool, name, arguments):
    """csim gets all vectors, the RTL 200 of them; the project's own files stay as they were."""
    record = tool(name, PLAY_BOTH)
    before = {p: p.read_bytes() for p in project.path.rglob("*") if p.is_file()}
    vectors, (csim, cosim) = play(small, project, x)
    assert (csim.name, csim.status) == ("csim-vendor", "passed")
    assert csim.reason == f"{name}, {vectors.samples} vectors"
    assert (cosim.name, cosim.status) == ("rtl-cosim", "passed")
    assert cosim.reason == f"{name}, 200 vectors, Verilog: latency 11 to 14 cycles"
    first, second = (json.loads(line) for line in record.read_text().splitlines())
    assert first[0] == arguments
    assert first[1] == {"CSIM": "1", "CSYNTH": "0", "COSIM": "0", "EXPORT": "0"}
    assert second[1] == {"CSIM": "0", "CSYNTH": "1", "COSIM": "1", "EXPORT": "0"}
    assert (first[2], second[2]) == (vectors.samples, 200)
    np.testing.assert_array_equal(np.array(first[3].split(), dtype=int), vectors.raw["x"][0])
    assert str(project.path) not in (first[4], second[4])
    assert {p: p.read_bytes() for p in project.path.rglob("*") if p.is_file()} == before


def test_rtl_runs_only_when_asked(small, project, x, tool):
    """It takes hours."""
    record = tool("vitis-run", PLAY_BOTH)
    _, (csim, cosim) = play(small, project, x, rtl=False)
    assert csim.status == "passed"
    assert (cosim.status, cosim.reason) == ("not run", "not asked for: --rtl runs it")
    assert len(record.read_text().splitlines()) == 1


def test_the_log_file_is_read_where_little_is_printed(small, project, x, tool):
    """vitis-run leaves vitis_hls.log."""
    tool("vitis-run", f"open('vitis_hls.log', 'w').write({CSIM_PASS!r})")
    assert play(small, project, x, rtl=False)[1][0].status == "passed"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (
            f"print({CSIM_PASS!r}); sys.exit(1)",
            "failed",
            "vitis-run ended with status 1 after a pass",
        ),
        (
            f"print({CSIM_DIFFERENCE!r})",
            "failed",
            "the testbench found a difference: @E Simulation failed: Function 'main' returns"
            " nonzero value '1'.",
        ),
        (
            f"print({NO_LICENCE!r}); sys.exit(1)",
            "not run",
            "the log has no C simulation: ERROR: [HLS 200-1] no licence for 'HLS' was found",
        ),
        (
            "time.sleep(60)",
            "not run",
            "vitis-run took longer than 3 s: allow more with --time-limit",
        ),
    ],
)
def test_trouble(small, project, x, tool, body, status, reason):
    """A status of 0 does not make a pass, nor does a pass in the log with another status."""
    tool("vitis-run", body)
    level = play(small, project, x, rtl=False, limit=3.0)[1][0]
    assert (level.status, level.reason) == (status, reason)
