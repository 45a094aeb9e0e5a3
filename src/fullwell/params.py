"""Declared parameters and registered operators: the only framework.

An operator is a frozen dataclass in a file of its own, and the file's name is its id. A parameter is declared once
with `param` and serves validation, the command line, the recipe, the documents and the tests. The registry learns
the ids from the file names, so naming an operator imports none of them.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import sys
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from fullwell.errors import ParameterError, UsageError, did_you_mean

__all__ = ["FAMILIES", "Operator", "Param", "build", "find", "ids", "lazy_family", "operator", "operators", "param"]

# One package each, in the order of the work.
FAMILIES = ("align", "exposures", "response", "merge", "fuse", "tonemap", "finish")


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter: `lo..hi` is legal, `soft` is where a slider lives."""

    name: str
    default: Any
    lo: float | None
    hi: float | None
    soft: tuple[float, float] | None
    scale: str  # "linear" or "log": how a slider should move
    unit: str
    choices: tuple[str, ...]
    help: str

    @property
    def kind(self) -> type:
        return type(self.default)

    @property
    def legal(self) -> str:
        """The legal values in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "a text"
        noun = "a whole number" if self.kind is int else "a number"
        if self.lo is not None and self.hi is not None:
            return f"{noun} between {self.lo:g} and {self.hi:g}"
        if self.lo is not None:
            return f"{noun} of at least {self.lo:g}"
        return f"{noun} of at most {self.hi:g}" if self.hi is not None else noun

    @property
    def told(self) -> str:
        """The help of a flag: what it does, what is legal, the default."""
        return f"{self.help} Legal: {self.legal}. [{self.default}{self.unit and ' ' + self.unit}]"

    def check(self, owner: str, value: Any) -> Any:
        """The value in its declared type; raises ParameterError naming operator, parameter, bound and value."""
        good = self._convert(value)
        if good is None:
            raise ParameterError(f"{owner}: {self.name} must be {self.legal}, got {value!r}.")
        return good

    def _convert(self, value: Any) -> Any:
        if self.kind is bool:
            named = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False}
            named["0"] = False
            return value if isinstance(value, bool) else named.get(str(value).lower())
        if self.kind is str:
            return value if isinstance(value, str) and (not self.choices or value in self.choices) else None
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        inside = (self.lo is None or number >= self.lo) and (self.hi is None or number <= self.hi)
        if isinstance(value, bool) or not math.isfinite(number) or not inside:
            return None
        if self.kind is int:
            return int(number) if number == int(number) else None
        return number


def param(
    default: Any,
    lo: float | None = None,
    hi: float | None = None,
    *,
    soft: tuple[float, float] | None = None,
    scale: str = "linear",
    unit: str = "",
    choices: tuple[str, ...] = (),
    help: str,  # noqa: A002
) -> Any:
    """Declare a parameter of an operator; its type is the type of the default."""
    declared = Param("", default, lo, hi, soft, scale, unit, choices, help)
    return dataclasses.field(default=default, metadata={"param": declared})


class Operator(ABC):
    """What every operator can do; the fields of a subclass are its parameters."""

    id: ClassVar[str]
    family: ClassVar[str]
    title: ClassVar[str]
    cite: ClassVar[str]

    def __post_init__(self) -> None:
        for p in self.params():
            object.__setattr__(self, p.name, p.check(self.id, getattr(self, p.name)))

    @classmethod
    def params(cls) -> tuple[Param, ...]:
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]
        return tuple(dataclasses.replace(f.metadata["param"], name=f.name) for f in fields)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """An instance with some parameters set; an unknown name gets a hint."""
        known = [p.name for p in cls.params()]
        for given in values:
            if given not in known:
                raise ParameterError(f"{cls.id} has no parameter {given!r}; {did_you_mean(given, known)}")
        return cls(**values)

    def values(self) -> dict[str, Any]:
        """Parameter names and values, ready for a recipe."""
        return {p.name: getattr(self, p.name) for p in self.params()}

    @classmethod
    def summary(cls) -> str:
        """The first line of the operator's file."""
        return (sys.modules[cls.__module__].__doc__ or "").strip().splitlines()[0]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Everything a form, a page or another program needs to know, as plain data."""
        params = [dataclasses.asdict(p) | {"type": p.kind.__name__} for p in cls.params()]
        head = {"id": cls.id, "family": cls.family, "title": cls.title, "cite": cls.cite}
        return head | {"summary": cls.summary(), "params": params}


C = TypeVar("C", bound=type[Operator])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def operator(*, family: str, title: str, cite: str) -> Callable[[C], C]:
    """Make a class an operator of a family: a frozen, keyword-only, validated dataclass named after its file."""

    def register(cls: C) -> C:
        cls.id, cls.family, cls.title, cls.cite = cls.__module__.rpartition(".")[2], family, title, cite
        return dataclass(frozen=True, kw_only=True)(cls)  # type: ignore[return-value]

    return register


def ids(family: str) -> tuple[str, ...]:
    """The ids of a family, from its file names alone."""
    if family not in FAMILIES:
        raise UsageError(f"no family is called {family!r}; {did_you_mean(family, FAMILIES)}")
    folder = Path(__file__).parent / family
    return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")))


def find(family: str, name: str) -> type[Operator]:
    """The operator of an id, or of an id without its year (`drago` for `drago03`)."""
    known = ids(family)
    matches = [i for i in known if name.lower() in (i, i.rstrip("0123456789"))]
    if len(matches) != 1:
        short = [i.rstrip("0123456789") for i in known]
        raise UsageError(f"{family}: no operator is called {name!r}; {did_you_mean(name.lower(), short)}")
    module = importlib.import_module(f"fullwell.{family}.{matches[0]}")
    return next(
        v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Operator) and hasattr(v, "id")
        and v.__module__ == module.__name__ and v.id == matches[0]
    )  # fmt: skip


def build(family: str, name: str, values: Mapping[str, Any] | None = None) -> Operator:
    """An operator with some parameters set; unknown names get a hint."""
    return find(family, name).of(values or {})


def operators() -> Iterator[type[Operator]]:
    """Every operator there is, family by family."""
    for family in FAMILIES:
        for name in ids(family):
            yield find(family, name)


def lazy_family(package: str) -> tuple[Callable[[str], type[Operator]], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a family's package: `align.MTB03` imports `align/mtb03.py` when asked."""
    family = package.rpartition(".")[2]

    def getattr_(name: str) -> type[Operator]:
        if name.lower() in ids(family):
            cls = find(family, name)
            if cls.__name__ == name:
                return cls
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def dir_() -> list[str]:
        return [find(family, i).__name__ for i in ids(family)]

    return getattr_, dir_
