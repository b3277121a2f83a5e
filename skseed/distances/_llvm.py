"""Write small native functions as expressions and loops in Python, and compile them with llvmlite.

A `Function` collects instructions of LLVM's text format; `compile_function` returns a ``ctypes`` function,
which releases the interpreter lock. A function of the kernels compiles in a few hundredths of a second, so
nothing is stored on disk.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import llvmlite.binding as llvm

INT, BYTE, SHORT, WORD, BOOL, POINTER = "i32", "i8", "i16", "i64", "i1", "ptr"

_compile_lock = Lock()
# compiled code is freed with its engine
_engines: list[Any] = []


def vector(width: int, element: str) -> str:
    """Return the type of a vector."""
    return f"<{width} x {element}>"


class Value:
    """A value of a function; operators add instructions, and integers are constants of the same type."""

    def __init__(self, function: "Function", kind: str, name: str) -> None:
        self.function, self.kind, self.name = function, kind, name

    def _binary(self, instruction: str, other: "Value | int", kind: str | None = None) -> "Value":
        other = self.function.constant(other, self.kind) if isinstance(other, int) else other
        return self.function.value(kind or self.kind, f"{instruction} {self.kind} {self.name}, {other.name}")

    def __add__(self, other: "Value | int") -> "Value":
        return self._binary("add", other)

    def __sub__(self, other: "Value | int") -> "Value":
        return self._binary("sub", other)

    def __mul__(self, other: "Value | int") -> "Value":
        return self._binary("mul", other)

    def __and__(self, other: "Value | int") -> "Value":
        return self._binary("and", other)

    def __or__(self, other: "Value | int") -> "Value":
        return self._binary("or", other)

    def __xor__(self, other: "Value | int") -> "Value":
        return self._binary("xor", other)

    def __invert__(self) -> "Value":
        return self._binary("xor", -1)

    def __lshift__(self, other: "Value | int") -> "Value":
        return self._binary("shl", other)

    def __rshift__(self, other: "Value | int") -> "Value":
        """Shift to the right without the sign."""
        return self._binary("lshr", other)

    def compare(self, relation: str, other: "Value | int") -> "Value":
        """Compare by "eq" or "ne", as signed by "slt", "sle", "sgt" or "sge", unsigned by "uge"."""
        kind = BOOL if "x" not in self.kind else self.kind[: self.kind.index("x") + 2] + BOOL + ">"
        return self._binary(f"icmp {relation}", other, kind)

    def cast(self, instruction: str, kind: str) -> "Value":
        """Convert by "zext", "sext", "trunc" or "bitcast"."""
        return self.function.value(kind, f"{instruction} {self.kind} {self.name} to {kind}")

    def n_bits(self) -> "Value":
        """Return the number of bits that are set, of each element."""
        suffix = self.kind if "x" not in self.kind else "v" + self.kind[1:-1].replace(" x ", "")
        return self.function.call(self.kind, f"llvm.ctpop.{suffix}", self)

    def smaller(self, other: "Value | int") -> "Value":
        """Return the smaller of two signed numbers."""
        other = self.function.constant(other, self.kind) if isinstance(other, int) else other
        return self.function.call(self.kind, f"llvm.smin.{self.kind}", self, other)

    def larger(self, other: "Value | int") -> "Value":
        """Return the larger of two signed numbers."""
        other = self.function.constant(other, self.kind) if isinstance(other, int) else other
        return self.function.call(self.kind, f"llvm.smax.{self.kind}", self, other)

    def load(self, index: "Value | int", kind: str = WORD, *, align: int | None = None) -> "Value":
        """Read the item at an index of an array, which this pointer is, of items of type `kind`."""
        place = self.at(index, kind)
        return self.function.value(kind, f"load {kind}, ptr {place.name}, align {align or _size(kind)}")

    def store(self, index: "Value | int", value: "Value", *, align: int | None = None) -> None:
        """Write the item at an index of an array."""
        place = self.at(index, value.kind)
        self.function.emit(
            f"store {value.kind} {value.name}, ptr {place.name}, align {align or _size(value.kind)}"
        )

    def at(self, index: "Value | int", kind: str = WORD) -> "Value":
        """Return the pointer to the item at an index."""
        index = self.function.constant(index, WORD) if isinstance(index, int) else index
        return self.function.value(POINTER, f"getelementptr {kind}, ptr {self.name}, i64 {index.name}")


class Function:
    """A native function without a result.

    Parameters
    ----------
    name : str
        The name.
    **parameters : str
        The type of each parameter: ``"ptr"`` or ``"i64"``.
    """

    def __init__(self, name: str, **parameters: str) -> None:
        self.name, self.parameters = name, parameters
        self._lines: list[str] = []
        self._slots: list[str] = []
        self._declared: set[str] = set()
        self._n_names = 0
        for parameter, kind in parameters.items():
            setattr(self, parameter, Value(self, kind, f"%{parameter}"))

    def __getattr__(self, name: str) -> Any:
        # only for type checkers: parameters are attributes
        raise AttributeError(name)

    def emit(self, line: str) -> None:
        """Add an instruction without a result."""
        self._lines.append(line)

    def value(self, kind: str, instruction: str) -> Value:
        """Add an instruction and return its result."""
        result = Value(self, kind, self._name("%v"))
        self.emit(f"{result.name} = {instruction}")
        return result

    def constant(self, number: int, kind: str = WORD) -> Value:
        """Return a constant; for a vector type, all elements are equal."""
        if "x" not in kind:
            return Value(self, kind, str(number))
        width, element = kind[1:-1].split(" x ")
        return Value(self, kind, "<" + ", ".join([f"{element} {number}"] * int(width)) + ">")

    def call(self, kind: str, name: str, *arguments: Value) -> Value:
        """Call an intrinsic of LLVM."""
        self._declared.add(f"declare {kind} @{name}({', '.join(argument.kind for argument in arguments)})")
        values = ", ".join(f"{argument.kind} {argument.name}" for argument in arguments)
        return self.value(kind, f"call {kind} @{name}({values})")

    def array(self, n_items: int, kind: str, *, align: int = 64) -> Value:
        """Return an array on the stack, without content."""
        name = self._name("%a")
        self._slots.append(f"{name} = alloca {kind}, i64 {n_items}, align {align}")
        return Value(self, POINTER, name)

    def variable(self, value: Value | int) -> "Variable":
        """Return a variable with a first value."""
        value = self.constant(value) if isinstance(value, int) else value
        variable = Variable(self.array(1, value.kind, align=_size(value.kind)), value.kind)
        variable.set(value)
        return variable

    @contextmanager
    def loop(self, start: Value | int, stop: Value | int) -> Iterator[Value]:
        """Run the block for each number from start to stop - 1."""
        index = self.variable(start)
        with self.repeat() as leave:
            now = index.get()
            leave(now.compare("sge", stop))
            yield now
            index.set(now + 1)

    @contextmanager
    def repeat(self) -> Iterator[Callable[[Value], None]]:
        """Run the block again and again; call what is yielded with a condition to leave it."""
        body, done = self._name("body"), self._name("done")
        self.emit(f"br label %{body}")
        self.emit(f"{body}:")

        def leave(condition: Value) -> None:
            stay = self._name("stay")
            self.emit(f"br i1 {condition.name}, label %{done}, label %{stay}")
            self.emit(f"{stay}:")

        yield leave
        self.emit(f"br label %{body}")
        self.emit(f"{done}:")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Run the block if a condition holds."""
        then, after = self._name("then"), self._name("after")
        self.emit(f"br i1 {condition.name}, label %{then}, label %{after}")
        self.emit(f"{then}:")
        yield
        self.emit(f"br label %{after}")
        self.emit(f"{after}:")

    def text(self) -> str:
        """Return the module in LLVM's text format."""
        parameters = ", ".join(f"{kind} %{name}" for name, kind in self.parameters.items())
        body = [*self._slots, "br label %start", "start:", *self._lines, "ret void"]
        return "\n".join(
            [f"define void @{self.name}({parameters}) {{", "entry:", *body, "}", *sorted(self._declared)]
        )

    def _name(self, prefix: str) -> str:
        self._n_names += 1
        return f"{prefix}{self._n_names}"


class Variable:
    """A value that changes."""

    def __init__(self, place: Value, kind: str) -> None:
        self.place, self.kind = place, kind

    def get(self) -> Value:
        """Return the value."""
        return self.place.load(0, self.kind)

    def set(self, value: Value) -> None:
        """Change the value."""
        self.place.store(0, value)


def compile_function(function: Function) -> Any:
    """Compile a function for this processor and return it; arrays are passed by their addresses."""
    with _compile_lock:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
        )
        module = llvm.parse_assembly(function.text())
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_vectorization = options.slp_vectorization = False
        passes = llvm.create_pass_builder(machine, options)
        passes.getModulePassManager().run(module, passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        _engines.append(engine)
    types = [ctypes.c_void_p if kind == POINTER else ctypes.c_int64 for kind in function.parameters.values()]
    return ctypes.CFUNCTYPE(None, *types)(engine.get_function_address(function.name))


def _size(kind: str) -> int:
    """Return the alignment of a type in bytes; vectors are aligned as their elements."""
    if kind == POINTER:
        return 8
    return max(1, int(kind.rsplit("i", 1)[1].rstrip(">")) // 8)
