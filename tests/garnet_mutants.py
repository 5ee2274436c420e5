"""Mutants of GarNet (``python -m tests.mutants``)."""

from __future__ import annotations

from tests.mutation import of

GRID = "tests/emu/test_grid_garnet.py::test_every_mode"
CPP = "tests/generator/test_grid_garnet.py::test_garnets_in_cpp"
LOADING = "tests/emu/test_loading_garnet.py"

MUTANTS = [
    *of(
        "emu/ops/garnet.py",
        GRID,
        (
            "distances cast once",
            "term = _product(x[..., i, None], format, h.raw[:, i], h.format, f)\n"
            "            total = _plus(total, f, term, f)",
            "exact = growth.multiply(format, h.format)\n"
            "            term = roomy(x[..., i, None], exact.width) * h.raw[:, i]\n"
            "            total = _plus(total, f, term, exact)",
        ),
        (
            "features not cast to their own type",
            "term = _product(x[:, :, k], given.format, e[..., None], edge, given.format)\n"
            "            of_x = _plus(of_x, self.aggr, term, given.format)",
            "exact = growth.multiply(given.format, edge)\n"
            "            term = roomy(x[:, :, k], exact.width) * e[..., None]\n"
            "            of_x = _plus(of_x, self.aggr, term, exact)",
        ),
        (
            "sums of blocks not divided",
            "of_edges[:, b] >> shift",
            "of_edges[:, b]",
        ),
        (
            "divided after the blocks, not before",
            "edge, shift = self.table.format, log2_floor(vertices) - log2_floor(self.blocks)",
            "edge, shift = self.table.format, log2_floor(vertices)",
        ),
        (
            "mean of edges in the type of their sum",
            "return cast(sum_edges >> last, self.edge_sum, edge), sum_x >> last",
            "return sum_edges >> last, sum_x >> last",
        ),
        (
            "terms of y not cast",
            "term = _product(edge, self.table.format, row, self.aggr, self.result)\n"
            "            total = _plus(total, self.result, term, self.result)",
            "exact = growth.multiply(self.table.format, self.aggr)\n"
            "            total = _plus(total, self.result, roomy(edge, exact.width) * row, exact)",
        ),
        (
            "terms of a mean cast",
            "product = roomy(mean_edge[:, k, None], term.width) * base[:, :, k]\n"
            "            total = _plus(total, self.result, product, term)",
            "product = _product(mean_edge[:, k, None], edge, base[:, :, k], a, self.result)\n"
            "            total = _plus(total, self.result, product, self.result)",
        ),
        (
            "bias of a mean not by number",
            "if not self.by_count:\n            counted",
            "if False:\n            counted",
        ),
        (
            "a block ends at a fraction",
            "whole // block * block + block, 0)",
            "whole + 1, 0)",
        ),
        ("number rounded", "np.where(n > 0, found, 0)", "np.where(n > 0, found + 1, 0)"),
        (
            "number of vertices, not of a block",
            "values[1].format, vertices, self._block(vertices))",
            "values[1].format, vertices, 1)",
        ),
        (
            "integers take fractions",
            "if not target.is_integer or format.is_integer:",
            "if True:",
            "tests/emu/test_grid_garnet.py::test_integer_types",
        ),
        (
            "number of an integer bias keeps its fraction",
            "*_whole(n[:, None], count, a), a)",
            "n[:, None], count, a)",
            "tests/emu/test_grid_garnet.py::test_integer_types",
        ),
        (
            "unit of a coarse number forgotten",
            "steps = Format(width, width - up + format.frac)",
            "steps = Format(width, width - up + max(format.frac, 0))",
        ),
    ),
    *of(
        "emu/tables.py",
        "tests/emu/test_grid_garnet.py::test_the_table",
        (
            "no type between exp and the edge",
            'from_float(_call("exp", ctypes.c_double, -(d * d)), square), square, format)',
            'from_float(_call("exp", ctypes.c_double, -(d * d)), format), format, format)',
        ),
        ("entry of 0 is 1", "np.array((1 << format.width) - 1)", "np.array(1 << format.width)"),
    ),
    *of(
        "emu/frontends/keras/garnet.py",
        LOADING,
        ("ternary above 0", "np.where(x > 0.5, 1,", "np.where(x > 0, 1,"),
        (
            "transforms not transposed",
            "np.dot(kernel, out).transpose(2, 1, 0)",
            "np.dot(kernel, out)",
        ),
        (
            "powers of two not beyond themselves",
            "integer += (integer == int(np.floor(exponent))) + signed",
            "integer += signed",
        ),
    ),
    *of(
        "emu/precision/assign.py",
        LOADING,
        ("room of the shorter sum", "room = max(block_bits,", "room = min(block_bits,"),
        (
            "LayerType's default inside",
            'if section == "LayerName" or variable in named:',
            'if section != "Model":',
        ),
    ),
    *of(
        "hls_lib/garnet.hpp",
        CPP,
        (
            "features not cast to their own type",
            "const x_t part = convert<x_t>(x[v * n_in + i] * edge);",
            "const auto part = x[v * n_in + i] * edge;",
        ),
        ("sums of blocks not divided", "of_edges >> plan::shift", "of_edges"),
        (
            "terms of a mean from the front",
            "base[o * n_aggregators + a]);\n        }\n        y[o]",
            "base[a]);\n        }\n        y[o]",
        ),
        (
            "vertices that do not count have a bias",
            "if (counts) {\n                        sum",
            "if (counts || sum == 0) {\n                        sum",
        ),
        ("bias of a mean not by number", "if (!CONFIG::by_count) {", "if (false) {"),
        (
            "edge of the first feature",
            "factor =\n            from_raw<typename CONFIG::distance_weight_t>(h[a * CONFIG::n_in + i]);",
            "factor =\n            from_raw<typename CONFIG::distance_weight_t>(h[a * CONFIG::n_in]);",
        ),
    ),
]
