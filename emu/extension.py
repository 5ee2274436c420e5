"""Layers of your own: read from Keras files, emulated, generated and signed off as ours are.

docs/extensions.md leads through examples/own_layer, which is a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .frontends.vocabulary import PRECISIONS, TYPE_NAMES
from .op import Op
from .ops import OPERATORS

if TYPE_CHECKING:
    from .draft import Draft, Layer
    from .frontends.keras.reader import Entry, Reader

__all__ = ["Extension", "by_class"]


@dataclass(frozen=True, kw_only=True)
class Extension:
    """``keras_class -> read -> types -> lower -> operator``: a layer class, for ``emu.load``.

    keras_class: the layer's class name in the file, without ``package>``. operator: its Op, which
    carries the kernel, and the C++ header in ``header`` and ``header_folder``.
    read: ``tensor = read(reader, entry, inputs)`` adds a draft layer of kind ``keras_class``.
    lower: ``op = lower(draft, layer)``, when every type is known.
    precisions: the Precision variables that act on it; the model's default type where one is auto.
    weights: names of the trained arrays in the order in which the Keras layer makes them: a
    ``.keras`` archive has that order and no names.

    Raises ValueError for a class that emu reads itself, and for an unknown variable; TypeError
    where operator is no subclass of Op.
    """

    keras_class: str
    operator: type[Op]
    read: Callable[[Reader, Entry, list[str]], str]
    lower: Callable[[Draft, Layer], Op]
    precisions: tuple[str, ...] = ("result",)
    weights: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_]\w*", self.keras_class):
            raise ValueError(f"keras_class must be a class name, not {self.keras_class!r}")
        if self.keras_class in TYPE_NAMES:
            raise ValueError(
                f"keras_class must not be a class of hls4ml, as {self.keras_class!r} is:"
                " the configuration could not tell them apart; rename the layer"
            )
        if not (isinstance(self.operator, type) and issubclass(self.operator, Op)):
            raise TypeError(f"operator must be a subclass of emu.op.Op, not {self.operator!r}")
        if self.operator.__name__ in {own.__name__ for own in OPERATORS}:
            raise ValueError(
                f"operator must have a name of its own, not {self.operator.__name__!r}: graphs are"
                " stored by these names"
            )
        unknown = sorted(set(self.precisions) - set(PRECISIONS))
        if unknown or "result" not in self.precisions:
            raise ValueError(
                f"precisions must have result and be of {', '.join(PRECISIONS)},"
                f" not {self.precisions!r}"
            )


def by_class(extensions: Iterable[Extension], known: Iterable[str] = ()) -> dict[str, Extension]:
    """Extensions by ``keras_class``, each once and none in ``known``.

    Raises ValueError naming the class, TypeError for what is no Extension.
    """
    found: dict[str, Extension] = {}
    for extension in extensions:
        if not isinstance(extension, Extension):
            raise TypeError(f"extensions must be emu.Extension, not {extension!r}")
        name = extension.keras_class
        if name in found or name in known:
            where = "emu reads it itself" if name in known else "two extensions have it"
            raise ValueError(f"keras_class of an extension must be its own, not {name!r}: {where}")
        found[name] = extension
    names = [extension.operator.__name__ for extension in found.values()]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"operators of extensions must have different names, not {name!r} twice"
            )
    return found
