"""Run hls4ml's own C simulation of symbolic expressions in a process of its own.

    python tests/peer/simulate_symbolic.py FOLDER

FOLDER holds ``expressions.json`` (the arguments of ``convert_from_symbolic_expression``) and
``x.npz``; ``y.npz`` is written there, and ``text.json``, the right sides of the C++. The vendor's
hls_math.h is not free: a header of that name stands in, with libm's functions of doubles.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

FUNCTIONS = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
    *("exp", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
)
OWN = [
    f"template <class T> T {name}(T x) {{ return T(std::{name}(x.to_double())); }}"
    for name in FUNCTIONS
]
STAND_IN = "\n".join(
    [
        "#ifndef HLS_MATH_H_",
        "#define HLS_MATH_H_",
        '#include "ap_fixed.h"',
        "#include <cmath>",
        "namespace hls {",
        *OWN,
        "template <class T> T atan2(T y, T x) { return T(std::atan2(double(y), double(x))); }",
        "template <class T> T recip(T x) { return T(1.0 / x.to_double()); }",
        "}",
        "#endif",
        "",
    ]
)


def main(folder):
    from hls4ml.converters import convert_from_symbolic_expression

    project = folder / "project"
    given = json.loads((folder / "expressions.json").read_text())
    model = convert_from_symbolic_expression(
        **given,
        output_dir=str(project),
        project_name="peer",
        hls_include_path="",
        hls_libs_path=str(folder / "none"),
    )
    model.write()
    (project / "firmware" / "ap_types" / "hls_math.h").write_text(STAND_IN)
    script = project / "build_lib.sh"
    text = script.read_text()
    if "-O3" not in text:
        raise ValueError(f"{script} must hold -O3, to be replaced by -O1 -DNDEBUG")
    script.write_text(text.replace("-O3", "-O1 -DNDEBUG"))
    model._compile()
    source = (project / "firmware" / "peer.cpp").read_text()
    (folder / "text.json").write_text(json.dumps(re.findall(r"y\[\d+\] = (.*);", source)))
    with np.load(folder / "x.npz") as file:
        y = model.predict(np.ascontiguousarray(file["x"]))
    np.savez(folder / "y.npz", y=np.asarray(y, dtype=np.float64))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
