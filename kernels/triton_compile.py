# SPDX-License-Identifier: MIT
"""Compiles an engine's fused-MoE Triton kernel: no GPU, no torch, no import of the engine.

Needs Python 3.9 and Triton. It is run as a script, or sent over its own stdin behind this boot:

    python3 -c 'f = open(0, "rb", 0, closefd=False)
    n = int(f.readline())
    s = b""
    while len(s) < n:
        s += f.read(n - len(s)) or exit(1)
    exec(compile(s, "triton_compile.py", "exec"))'

(the script's length in bytes as a decimal line, the script, then the protocol, all on one stdin).

The protocol is one JSON object a line, requests on stdin, replies on stdout:

    hello    engine|null, kernel_file|null, arch "sm_121", jobs|absent, timeout_s|absent (120)
          -> hello: protocol, python, triton, engine, engine_version, engine_path, config_dir,
             kernel_file, kernel_hash, ptxas, ptxas_version, ptxas_fault (of one that was named
             and does not know the arch), parameters [{name, constexpr, default}]
          -> error: code, text, and of the above what was known by then; the process ends with 1
    compile  id, num_warps, num_stages, constants {name: value}, arguments {name: type},
             hints {name: divisor}, arch|absent (hello's)
          -> compiled: id, cubin (base64), cubin_hash (SHA-256 of the cubin), entry, shared,
             num_warps, registers, spill_bytes, launch_attributes, global_scratch,
             profile_scratch, arguments [{name, type, offset, size}] in launch order,
             param_bytes, ignored, seconds
          -> failed: id, code, text, seconds
    cancel-> cancelled: what waited is dropped, what ran is killed
    bye      (or the end of stdin) ends the process and its children at once

A request that makes no sense is answered by error: code "bad-request", text, id if it had one.
A constant may be a Triton dtype by name ("bf16"); null is Python's None. Every pointer among the
arguments carries the 16-byte hint. Names that the kernel does not have are left out and listed in
`ignored`. Codes of error: protocol, no-triton, no-engine, no-kernel, no-ptxas, bad-request. Codes
of failed: unknown-parameter (the kernel has a parameter that the request does not), ptxas-too-old,
out-of-resources, compile-error, timed-out (twice in a row), crashed.

Results come as they finish. Each compile runs in a forked child (Triton is imported once, before)
in a process group of its own, under an alarm left at its default action, which ends even a process
that is deep in C++.
"""

import sys

# Behind -c the working folder stands first in the path: a folder named "triton" there must not win.
sys.path[:] = [entry for entry in sys.path if entry]

import ast
import base64
import builtins
import collections
import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import platform
import re
import select
import selectors
import shutil
import signal
import struct
import subprocess
import tempfile
import time

PROTOCOL = 1
KERNEL = "fused_moe_kernel"
TIMEOUT_S = 120
PTXAS_TIMEOUT_S = 20  # to say what it is and knows
TEXT_LIMIT = 400
LOG = "log"
LOG_TAIL = 4000

# Where each engine keeps the kernel and its configs, newest layout first, relative to its package.
ENGINES = {
    "sglang": {
        "kernels": (
            "kernels/ops/moe/fused_moe_triton_kernels.py",
            "srt/layers/moe/fused_moe_triton/fused_moe_triton_kernels.py",
        ),
        "configs": (
            "srt/layers/moe/moe_runner/triton_utils/configs",
            "srt/layers/moe/fused_moe_triton/configs",
        ),
    },
}

# Without line information the code is the same and the cubin a third of the size.
ENVIRONMENT = {
    "TRITON_ALWAYS_COMPILE": "1",
    "TRITON_DISABLE_LINE_INFO": "1",
    "TRITON_STORE_BINARY_ONLY": "1",
}
# Settings of the user's shell that would make Triton compile something else, or elsewhere.
UNWANTED = (
    "TRITON_CACHE_MANAGER",
    "TRITON_INTERPRET",
    "TRITON_KERNEL_DUMP",
    "TRITON_KERNEL_OVERRIDE",
    "TRITON_OVERRIDE_ARCH",
    "TRITON_REMOTE_CACHE_BACKEND",
    "USE_IR_LOC",
)
PTXAS_VARIABLES = ("TRITON_PTXAS_PATH", "TRITON_PTXAS_BLACKWELL_PATH")
PTXAS_FIX = (
    "install CUDA 13's ptxas (12.9's for Triton before 3.5) and name it in TRITON_PTXAS_PATH"
    " (and TRITON_PTXAS_BLACKWELL_PATH for newer Triton)"
)
# What a container may use of its cores: microseconds in a period, or "max".
QUOTA_FILE = "/sys/fs/cgroup/cpu.max"
# Compiling yields to the process that keeps the GPU busy.
NICENESS = 10
# How ptxas, and LLVM for it, say that they do not know an arch.
TOO_OLD = ("is not defined for option 'gpu-name'", "does not support target 'sm_")
# Triton's launcher passes up to two pointers after the kernel's own arguments.
SCRATCH = ("global_scratch", "profile_scratch")


class Refusal(Exception):
    """A failure of the world or of a request, with the code that names it in the protocol."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


# ---- The kernel, cut out of the engine's source ----


def find_package(name):
    """The folder of an installed package, without importing it; None when it is not there."""
    spec = importlib.util.find_spec(name)
    folders = spec.submodule_search_locations if spec else None
    return os.path.abspath(list(folders)[0]) if folders else None


def package_version(name, folder):
    """The version by the metadata beside the package, else (editable installs) by any metadata."""
    beside = importlib.metadata.distributions(name=name, path=[os.path.dirname(folder)])
    for distribution in beside:
        return distribution.version
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def first_existing(folder, candidates):
    paths = (os.path.join(folder, candidate) for candidate in candidates)
    return next((path for path in paths if os.path.exists(path)), None)


def find_engine(name):
    """The facts about an installed engine; `kernel_file` is None if it is in no known place."""
    if name not in ENGINES:
        known = ", ".join(ENGINES)
        raise Refusal("no-engine", f"engine {name}: not known, only {known}; or give --kernel FILE")
    folder = find_package(name)
    if folder is None:
        raise Refusal(
            "no-engine",
            f"{name}: not installed for {sys.executable}; name the Python that serves with"
            " --python or its container with --container, or give --kernel FILE",
        )
    return {
        "engine": name,
        "engine_version": package_version(name, folder),
        "engine_path": folder,
        "config_dir": first_existing(folder, ENGINES[name]["configs"]),
        "kernel_file": first_existing(folder, ENGINES[name]["kernels"]),
    }


def find_source(hello):
    """Where the kernel's source lies and the engine that it belongs to, as facts for the hello."""
    facts = dict.fromkeys(
        ("engine", "engine_version", "engine_path", "config_dir", "kernel_file")
    )
    by_hand = hello.get("kernel_file")
    name = hello.get("engine")
    if name is None and not by_hand:
        name = next((known for known in ENGINES if find_package(known)), next(iter(ENGINES)))
    if name is not None:
        facts.update(find_engine(name))
    if by_hand:
        facts["kernel_file"] = os.path.abspath(by_hand)
    if facts["kernel_file"] is None:
        raise Refusal(
            "no-kernel",
            f"{name} {facts['engine_version']}: no {KERNEL} in a known place under"
            f" {facts['engine_path']}; give --kernel FILE",
        )
    return facts


def bound_names(node):
    """The names that a top-level statement binds, as far as a kernel may use them."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    modules = []
    if isinstance(node, ast.ImportFrom) and not node.level:
        modules = [node.module]
    elif isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    if modules and all(module.split(".")[0] == "triton" for module in modules):
        return [alias.asname or alias.name.split(".")[0] for alias in node.names]
    return []


def free_names(node):
    """The names that a top-level statement reads and does not bind itself."""
    read, bound = set(), set(dir(builtins))
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (read if isinstance(part.ctx, ast.Load) else bound).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    return read - bound


def source_of(node, lines):
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno] + [decorator.lineno for decorator in decorators])
    return "\n".join(lines[first - 1 : node.end_lineno])


def cut_kernel(source, path):
    """The kernel's text with the functions and constants that it needs, in the file's own order.

    `triton` and `tl` are given; whatever else it needs must be defined in this file or be
    imported from Triton itself.
    """
    tree = ast.parse(source)
    defined = {name: node for node in tree.body for name in bound_names(node)}
    wanted, queue = {}, [KERNEL]
    while queue:
        name = queue.pop()
        if name in wanted or name in ("triton", "tl"):
            continue
        if name not in defined:
            raise Refusal("no-kernel", f"{path}: {name} is not defined at the file's top level")
        wanted[name] = defined[name]
        queue.extend(free_names(defined[name]))
    lines = source.split("\n")
    future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    head = [source_of(node, lines) for node in future]
    head += ["import triton", "import triton.language as tl"]
    nodes = sorted(set(wanted.values()), key=lambda node: node.lineno)
    return "\n".join(head) + "\n\n\n" + "\n\n\n".join(source_of(n, lines) for n in nodes) + "\n"


def load_kernel(text, folder, origin):
    """The jit function. Triton wants its source in a file: it goes into the private folder."""
    path = os.path.join(folder, KERNEL + ".py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    spec = importlib.util.spec_from_file_location(KERNEL, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        kernel = getattr(module, KERNEL)
        kernel.params
    except Exception as error:
        raise Refusal("no-kernel", f"{origin}: {KERNEL} does not load: {summary(error)}")
    return kernel


def read_kernel(path, folder):
    try:
        with open(path, encoding="utf-8") as file:
            text = cut_kernel(file.read(), path)
    except (OSError, SyntaxError, ValueError) as error:
        raise Refusal("no-kernel", f"{path}: {summary(error)}")
    return load_kernel(text, folder, path), hashlib.sha256(text.encode()).hexdigest()


def describe_parameter(parameter):
    facts = {"name": parameter.name, "constexpr": bool(parameter.is_constexpr)}
    if parameter.has_default:
        default = parameter.default
        plain = default is None or isinstance(default, (bool, int, float, str))
        facts["default"] = default if plain else str(default)
    return facts


# ---- ptxas ----


def capability(arch):
    """121 for "sm_121"."""
    match = re.fullmatch(r"sm_(\d+)", arch) if isinstance(arch, str) else None
    if not match:
        raise Refusal("bad-request", f"arch {arch!r}: not of the form sm_121")
    return int(match.group(1))


def triton_ptxas(arch):
    """The ptxas that this Triton takes for this arch, None if it finds none.

    The one for Blackwell, with its own variable, came with a parameter of get_ptxas.
    """
    from triton.backends.nvidia import compiler

    wants_arch = inspect.signature(compiler.get_ptxas).parameters
    try:
        tool = compiler.get_ptxas(*[capability(arch)] * len(wants_arch))
    except (RuntimeError, OSError):
        return None
    finally:
        # Some versions remember the answer, which is not to outlive a later choice of ours.
        getattr(compiler.get_ptxas, "cache_clear", int)()
    return tool.path if hasattr(tool, "path") else tool[0]


def knows_arch(ptxas, arch, folder):
    """Asked by assembling an empty module, under the name that Triton gives the arch."""
    number = capability(arch)
    source = os.path.join(folder, "empty.ptx")
    with open(source, "w", encoding="ascii") as file:
        file.write(".version 7.0\n.target sm_80\n.address_size 64\n")
    name = f"sm_{number}{'a' if number >= 90 else ''}"
    command = [ptxas, f"--gpu-name={name}", source, "-o", os.path.join(folder, "empty.cubin")]
    quiet = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
    try:
        return subprocess.run(command, timeout=PTXAS_TIMEOUT_S, **quiet).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def ptxas_version(ptxas):
    command = [ptxas, "--version"]
    try:
        text = subprocess.run(
            command, capture_output=True, text=True, timeout=PTXAS_TIMEOUT_S
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"V(\d+\.\d+\.\d+)", text)
    return match.group(1) if match else None


def triton_takes(version):
    """Whether this Triton knows which PTX to write for a ptxas: an old one refuses CUDA 13's."""
    from triton.backends.nvidia import compiler

    try:
        compiler.ptx_get_version(".".join((version or "").split(".")[:2]))
    except (RuntimeError, ValueError):
        return False
    return True


def named_ptxas():
    return [os.environ[variable] for variable in PTXAS_VARIABLES if os.environ.get(variable)]


def too_old(ptxas, arch):
    return f"ptxas {ptxas} ({ptxas_version(ptxas)}) does not know {arch}; {PTXAS_FIX}"


def choose_ptxas(arch, folder):
    """One that the user named, even if it then fails as in Triton; else one that knows `arch`."""
    from triton import __version__ as triton

    own = triton_ptxas(arch)
    named = named_ptxas()
    if named and own is None:
        raise Refusal("no-ptxas", f"ptxas {', '.join(named)}: Triton cannot run it; {PTXAS_FIX}")
    candidates = [own, "/usr/local/cuda/bin/ptxas", shutil.which("ptxas")]
    reasons = []
    for candidate in [own] if own in named else dict.fromkeys(filter(None, candidates)):
        version = ptxas_version(candidate)
        if not triton_takes(version):
            reasons.append(f"{candidate} ({version}) is none that Triton {triton} can use")
        elif candidate in named or knows_arch(candidate, arch, folder):
            return candidate
        else:
            reasons.append(f"{candidate} ({version}) does not know it")
    found = "; ".join(reasons) or "none found"
    raise Refusal("no-ptxas", f"no ptxas for {arch}: {found}; {PTXAS_FIX}")


# ---- The cubin, an ELF file: what ptxas says in .nv.info about the one kernel in it ----

SHT_SYMTAB = 2
EIATTR_FRAME_SIZE = 0x11  # symbol, bytes
EIATTR_KPARAM_INFO = 0x17  # index, ordinal and offset, size in the upper 14 bits
EIATTR_CBANK_PARAM_SIZE = 0x19
EIATTR_REGCOUNT = 0x2F  # symbol, registers
EIFMT_HVAL, EIFMT_SVAL = 3, 4


def elf_sections(image):
    """Name -> (type, bytes) of a little-endian ELF64."""
    (table,) = struct.unpack_from("<Q", image, 0x28)
    count, names_at = struct.unpack_from("<HH", image, 0x3C)
    headers = [struct.unpack_from("<IIQQQQ", image, table + 64 * i) for i in range(count)]
    contents = [image[at : at + size] for _, _, _, _, at, size in headers]
    names = contents[names_at]
    return {
        names[name : names.index(b"\0", name)].decode(): (kind, content)
        for (name, kind, *_), content in zip(headers, contents)
    }


def symbol_index(sections, name):
    names = sections[".strtab"][1]
    symbols = next(content for kind, content in sections.values() if kind == SHT_SYMTAB)
    for index, (at, *_) in enumerate(struct.iter_unpack("<IBBHQQ", symbols)):
        if names[at : names.index(b"\0", at)].decode() == name:
            return index
    raise ValueError(f"the cubin has no symbol {name}")


def nv_info(content):
    """Yield (attribute, value or payload) of a .nv.info section."""
    at = 0
    while at < len(content):
        form, attribute, value = struct.unpack_from("<BBH", content, at)
        at += 4
        if form == EIFMT_SVAL:
            yield attribute, content[at : at + value]
            at += value
        elif form == EIFMT_HVAL:
            yield attribute, value


def read_cubin(image, entry):
    """Registers a thread, stack frame bytes, bytes of parameters, (offset, size) of each."""
    sections = elf_sections(image)
    index = symbol_index(sections, entry)
    of_entry = {}
    for attribute, payload in nv_info(sections[".nv.info"][1]):
        if attribute in (EIATTR_REGCOUNT, EIATTR_FRAME_SIZE):
            symbol, value = struct.unpack("<II", payload)
            if symbol == index:
                of_entry[attribute] = value
    parameters, param_bytes = {}, 0
    for attribute, payload in nv_info(sections[f".nv.info.{entry}"][1]):
        if attribute == EIATTR_KPARAM_INFO:
            _, ordinal, offset, packed = struct.unpack("<IHHI", payload)
            parameters[ordinal] = (offset, packed >> 18)
        elif attribute == EIATTR_CBANK_PARAM_SIZE:
            param_bytes = payload
    return {
        "registers": of_entry[EIATTR_REGCOUNT],
        "spill_bytes": of_entry[EIATTR_FRAME_SIZE],
        "param_bytes": param_bytes,
        "parameters": [parameters[ordinal] for ordinal in sorted(parameters)],
    }


# ---- One compile, in a child ----


def triton_constant(value):
    """A dtype for a name like "bf16" or "bfloat16"; any other value as it is."""
    import triton.language as tl

    if isinstance(value, str):
        for name, dtype in vars(tl).items():
            if isinstance(dtype, tl.dtype) and value in (name, str(dtype)):
                return dtype
    return value


def specialise(kernel, request, origin):
    """Triton's signature, constants and attributes for the request, as its launcher makes them."""
    signature, constants, attributes = {}, {}, {}
    for index, parameter in enumerate(kernel.params):
        name = parameter.name
        if name in request["constants"]:
            constants[name] = triton_constant(request["constants"][name])
        elif name in request["arguments"] and not parameter.is_constexpr:
            signature[name] = request["arguments"][name]
            divisor = 16 if signature[name][0] == "*" else request["hints"].get(name)
            if divisor:
                attributes[(index,)] = [["tt.divisibility", divisor]]
            continue
        elif parameter.has_default:
            constants[name] = parameter.default
        else:
            raise Refusal("unknown-parameter", f"{origin}: no value for its parameter {name}")
        signature[name] = "constexpr"
    return signature, constants, attributes


def launch_arguments(signature, parameters):
    """What is left to pass, in order, with the place of each in the parameter block.

    How many scratch pointers Triton appended is read off the cubin, not off a version.
    """
    left = [(name, kind) for name, kind in signature.items() if kind != "constexpr"]
    extra = len(parameters) - len(left)
    if not 0 <= extra <= len(SCRATCH):
        raise ValueError(f"the cubin takes {len(parameters)} parameters, {len(left)} are known")
    left += [(name, "*i8") for name in SCRATCH[:extra]]
    return [
        {"name": name, "type": kind, "offset": offset, "size": size}
        for (name, kind), (offset, size) in zip(left, parameters)
    ]


def warm_up(kernel, arch):
    """What Triton works out once a process, before the forks rather than in each: hashes of its own
    library and of the kernel's source, the version of ptxas (for a cache key that nobody uses),
    modules that it imports late.
    """
    from triton.backends.nvidia import compiler

    for name in ("code_generator", "compiler"):
        importlib.import_module(f"triton.compiler.{name}")
    for name in ("triton.runtime.cache", "triton.compiler.compiler"):
        getattr(importlib.import_module(name), "triton_key", int)()
    for name in ("triton.experimental.gluon", "triton.language.extra.libdevice"):
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # not in every version
    wants_arch = inspect.signature(compiler.get_ptxas_version).parameters
    try:
        compiler.get_ptxas_version(*[capability(arch)] * len(wants_arch))
    except (RuntimeError, OSError, subprocess.SubprocessError):
        pass  # a ptxas that is not there: the children are given another
    getattr(kernel, "cache_key", None)


def compile_kernel(kernel, request, origin):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    signature, constants, attributes = specialise(kernel, request, origin)
    compiled = triton.compile(
        ASTSource(kernel, signature, constants, attributes),
        target=GPUTarget("cuda", capability(request["arch"]), 32),
        options={"num_warps": request["num_warps"], "num_stages": request["num_stages"]},
    )
    metadata = compiled.metadata._asdict()
    image = compiled.asm["cubin"]
    facts = read_cubin(image, metadata["name"])
    launch = ("num_ctas", "cluster_dims", "launch_cooperative_grid", "launch_pdl")
    given = [*request["constants"], *request["arguments"]]
    return {
        "cubin": base64.b64encode(image).decode("ascii"),
        "cubin_hash": hashlib.sha256(image).hexdigest(),
        "entry": metadata["name"],
        "shared": metadata["shared"],
        "num_warps": metadata["num_warps"],
        "arguments": launch_arguments(signature, facts.pop("parameters")),
        **facts,
        "launch_attributes": {name: metadata[name] for name in launch if name in metadata},
        "global_scratch": metadata.get("global_scratch_size") or 0,
        "profile_scratch": metadata.get("profile_scratch_size") or 0,
        "ignored": [name for name in given if name not in kernel.arg_names],
    }


def summary(error):
    """The first useful lines: Triton's errors quote the kernel, ptxas' the whole command."""
    error = error.__cause__ or error
    text = getattr(error, "error_message", None) or str(error)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return f"{type(error).__name__}: {'; '.join(lines[:3])}"[:TEXT_LIMIT]


def explain(text, error, request):
    """The code and the text for a compile that said `text` and raised `error`, None if it died."""
    if isinstance(error, Refusal):
        return error.code, text
    if any(sign in text for sign in TOO_OLD):
        return "ptxas-too-old", too_old(request["ptxas"], request["arch"])
    if error is None:
        return "crashed", text[-TEXT_LIMIT:]
    if type(error).__name__ == "OutOfResources" or "uses too much shared data" in text:
        return "out-of-resources", summary(error)
    return "compile-error", summary(error)


def isolate(folder, ptxas):
    """Give a child its own folder, log and ptxas; what is left of it goes with the folder."""
    os.environ.update({variable: ptxas for variable in PTXAS_VARIABLES})
    os.environ.update(TMPDIR=folder, TRITON_CACHE_DIR=os.path.join(folder, "cache"))
    tempfile.tempdir = folder
    log = os.open(os.path.join(folder, LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Triton prints the whole PTX when ptxas fails.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")


def run_child(kernel, request, origin, folder, timeout_s, result):
    """The child's whole life: compile, write one JSON object into the pipe `result`, exit."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    os.nice(NICENESS)
    isolate(folder, request["ptxas"])
    try:
        reply = {"op": "compiled", **compile_kernel(kernel, request, origin)}
    except BaseException as error:
        code, text = explain(str(error), error, request)
        reply = {"op": "failed", "code": code, "text": text}
    with open(result, "wb") as pipe:
        pipe.write(json.dumps(reply).encode())


# ---- The server ----


def usable_cores(path=QUOTA_FILE):
    """As many as this process may run on, or its container's quota allows: more compiles at a time
    would have all of the container wait, the timing too.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        with open(path, encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        return cores


class Child:
    """A running compile: its request, its process, its private folder, what it has sent so far."""

    def __init__(self, request, pid, folder):
        self.request, self.pid, self.folder = request, pid, folder
        self.started = time.monotonic()
        self.sent = b""
        self.log = ""

    def end(self):
        """Kill what is left of the process group (ptxas too), reap, keep the end of its log, clean
        up. Returns the wait status.
        """
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        _, status = os.waitpid(self.pid, 0)
        try:
            with open(os.path.join(self.folder, LOG), encoding="utf-8", errors="replace") as file:
                self.log = file.read()[-LOG_TAIL:]
        except FileNotFoundError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


class Requests:
    """Lines from stdin, read past Python's own buffers: the boot has read from it before."""

    def __init__(self):
        self.pending = b""
        self.open = True

    def read(self):
        """Wait for bytes and return the lines that they complete; at the end `open` turns false."""
        chunk = os.read(0, 1 << 16)
        self.open = bool(chunk)
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        return lines


class Server:
    """All the state there is: the kernel, the queue, the children, and the stream of replies."""

    def __init__(self, output, folder):
        self.output, self.folder = output, folder
        self.unsent = bytearray()
        self.selector = selectors.PollSelector()  # epoll takes no plain file
        self.queue = collections.deque()
        self.children = {}
        self.ptxas = {}
        self.kernel = self.origin = self.arch = None
        self.warm = False
        self.jobs, self.timeout_s = usable_cores(), TIMEOUT_S

    def reply(self, message):
        self.unsent += json.dumps(message).encode() + b"\n"

    def send(self):
        """Write what a pipe that select found ready takes without blocking."""
        written = os.write(self.output, self.unsent[: select.PIPE_BUF])
        del self.unsent[:written]

    def send_rest(self, timeout_s):
        """Send while the reader takes it, waiting at most this long (None: for ever) each time."""
        while self.unsent and select.select([], [self.output], [], timeout_s)[1]:
            self.send()

    def run(self):
        """Serve until bye or the end of stdin; the process's exit status."""
        requests = Requests()
        lines = []
        while requests.open and not lines:
            lines = requests.read()
        if not lines:
            return 0
        welcome = self.greet(lines.pop(0))
        self.send_rest(None)
        if not welcome:
            return 1
        self.selector.register(0, selectors.EVENT_READ)
        while requests.open and all(self.handle(line) for line in lines):
            lines = []
            self.start_children()
            for descriptor in self.wait():
                if descriptor == 0:
                    lines = requests.read()
                elif descriptor == self.output:
                    self.send()
                else:
                    self.hear(descriptor)
        self.send_rest(0)
        return 0

    def wait(self):
        """The descriptors that are ready. Replies must not keep us from reading requests: a peer
        that writes many before it reads would wait for us, and we for it.
        """
        if self.unsent:
            self.selector.register(self.output, selectors.EVENT_WRITE)
        ready = [key.fd for key, _ in self.selector.select()]
        if self.unsent:
            self.selector.unregister(self.output)
        return ready

    def greet(self, line):
        facts = {"protocol": PROTOCOL, "python": platform.python_version()}
        try:
            self.set_up(json.loads(line), facts)
        except (Refusal, ValueError, AttributeError) as error:
            code = getattr(error, "code", "protocol")
            self.reply({**facts, "op": "error", "code": code, "text": str(error)})
            return False
        self.reply({"op": "hello", **facts})
        return True

    def set_up(self, hello, facts):
        """Everything that can fail before the first compile; `facts` fills up on the way."""
        if hello.get("op") != "hello":
            raise Refusal("protocol", "the first line must be hello")
        self.arch = hello.get("arch")
        capability(self.arch)
        self.jobs = hello.get("jobs") or self.jobs
        self.timeout_s = hello.get("timeout_s") or self.timeout_s
        try:
            import triton
        except Exception as error:
            raise Refusal(
                "no-triton",
                f"{sys.executable}: Triton cannot be imported ({summary(error)}); name the Python"
                " that serves with --python or its container with --container",
            )
        facts["triton"] = triton.__version__
        facts.update(find_source(hello))
        self.kernel, facts["kernel_hash"] = read_kernel(facts["kernel_file"], self.folder)
        names = (facts["engine"], facts["engine_version"], facts["kernel_file"])
        self.origin = " ".join(name for name in names if name)
        facts["parameters"] = [describe_parameter(p) for p in self.kernel.params]
        facts["ptxas"] = self.ptxas_for(self.arch)
        facts["ptxas_version"] = ptxas_version(facts["ptxas"])
        if facts["ptxas"] in named_ptxas() and not knows_arch(
            facts["ptxas"], self.arch, self.folder
        ):
            facts["ptxas_fault"] = too_old(facts["ptxas"], self.arch)

    def ptxas_for(self, arch):
        if arch not in self.ptxas:
            self.ptxas[arch] = choose_ptxas(arch, self.folder)
        return self.ptxas[arch]

    def handle(self, line):
        """Act on one request; false once it was bye."""
        request = {}
        try:
            request = json.loads(line)
            if request["op"] == "bye":
                return False
            if request["op"] == "cancel":
                self.cancel()
                self.reply({"op": "cancelled"})
            elif request["op"] == "compile":
                self.queue.append(self.accept(request))
            else:
                raise Refusal("bad-request", f"op {request['op']}: not known")
        except (Refusal, ValueError, KeyError, TypeError) as error:
            text = str(error) if isinstance(error, Refusal) else summary(error)
            reply = {"op": "error", "code": getattr(error, "code", "bad-request"), "text": text}
            if isinstance(request, dict) and "id" in request:
                reply["id"] = request["id"]
            self.reply(reply)
        return True

    def accept(self, request):
        """The request with everything in it that a child reads."""
        arch = request.get("arch") or self.arch
        return {
            "id": request["id"],
            "arch": arch,
            "ptxas": self.ptxas_for(arch),
            "num_warps": int(request["num_warps"]),
            "num_stages": int(request["num_stages"]),
            "constants": dict(request["constants"]),
            "arguments": dict(request["arguments"]),
            "hints": dict(request.get("hints") or {}),
            "tries": 0,
        }

    def start_children(self):
        while self.queue and len(self.children) < self.jobs:
            self.start(self.queue.popleft())

    def start(self, request):
        if not self.warm:
            warm_up(self.kernel, self.arch)
            self.warm = True
        request["tries"] += 1
        folder = tempfile.mkdtemp(dir=self.folder)
        result, sink = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setpgid(0, 0)
                run_child(self.kernel, request, self.origin, folder, self.timeout_s, sink)
                status = 0
            finally:
                os._exit(status)
        os.close(sink)
        try:
            os.setpgid(pid, pid)
        except (PermissionError, ProcessLookupError):
            pass
        self.children[result] = Child(request, pid, folder)
        self.selector.register(result, selectors.EVENT_READ)

    def hear(self, result):
        """Take what a child sent; the end of its pipe is the end of its life."""
        child = self.children[result]
        chunk = os.read(result, 1 << 16)
        if chunk:
            child.sent += chunk
            return
        self.forget(result)
        status = child.end()
        sys.stderr.write(child.log)
        try:
            reply = json.loads(child.sent)
        except ValueError:
            reply = self.death(child, status)
        if reply:
            seconds = round(time.monotonic() - child.started, 3)
            self.reply({**reply, "id": child.request["id"], "seconds": seconds})

    def death(self, child, status):
        """The reply for a child that died before it could give one; none if it is tried again."""
        by_signal = os.WIFSIGNALED(status)
        if by_signal and os.WTERMSIG(status) == signal.SIGALRM:
            if child.request["tries"] < 2:
                self.queue.appendleft(child.request)
                return None
            text = f"no end within {self.timeout_s} s, tried twice"
            return {"op": "failed", "code": "timed-out", "text": text}
        how = f"signal {os.WTERMSIG(status)}" if by_signal else f"exit status {status >> 8}"
        last = child.log.strip().split("\n")[-1]
        died = f"the compiler died with {how}: {last}" if last else f"the compiler died with {how}"
        code, text = explain(died, None, child.request)
        return {"op": "failed", "code": code, "text": text}

    def forget(self, result):
        self.selector.unregister(result)
        os.close(result)
        del self.children[result]

    def cancel(self):
        self.queue.clear()
        for result, child in list(self.children.items()):
            self.forget(result)
            child.end()


def main():
    # Whatever a library prints must not get among the replies: it goes to stderr.
    output = os.dup(1)
    os.dup2(2, 1)
    # What Ctrl-C means is for the one who started us to say, by the end of stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="moebench-compile-")
    os.environ.update(ENVIRONMENT, TMPDIR=folder, TRITON_CACHE_DIR=folder)
    tempfile.tempdir = folder
    for variable in UNWANTED:
        os.environ.pop(variable, None)
    server = Server(output, folder)
    try:
        return server.run()
    except BrokenPipeError:
        return 1
    finally:
        server.cancel()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
