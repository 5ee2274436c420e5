"""Mutants of the emulator: operators, tables, casts and the engine (``python -m tests.mutants``)."""

from __future__ import annotations

from pathlib import Path

from tests.mutation import Mutant, of


def _of(path: str, grids: str, *changes: tuple[str, ...]) -> list[Mutant]:
    """Mutants and the module of ``tests/emu`` whose tests must notice, or one test of it."""
    module, _, test = grids.partition("::")
    file = f"tests/emu/test_{module}.py"
    if not Path(__file__).with_name(f"test_{module}.py").is_file():
        file = f"tests/emu/test_grid_{module}.py"
    return of(path, f"{file}::{test}" if test else file, *changes)


MUTANTS = [
    *_of(
        "emu/ops/recurrent_block.py",
        "recurrent",
        (
            "blocks forget the second product",
            "_mix_rows(x, y, lifts[0], v, w, lifts[-1], len(terms) == 2, stages, out)",
            "_mix_rows(x, y, lifts[0], v, w, lifts[-1], False, stages, out)",
        ),
        (
            "blocks move both products alike",
            "_mix_rows(x, y, lifts[0], v, w, lifts[-1],",
            "_mix_rows(x, y, lifts[0], v, w, lifts[0],",
        ),
        (
            "blocks read the first step always",
            "x[position * n_in : (position + 1) * n_in]",
            "x[:n_in]",
        ),
        (
            "blocks take given states uncast",
            "states[k].run(given[k], start, rooms)",
            "start[...] = given[k]",
        ),
    ),
    *_of(
        "emu/ops/time_distributed.py",
        "time_distributed",
        (
            "every step is the first one",
            "x, step = inputs[0], self.one(values[0])",
            "x, step = inputs[0][:, [0] * inputs[0].shape[1]], self.one(values[0])",
        ),
        (
            "steps in reverse",
            "found = self.op.evaluate(x.reshape(-1, *step.shape), values=(step,))",
            "found = self.op.evaluate(x[:, ::-1].reshape(-1, *step.shape), values=(step,))",
        ),
        (
            "work of one step",
            "return shapes[0][0] * self.op.multiplications(shapes[0][1:])",
            "return self.op.multiplications(shapes[0][1:])",
        ),
    ),
    *_of(
        "emu/ops/recurrent.py",
        "recurrent",
        (
            "gates take an uncast sum",
            "return cast(roomy(p, wide.width) + q, wide, self.op.accum)  #",
            "return cast(p, self.op.accum, self.op.accum) + q  #",
        ),
        (
            "forget and input gates exchanged",
            "(g, a, part(i_f, 0, n), a), (c, r, part(i_f, n, 2 * n), a)",
            "(g, a, part(i_f, n, 2 * n), a), (c, r, part(i_f, 0, n), a)",
        ),
        (
            "lstm's products cast one by one",
            "c = machine.mixed(r, (g, a, part(i_f, 0, n), a), (c, r, part(i_f, n, 2 * n), a))",
            "kept = machine.mixed(r, (c, r, part(i_f, n, 2 * n), a))\n"
            "    c = machine.mixed(r, (g, a, part(i_f, 0, n), a))\n"
            "    c = cast(c.astype(object) + kept, growth.add(r, r), r).astype(c.dtype)",
        ),
        (
            "lstm's output from the state before its cast",
            "machine.activate(c, r, a), a)), c",
            "machine.activate(cast(c, r, a), a, a), a)), c",
        ),
        (
            "activation for the gates",
            "_activate(op.recurrent_activation, op.recurrent_table, x,",
            "_activate(op.activation, op.table, x,",
        ),
        (
            "gru keeps what it should renew",
            "machine.mixed(r, (g, a, left, rest), (h, r, z, a))",
            "machine.mixed(r, (g, a, z, a), (h, r, left, rest))",
        ),
        (
            "gru's reset product not cast",
            "t = machine.mixed(a, (part(z_r, n, 2 * n), a, part(q, 2 * n, 3 * n), a))",
            "t = machine.mixed(machine.op.result,"
            " (part(z_r, n, 2 * n), a, part(q, 2 * n, 3 * n), a))",
        ),
        (
            "reset gate forgotten before the product",
            "kept = machine.mixed(r, (part(z_r, n, 2 * n), a, h, r))",
            "kept = h",
        ),
        (
            "1 - z in the accumulator's own bits",
            "left = floor_multiple(1, 0, rest.frac) - machine.moved(z, a, rest)",
            "left = floor_multiple(1, 0, rest.frac) - machine.moved(z, a, rest)\n"
            "    left = aligned(cast(left, rest, a), a, rest)",
        ),
        (
            "simple rnn cast twice",
            "return (machine.activate(total, machine.op.accum, machine.op.result),)",
            "a, r = machine.op.accum, machine.op.result\n"
            "    return (cast(machine.activate(total, a, a), a, r),)",
        ),
        (
            "state's product in the input's order",
            "interleave=self.recurrent_interleave,",
            "interleave=min(self.interleave, self.units),",
        ),
        (
            "backward starts one step late",
            "position = steps - 1 - step if self.go_backwards else step",
            "position = (steps - step) % steps if self.go_backwards else step",
        ),
        (
            "aligned ignored",
            "out[:, position if self.aligned else step]",
            "out[:, step]",
        ),
        (
            "initial state without its cast",
            "cast(raw, value.format, self.result)\n                for raw",
            "raw\n                for raw",
        ),
    ),
    *_of(
        "emu/ops/activation.py",
        "activation",
        (
            "relu passes negatives",
            "cast(np.maximum(x, 0), f, op.result)  #",
            "cast(x, f, op.result)  #",
        ),
        (
            "relu casts before it clips",
            "return cast(np.maximum(x, 0), f, op.result)  #",
            "return np.maximum(cast(x, f, op.result), 0)  #",
        ),
        (
            "relu_max clips to the raw limit",
            "_integer(op, limit), kept)",
            "limit << max(op.result.frac, 0), kept)",
        ),
        (
            "relu_max at its limit",
            "np.where(_above(x, f, limit), _integer(op, limit), kept)",
            "np.where(_above(x, f, limit - 1), _integer(op, limit), kept)",
        ),
        (
            "leaky relu of zero",
            "np.where(x > 0, cast(x, f, op.result), _scaled",
            "np.where(x >= -1, cast(x, f, op.result), _scaled",
        ),
        (
            "prelu takes the first slope",
            "factor.raw.reshape(x.shape[1:])\n",
            "factor.raw.reshape(-1)[0]\n",
        ),
        (
            "product cast at once to the result's rounding",
            "return cast(roomy(x, product.width) * raw, product, op.result)",
            "return cast(cast(roomy(x, product.width) * raw, product, f), f, op.result)",
        ),
        (
            "thresholded relu at its threshold",
            "_above(x, f, limit), cast(x, f, op.result), 0)",
            "~_above(-x, f, -limit), cast(x, f, op.result), 0)",
        ),
        (
            "threshold floored to the input's grid",
            "limit = int(theta.raw.reshape(-1)[0]) * theta.format.lsb",
            "limit = int(theta.raw.reshape(-1)[0]) * theta.format.lsb // f.lsb * f.lsb - f.lsb",
        ),
        (
            "elu without alpha",
            "roomy(op.table.raw, product.width) * alpha.raw.reshape(-1)[0]",
            "roomy(op.table.raw, product.width) << alpha.format.frac",
        ),
        (
            "elu casts the table first",
            "below: Raw = cast(entries, product, op.result)[index]",
            "first = cast(op.table.raw, op.table.format, op.result)\n    below: Raw = cast(first * alpha.raw.reshape(-1)[0], growth.multiply(op.result, alpha.format), op.result)[index]",
        ),
        (
            "elu wraps to the first entry",
            "index = _negative_index(op, x, f, op.table.size - 1)\n",
            "index = _negative_index(op, x, f, 0)\n",
        ),
        (
            "negative index off by one",
            "np.minimum(index, op.table.size - 1)",
            "np.minimum(index + 1, op.table.size - 1)",
        ),
        (
            "negative index clamps early",
            "np.minimum(index, op.table.size - 1)",
            "np.minimum(index, op.table.size - 2)",
        ),
        ("selu wraps as in io_stream", "op.table.size - 1 if stream else 0", "op.table.size - 1"),
        ("selu_stream wraps as in io_parallel", "op.table.size - 1 if stream else 0", "0"),
        ("selu of zero", "np.where(x >= 0, _scaled", "np.where(x >= 1, _scaled"),
        ("centred index rounds up", "+ size // 2)", "+ (size + 1) // 2)"),
        ("centred index one too high", "+ size // 2)", "+ size // 2 + 1)"),
        ("centred index does not wrap", "index = int32(int_steps(", "index = (int_steps("),
        ("centred clamp", "np.clip(index, 0, size - 1)", "np.clip(index, 0, size - 2)"),
        ("centred clamp below", "np.clip(index, 0, size - 1)", "np.clip(index, 1, size - 1)"),
        ("sigmoid's span", '"sigmoid": 16', '"sigmoid": 8'),
        ("tanh's span", '"tanh": 8', '"tanh": 16'),
        ("softsign's span", '"softsign": 16', '"softsign": 8'),
        ("softplus's span", '"softplus": 16', '"softplus": 8'),
        ("elu's span", '"elu": 8', '"elu": 16'),
        (
            "hard functions not clipped above",
            "np.clip(line, 0, min(one, full.raw_max))",
            "np.maximum(line, 0)",
        ),
        (
            "hard functions not clipped below",
            "np.clip(line, 0, min(one, full.raw_max))",
            "np.minimum(line, min(one, full.raw_max))",
        ),
        (
            "hard functions without shift",
            "line = line + aligned(shift.raw, shift.format, full)",
            "line = line + 0 * shift.raw",
        ),
        (
            "hard functions clip one LSB low",
            "min(one, full.raw_max)), full",
            "max(min(one, full.raw_max) - 1, 0)), full",
        ),
        (
            "hard_tanh doubles after its cast",
            "return cast(2 * clipped - (1 << wide.frac), wide, op.result)  #",
            "return 2 * cast(clipped, wide, op.result) - _integer(op, 1)  #",
        ),
        (
            "binary tanh of zero",
            "return np.where(x >= 0, _integer(op, 1), low)",
            "return np.where(x > 0, _integer(op, 1), low)",
        ),
        (
            "binary tanh gives -1 in uint<1>",
            "0 if one_bit else _integer(op, -1)",
            "_integer(op, -1)",
        ),
        (
            "ternary tanh at 1",
            "one = np.where(_above(x, f, 1)",
            "one = np.where(~_above(-x, f, -1)",
        ),
        (
            "ternary tanh at -1",
            "return np.where(_above(x, f, -1), one",
            "return np.where(~_above(-x, f, 1), one",
        ),
        ("ternary tanh does not double", "cast(2 * roomy(x, wide.width), wide, f)", "x"),
        (
            "ternary tanh doubles exactly",
            "_ternary(op, cast(2 * roomy(x, wide.width), wide, f), f)",
            "_ternary(op, 2 * roomy(x, wide.width), f)",
        ),
    ),
    *_of(
        "emu/exact.py",
        "activation",
        (
            "index rounds down",
            "np.where(scaled < 0, -(-scaled // down), scaled // down)",
            "scaled // down",
        ),
        (
            "index rounds away",
            "np.where(scaled < 0, -(-scaled // down), scaled // down)",
            "np.where(scaled < 0, scaled // down, -(-scaled // down))",
        ),
        (
            "index keeps more than 32 bits",
            "return int32(quotient << max(-format.frac, 0))",
            "return np.clip(quotient << max(-format.frac, 0), -(1 << 60), 1 << 60).astype(np.int64)",
        ),
        (
            "index of I > W divided exactly",
            "    quotient = np.where(scaled < 0, -(-scaled // down), scaled // down)\n    return int32(quotient << max(-format.frac, 0))",
            "    scaled = scaled << max(-format.frac, 0)\n    quotient = np.where(scaled < 0, -(-scaled // down), scaled // down)\n    return int32(quotient)",
        ),
        ("limit rounded", "raw >> -shift", "-(-raw >> -shift)"),
    ),
    *_of(
        "emu/ops/dense.py",
        "dense",
        (
            "ascending order only",
            "i for start in range(self.interleave) for i in range(start, n_in, self.interleave)",
            "i for i in range(n_in)",
        ),
        (
            "blocks instead of interleaving",
            "i for start in range(self.interleave) for i in range(start, n_in, self.interleave)",
            "i for start in range(n_in // self.interleave)"
            " for i in range(start, n_in, n_in // self.interleave)",
        ),
        (
            "bias keeps its bits",
            "start=cast(self.bias.raw, self.bias.format, self.accum)",
            "start=self.bias.raw",
        ),
        ("weights not in the inputs' order", "self.weight.raw[order].T", "self.weight.raw.T"),
    ),
    *_of(
        "emu/linear.py",
        "dense",
        (
            "sat_bits wrap freely",
            "is Overflow.WRAP and not self.accum.sat_bits",
            "is Overflow.WRAP",
        ),
        (
            "result not cast",
            "return cast(out.T, self.accum, self.result)",
            "return np.ascontiguousarray(out.T)",
        ),
        (
            "wide products not cast",
            "out[:, columns] + cast(products, self.product, self.accum)",
            "out[:, columns] + (products >> max(self.shift, 0) << max(-self.shift, 0))",
        ),
        (
            "wide sums wrap",
            "cast(total, wide, self.accum)",
            "cast(total, wide, Format(self.accum.width, self.accum.integer, self.accum.signed))",
        ),
        ("greatest norm of all rows", "max(self.sums(np.abs(self._weights)), default=0)", "0"),
    ),
    *_of(
        "emu/engine/loops.py",
        "engine_paths",
        (
            "sum truncated once",
            "a[b] += (xe[b] * w + bias) >> shift",
            "a[b] += (xe[b] * w + bias + (1 if e == pointer[j] else 0)) >> shift",
        ),
        (
            "products not rounded alone",
            "m = round_raw(p, shift, bias, sign_mask, odd_mask, flip)\n",
            "m = p >> shift if shift > 0 else p << -shift\n",
        ),
        ("products not limited", "m = low if over < 0 else (high if over > 0 else m)\n", ""),
        (
            "sums not limited below",
            "a[b] = min(max(a[b] + m, low), high)\n                else",
            "a[b] = min(a[b] + m, high)\n                else",
        ),
        (
            "sums not limited above",
            "a[b] = min(max(a[b] + m, low), high)\n                else",
            "a[b] = max(a[b] + m, low)\n                else",
        ),
        ("deleted bit of a sum", "deleted = (s >> width) & 1", "deleted = (s >> (width - 1)) & 1"),
        (
            "deleted bit of a product",
            "deleted = (p >> index) & 1 if 0 <= index < 64 else np.int64(0)",
            "deleted = np.int64(0)",
        ),
        (
            "32-bit products not limited",
            "                m = min(max(m, low), high)\n",
            "",
        ),
        (
            "32-bit sums not limited below",
            "a[b] = min(max(np.int32(a[b] + m), low), high)",
            "a[b] = min(np.int32(a[b] + m), high)",
        ),
        (
            "second product of a group taken twice",
            "r = np.int32(np.int32(np.int32(x2[b]) * w2) >> shift)",
            "r = np.int32(np.int32(np.int32(x1[b]) * w2) >> shift)",
        ),
        ("32-bit rounding constant left out", "elif bias == 0:", "elif bias != -1:"),
        ("floats not lifted", "(np.int64(row[b]) << lift)", "(np.int64(row[b]))"),
        ("relu is one high", "row[b] = max(row[b], 0)", "row[b] = max(row[b], 1)"),
    ),
    *_of(
        "emu/engine/lanes.py",
        "engine_paths",
        (
            "half of a product too high",
            "_ir.Constant(_ir.IntType(16), 15)",
            "_ir.Constant(_ir.IntType(16), 14)",
        ),
        (
            "saturating addition wraps",
            "_add_saturated(a[b], m), bottom), top)\n            elif",
            "_add(a[b], m), bottom), top)\n            elif",
        ),
        (
            "large product not clamped",
            "m = np.int16(min(max(np.int32(p >> shift), lowest), highest))",
            "m = np.int16(np.int32(p >> shift))",
        ),
        (
            "low half of a saturating product",
            "m = _add(_high(xe[b], low), _low(xe[b], high))",
            "m = _high(xe[b], low)",
        ),
    ),
    *_of(
        "emu/engine/paths.py",
        "engine_paths",
        (
            "sums bounded without start",
            "return (exact << -linear.shift) + linear.largest_start",
            "return exact << -linear.shift",
        ),
        (
            "sums bounded without rounding",
            "return (exact >> linear.shift) + linear.longest + linear.largest_start",
            "return (exact >> linear.shift) + linear.largest_start",
        ),
        (
            "unsigned accumulators stay inside",
            "return accum.signed and partial_bound",
            "return partial_bound",
        ),
        ("inside one beyond", "<= accum.raw_max\n", "<= accum.raw_max + 1\n"),
        ("mantissa of 25 bits", '("float32", 24)', '("float32", 25)'),
        ("mantissa of 54 bits", '("float64", 53)', '("float64", 54)'),
        ("floats drop bits", "if -62 <= linear.shift <= 0 and", "if -62 <= linear.shift and"),
        (
            "17 bits wrap to 16",
            "return linear.accum.width <= bits if not inside else bound < 1 << (bits - 1)",
            "return linear.accum.width <= bits + 1 if not inside else bound < 1 << (bits - 1)",
        ),
        ("a sum of 16 bits and a sign", "bound < 1 << (bits - 1)", "bound < 1 << bits"),
        ("products of 32 bits", "(product < 1 << 31 and", "(product < 1 << 32 and"),
        (
            "ordered products of 32 bits",
            "small = limit < 1 << 31 and",
            "small = limit < 1 << 32 and",
        ),
        ("halves of 17 bits", "return into.shift <= 16 and", "return into.shift <= 17 and"),
        (
            "any rounding by halves",
            "into.bias in (0, (1 << into.shift) >> 1 if into.shift > 0 else 0)",
            "True",
        ),
        (
            "low half unsigned",
            "((weight + half) & ((1 << shift) - 1)) - half",
            "weight & ((1 << shift) - 1)",
        ),
    ),
    *_of(
        "emu/engine/steps.py",
        "engine_paths",
        (
            "products that leave 16 bits unnoticed",
            "leaves = furthest > linear.accum.raw_max",
            "leaves = furthest > 2 * linear.accum.raw_max + 1",
        ),
    ),
    *_of(
        "emu/engine/plan.py",
        "engine_paths",
        (
            "wrap left out",
            "Epilogue() if exact or whole else",
            "Epilogue() if exact or not whole else",
        ),
        (
            "result of sums not cast",
            "epilogue = epilogue.cast(linear.accum, linear.result, interval)\n",
            "epilogue = epilogue.cast(linear.accum, linear.accum, interval)\n",
        ),
        ("interval ignores wraps", "if stats.wraps or stats.saturations:", "if stats.saturations:"),
        ("fused although kept", "while node.name not in self.keep:", "while True:"),
    ),
    *_of(
        "emu/ops/batch_normalization.py",
        "dense",
        (
            "product cast before the sum",
            "aligned(roomy(flat, full.width) * self.scale.raw.reshape(-1), product, full)",
            "aligned(cast(roomy(flat, full.width) * self.scale.raw.reshape(-1), product, self.result), self.result, full)",
        ),
        (
            "channels repeated in blocks",
            "flat = x.reshape(len(x), -1, self.scale.raw.size)\n        total",
            "flat = x.reshape(len(x), self.scale.raw.size, -1).swapaxes(1, 2)\n        total",
        ),
    ),
    *_of(
        "emu/ops/convolution.py",
        "convolution",
        (
            "padding after instead of before",
            "at = out * stride + step - before",
            "at = out * stride + step",
        ),
        (
            "dilation dropped",
            "np.arange(kernel) * dilation\n",
            "np.arange(kernel)\n",
        ),
        (
            "transposed: places between the inputs see one too",
            "np.where(rest == 0, at, -1)",
            "np.where(rest >= 0, at, -1)",
        ),
        (
            "transposed: nothing cut off before",
            "np.divmod(out + before - step, stride)",
            "np.divmod(out - step, stride)",
        ),
        (
            "rows of the image as long as it is high",
            "outer * n + inner)",
            "outer * len(spatial) + inner)",
        ),
        (
            "cells of padding read the first cell",
            "tap = self.taps(spatial)[:, order // each]",
            "tap = np.maximum(self.taps(spatial)[:, order // each], 0)",
        ),
        (
            "every group reads the first channels",
            "channel = group[:, None] * each + order % each",
            "channel = group[:, None] * 0 + order % each",
        ),
        (
            "outputs of a group lie apart",
            "group = np.arange(filters) // (filters // self.groups)",
            "group = np.arange(filters) % self.groups",
        ),
        (
            "weights in ascending order, inputs in passes",
            "self.weight.raw.reshape(-1, filters)[order].T",
            "self.weight.raw.reshape(-1, filters).T",
        ),
        (
            "one bias for all filters of a position",
            "start=np.tile(",
            "start=np.repeat(",
        ),
        (
            "bias not cast to accum",
            "cast(self.bias.raw, self.bias.format, self.accum), len(tap)",
            "self.bias.raw, len(tap)",
        ),
        (
            "reference without the bias",
            "filters) + self.bias.value",
            "filters)",
        ),
    ),
    *_of(
        "emu/frontends/keras/convolution.py",
        "loading_convolution",
        (
            "causal padding after",
            "return ((before, 0),)",
            "return ((0, before),)",
        ),
        (
            "a part keeps the other's accumulator",
            'for variable in (other, f"{other}_accum", f"{other}_result")',
            "for variable in (other,)",
        ),
        (
            "what a transposed one cuts off lies after",
            "max(cut, 0) // 2 if",
            "0 if",
        ),
    ),
    *_of(
        "emu/ops/reshape.py",
        "dense",
        (
            "column-major",
            "-> Raw:\n        return inputs[0].reshape(-1, *self.target)",
            "-> Raw:\n        return inputs[0].reshape(-1, *self.target[::-1]).swapaxes(1, 2)",
        ),
    ),
    *_of(
        "emu/ops/softmax.py",
        "softmax",
        (
            "difference reversed",
            "x.max(axis=1, keepdims=True) - x",
            "x - x.max(axis=1, keepdims=True)",
        ),
        (
            "difference from the minimum",
            "x.max(axis=1, keepdims=True) - x",
            "x - x.min(axis=1, keepdims=True)",
        ),
        (
            "exponential not cast to accum",
            "e = cast(self.exponential.raw, self.exponential.format, self.accum)[index]",
            "e = self.exponential.raw[index]",
        ),
        (
            "sum not cast to inverse_input",
            "total = cast(_tree_sum(e, self.accum), self.accum, self.inverse_input)",
            "total = _tree_sum(e, self.accum)",
        ),
        ("tree is a chain", "left = 1 << ((n - 1).bit_length() - 1)", "left = n - 1"),
        ("tree is halved", "left = 1 << ((n - 1).bit_length() - 1)", "left = (n + 1) // 2"),
        ("tree cast once", "return cast(total, growth.add(accum, accum), accum)", "return total"),
        (
            "top bits one too low",
            "format.width - size.bit_length() + 1)",
            "format.width - size.bit_length())",
        ),
        ("top bits signed", "+ 1)) & (size - 1)", "+ 1)) & (size // 2 - 1)"),
        (
            "result cast by halves",
            "return cast(roomy(e, product.width) * scale[:, None], product, self.result)",
            "return cast(cast(roomy(e, product.width) * scale[:, None], product, self.accum), self.accum, self.result)",
        ),
        ("legacy sum not cast", "total = cast(total + term, wide, format)", "total = total + term"),
        (
            "legacy skips itself",
            "term = one if i == j else table.raw[index]",
            "term = table.raw[index]",
        ),
        (
            "legacy difference reversed",
            "int_steps(x[:, j] - x[:, i]",
            "int_steps(x[:, i] - x[:, j]",
        ),
        (
            "legacy exponential span",
            "int_steps(x[:, j] - x[:, i], apart, table.size, 16)",
            "int_steps(x[:, j] - x[:, i], apart, table.size, 8)",
        ),
        (
            "legacy inverse span",
            "int_steps(total, format, self.inverse.size, 64)",
            "int_steps(total, format, self.inverse.size, 32)",
        ),
        ("legacy index off by one", "steps + table.size // 2)", "steps + table.size // 2 - 1)"),
        (
            "legacy index does not wrap",
            "int32(steps + table.size // 2)",
            "(steps + table.size // 2)",
        ),
        (
            "legacy inverse not clamped below",
            "index = np.clip(index, 0, self.inverse.size - 1)\n            y",
            "index = np.minimum(index, self.inverse.size - 1)\n            y",
        ),
        (
            "argmax takes the last",
            "x.argmax(axis=1)] =",
            "x.shape[1] - 1 - x[:, ::-1].argmax(axis=1)] =",
        ),
        (
            "inner axis mixed up",
            "x = inputs[0].reshape(-1, self.n_outer, self.n_slice, self.n_inner).swapaxes(2, 3)",
            "x = inputs[0].reshape(-1, self.n_outer, self.n_inner, self.n_slice)",
        ),
    ),
    *_of(
        "emu/tables.py",
        "table",
        (
            "positions at the centre",
            "span * (i + low * float(np.float32(size)))",
            "span * (i + 0.5 + low * float(np.float32(size)))",
        ),
        (
            "positions off by one",
            "i = np.arange(size, dtype=np.float64)",
            "i = np.arange(size, dtype=np.float64) + 1",
        ),
        (
            "positions kept in double",
            "/ float(np.float32(size))).astype(np.float32)",
            "/ float(np.float32(size)))",
        ),
        (
            "sigmoid in double",
            "(np.float32(1) + expf(-x)).astype(np.float64)",
            "(1.0 + expf(-x).astype(np.float64))",
        ),
        (
            "sigmoid divides in single",
            "(1.0 / (np.float32(1) + expf(-x)).astype(np.float64)).astype(np.float32)",
            "np.float32(1) / (np.float32(1) + expf(-x))[::-1]",
        ),
        (
            "tanh in double",
            '_call("tanhf", ctypes.c_float, x)',
            '_call("tanh", ctypes.c_double, x.astype(np.float64))',
        ),
        (
            "softplus in single",
            '_call("log", ctypes.c_double, inner).astype(np.float32)',
            '_call("logf", ctypes.c_float, inner.astype(np.float32))',
        ),
        (
            "softsign in single",
            "(x.astype(np.float64) / (np.abs(x).astype(np.float64) + 1.0)).astype(np.float32)",
            "x / (np.abs(x) + np.float32(1))",
        ),
        (
            "elu without its offset",
            "(expf(x).astype(np.float64) - 1.0).astype(np.float32)",
            "expf(x)",
        ),
        (
            "selu's product the other way",
            "(1.0507009873554804934193349852946 * inner).astype(np.float32)",
            "np.float32(1.0507009873554804934193349852946) * inner.astype(np.float32)",
        ),
        ("tanh's span", '"tanh": (_tanh, -0.5, 8.0)', '"tanh": (_tanh, -0.5, 16.0)'),
        ("exponential of the wrong sign", "expf(-x if negative else x)", "expf(x)"),
        ("scale left out", "* np.float32(scale)", "* np.float32(1)"),
        (
            "address unsigned",
            "    if format.signed:\n        code =",
            "    if False:\n        code =",
        ),
        (
            "inverse in double",
            "values = np.float32(1) / _address_values(address, size)",
            "values = 1.0 / _address_values(address, size).astype(np.float64)",
        ),
        (
            "infinity is zero",
            "else Fraction(int(np.sign(value)) << 1024)",
            "else Fraction(0)",
        ),
        (
            "legacy inverse in single",
            "x = _grid(inverse_size, 0.0, 64.0).astype(np.float64)",
            "x = _grid(inverse_size, 0.0, 64.0)",
        ),
        ("legacy 1 / 0", "out=np.zeros_like(x)", "out=np.ones_like(x)"),
    ),
    *_of(
        "fxp/casting.py",
        "cast",
        ("RND ties down", "Rounding.RND: (half, 0, 0, 0)", "Rounding.RND: (half - 1, 0, 0, 0)"),
        (
            "RND_ZERO as RND_MIN_INF",
            "Rounding.RND_ZERO: (half - 1, 1, 0, 0)",
            "Rounding.RND_ZERO: (half - 1, 0, 0, 0)",
        ),
        (
            "RND_CONV to odd",
            "Rounding.RND_CONV: (half - 1, 0, 1, 0)",
            "Rounding.RND_CONV: (half - 1, 0, 1, 1)",
        ),
        (
            "TRN_ZERO as TRN",
            "Rounding.TRN_ZERO: (0, mask, 0, 0)",
            "Rounding.TRN_ZERO: (0, 0, 0, 0)",
        ),
        ("SAT_SYM as SAT", "            low = -high\n", "            low = low\n"),
        (
            "carry shifted as signed",
            ">> np.uint64(shift)\n    return floor + np.int64(carry)",
            ">> np.uint64(shift)\n    carry = (rest + ((floor ^ flip) & odd_mask)) >> shift\n    return floor + np.int64(carry)",
            "tests/fxp/test_fxp_random.py::test_casts_that_drop_many_bits",
        ),
    ),
    *_of(
        "emu/engine/loops.py",
        "engine_paths",
        (
            "floats keep their start out",
            "(np.int64(row[b]) << lift) + first",
            "(np.int64(row[b]) << lift)",
        ),
        (
            "32-bit ties",
            "np.int32(np.int32(np.int32(np.int32(v + bias) + sign) + odd) >> down)",
            "np.int32(np.int32(np.int32(v + bias) + sign) >> down)",
        ),
        (
            "64-bit ties",
            "odd = ((v >> down) ^ flip) & odd_mask\n        r",
            "odd = 0\n        r",
        ),
    ),
    *_of(
        "emu/engine/epilogue.py",
        "engine_paths",
        (
            "wrap one bit wide",
            "values[10] = max(bits - self.keep, 0)",
            "values[10] = max(bits - 1 - self.keep, 0)",
        ),
        ("unsigned wrap left out", "else Stage(mask=into.high)", "else Stage()"),
        ("cast without its bound", "Stage(*ends, low=into.low, high=into.high)", "Stage(*ends)"),
        (
            "appended zeros clamp one step low",
            "ends = (-(-into.low >> up) - 1, (into.high >> up) + 1) if up",
            "ends = (-(-into.low >> up), into.high >> up) if up",
        ),
        ("table one entry off", "table=table, base=base)", "table=table, base=base + 1)"),
        (
            "int32 stages without their bound",
            "narrow=narrow and (floors or furthest < 1 << 31)",
            "narrow=narrow",
        ),
        (
            "int32 casts of 33 bits",
            "format.width + (not format.signed) <= 32",
            "format.width <= 32",
            "tests/emu/test_engine_paths.py::TestEpilogues::test_which_casts_run_on_int32",
        ),
        (
            "relu lost where no sum precedes",
            "        if not self.relu:\n            return self\n",
            "        if self.stages or self.empty or self.relu:\n            return self\n",
        ),
    ),
    *_of(
        "emu/engine/lanes.py",
        "engine_paths",
        (
            "no rounding by halves",
            "_half(x3[b], w3))\n                    a[b] = _add(a[b], _add(p, q))\n        for e",
            "_half(x3[b], w3))\n                    a[b] = a[b]\n        for e",
        ),
        (
            "no rounding of a second output",
            "_half(x3[b], v3))\n                    c[b] = _add(c[b], _add(p, q))",
            "_half(x3[b], v3))\n                    c[b] = c[b]",
        ),
    ),
    *_of(
        "emu/engine/steps.py",
        "engine_paths",
        (
            "one output's weights for both",
            "both[place, output % 2] = weight[kept]",
            "both[place, 0] = weight[kept]",
        ),
        (
            "rows read twice become one",
            "(output // 2 * span + row) * most + times",
            "(output // 2 * span + row) * most",
        ),
    ),
    *_of(
        "emu/ops/batch_normalization.py",
        "dense",
        (
            "bias not aligned",
            "total = total + aligned(self.bias.raw.reshape(-1), self.bias.format, full)",
            "total = total + self.bias.raw.reshape(-1)",
        ),
    ),
    *_of(
        "fxp/casting.py",
        "cast",
        (
            "deleted bit one too high",
            "    index = width + shift\n    if shift > 0 and signed",
            "    index = width + shift + 1\n    if shift > 0 and signed",
        ),
    ),
]
