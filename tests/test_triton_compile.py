# SPDX-License-Identifier: MIT
"""Tests of kernels/triton_compile.py, driven as moebench drives it: a process on two pipes.

MOEBENCH_TEST_SITE: a folder with sglang-VERSION folders (tests/fetch_engines.sh makes it).
MOEBENCH_TEST_TRITON: folders that hold Triton, separated by colons; else the Python's own Triton.
Without either what needs it is left out and the exit status is 77.
"""

import base64
import importlib.util
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "..", "kernels", "triton_compile.py")
OLD_PTXAS = os.path.join(HERE, "data", "cases", "A13-old-ptxas", "ptxas")
PATIENCE_S = 120  # a hang is a failure; nothing here depends on how long a thing takes
VERSIONS = ("0.5.4.post2", "0.5.8.post1")

TINY_KERNEL = """
import torch
raise RuntimeError("the engine's module must not be run")
STEP: tl.constexpr = tl.constexpr(2)

@triton.jit
def double(x):
    return x * STEP

@triton.jit
def fused_moe_kernel(a_ptr, c_ptr, n, BLOCK: tl.constexpr, extra: tl.constexpr = 7):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(c_ptr + at, double(tl.load(a_ptr + at, mask=at < n)) + extra, mask=at < n)
"""
TINY_REQUEST = {
    "op": "compile",
    "num_warps": 4,
    "num_stages": 3,
    "constants": {"BLOCK": 128},
    "arguments": {"a_ptr": "*fp32", "c_ptr": "*fp32", "n": "i32"},
    "hints": {},
}

# Stands in for ptxas: runs what follows unless asked for its version. $0 is its own path.
STAND_IN = """#!/bin/sh
case "$*" in *--version*) echo "Cuda compilation tools, release 12.9, V12.9.86"; exit 0;;
*empty.ptx*) exit 0;; esac
echo $$ >> "$0.started"
"""
BLOCK = "exec sleep 100000\n"


# Compiles after warm_up; prints what Triton still imported, and how often it hashed itself.
WARMED = """
import importlib.util, json, os, sys, tempfile
spec = importlib.util.spec_from_file_location("triton_compile", sys.argv[1])
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
folder = tempfile.mkdtemp(dir=os.environ["TMPDIR"])
os.environ.update(script.ENVIRONMENT, TRITON_CACHE_DIR=folder)
kernel, _ = script.read_kernel(sys.argv[2], folder)
script.warm_up(kernel, "sm_90")
before = set(sys.modules)
request = {**json.loads(sys.argv[3]), "arch": "sm_90", "ptxas": None}
script.compile_kernel(kernel, request, "test")
from triton.runtime import cache
late = [name for name in set(sys.modules) - before if name.startswith("triton")]
print(json.dumps([late, cache.triton_key.cache_info().misses]))
"""


def triton_folders():
    named = [f for f in os.environ.get("MOEBENCH_TEST_TRITON", "").split(":") if f]
    if not named and importlib.util.find_spec("triton"):
        return [""]
    return [folder for folder in named if os.path.isdir(os.path.join(folder, "triton"))]


def engine_folder(version):
    return os.path.join(os.environ.get("MOEBENCH_TEST_SITE", ""), f"sglang-{version}")


TRITONS = triton_folders()
ENGINES = [version for version in VERSIONS if os.path.isdir(engine_folder(version))]
needs_triton = unittest.skipUnless(TRITONS, "no Triton: set MOEBENCH_TEST_TRITON")
needs_engine = unittest.skipUnless(
    TRITONS and len(ENGINES) == len(VERSIONS), "no Triton, or no SGLang: set MOEBENCH_TEST_SITE"
)


def script_module():
    spec = importlib.util.spec_from_file_location("triton_compile", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def boot():
    """The boot that the script's head documents."""
    with open(SCRIPT, encoding="utf-8") as file:
        text = re.search(r"python3 -c '(.*?)'\n", file.read(), re.DOTALL).group(1)
    first, rest = text.split("\n", 1)
    return first + "\n" + textwrap.dedent(rest)


def ended(pid):
    """Whether a process is gone, or waits for nothing but a parent that reaps it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(condition):
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError("waited in vain")
        time.sleep(0.02)


class Helper:
    """The process under test."""

    def __init__(self, path=(), env=None, by_stdin=False, cwd=None):
        self.tmp = tempfile.mkdtemp()
        self.errors = tempfile.TemporaryFile()
        full = {k: v for k, v in os.environ.items() if not k.startswith("TRITON_")}
        path = [entry for entry in [*path, *TRITONS[:1]] if entry]
        full.update(PYTHONPATH=":".join(path), TMPDIR=self.tmp, **(env or {}))
        command = ["-c", boot()] if by_stdin else [os.path.abspath(SCRIPT)]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=full,
            cwd=cwd,
        )
        self.pending = b""
        if by_stdin:
            with open(SCRIPT, "rb") as file:
                text = file.read()
            self.write(b"%d\n%s" % (len(text), text))

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def say(self, **request):
        self.write(json.dumps(request).encode() + b"\n")

    def hear(self):
        while b"\n" not in self.pending:
            if not select.select([self.process.stdout], [], [], PATIENCE_S)[0]:
                raise AssertionError("no reply")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise AssertionError("no reply but the end: " + self.stderr())
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def greet(self, **hello):
        self.say(**{"op": "hello", "engine": None, "kernel_file": None, "arch": "sm_121", **hello})
        return self.hear()

    def end(self):
        """Close stdin; what else was said, and the exit status."""
        self.process.stdin.close()
        self.pending += self.process.stdout.read()
        return self.pending, self.process.wait(PATIENCE_S)

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def clean(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        shutil.rmtree(self.tmp)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def helper(self, **options):
        helper = Helper(**options)
        self.addCleanup(helper.clean)
        return helper

    def file(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def refused(self, reply, code, *words):
        self.assertEqual((reply["op"], reply["code"]), ("error", code), reply)
        for word in words:
            self.assertIn(word, reply["text"])

    def failed(self, reply, code, *words):
        self.assertEqual((reply["op"], reply.get("code")), ("failed", code), reply)
        for word in words:
            self.assertIn(word, reply["text"])
        self.assertLess(len(reply["text"]), 600)


class Protocol(Case):
    def test_first_line_must_be_hello(self):
        for line in (b"{nonsense\n", b'{"op":"compile"}\n', b"[]\n"):
            helper = self.helper()
            helper.write(line)
            self.refused(helper.hear(), "protocol")
            self.assertEqual(helper.end(), (b"", 1))

    def test_arch_is_checked(self):
        self.refused(self.helper().greet(arch="121"), "bad-request", "sm_121")

    def test_no_triton(self):
        self.file("triton/__init__.py", "raise ImportError('broken on purpose')")
        reply = self.helper(path=[self.folder]).greet()
        self.refused(reply, "no-triton", "broken on purpose", "--python")
        self.assertEqual(reply["protocol"], 1)

    def test_end_of_stdin_before_hello(self):
        self.assertEqual(self.helper().end(), (b"", 0))


class Cores(Case):
    def test_a_containers_quota_limits_the_compiles(self):
        usable, cores = script_module().usable_cores, len(os.sched_getaffinity(0))
        for text, expected in (("max 100000\n", cores), ("50000 100000\n", 1), ("", cores),
                               ("99900000 100000\n", cores), ("100000 0\n", cores)):
            self.assertEqual(usable(self.file("cpu.max", text)), expected, text)
        self.assertEqual(usable(os.path.join(self.folder, "none")), cores)


@needs_triton
class Finding(Case):
    def test_unknown_engine(self):
        reply = self.helper().greet(engine="nonesuch")
        self.refused(reply, "no-engine", "nonesuch", "--kernel")
        self.assertIn("triton", reply)

    def test_engine_without_kernel(self):
        self.file("sglang/__init__.py", "raise RuntimeError('imported')")
        reply = self.helper(path=[self.folder]).greet(engine="sglang")
        self.refused(reply, "no-kernel", "sglang", self.folder)

    def test_kernel_file_problems(self):
        helper = self.helper()
        self.refused(helper.greet(kernel_file=self.folder + "/none.py"), "no-kernel", "none.py")
        for text, word in (
            ("x = 1\n", "fused_moe_kernel"),
            ("def broken(:\n", "SyntaxError"),
            ("from sglang import scale\n" + TINY_KERNEL.replace("STEP\n", "scale\n"), "scale"),
            ("def fused_moe_kernel():\n    pass\n", "fused_moe_kernel"),
        ):
            path = self.file("kernel.py", text)
            self.refused(self.helper().greet(kernel_file=path), "no-kernel", path, word)

    def test_cut_hash_only_depends_on_what_the_kernel_needs(self):
        replies = [
            self.helper().greet(kernel_file=self.file("k.py", text))
            for text in (TINY_KERNEL, TINY_KERNEL + "\n# more\nunrelated = torch.zeros(3)\n")
        ]
        replies.append(
            self.helper().greet(kernel_file=self.file("k.py", TINY_KERNEL.replace("(2)", "(3)")))
        )
        hashes = [reply["kernel_hash"] for reply in replies]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])
        self.assertEqual(
            replies[0]["parameters"],
            [
                {"name": "a_ptr", "constexpr": False},
                {"name": "c_ptr", "constexpr": False},
                {"name": "n", "constexpr": False},
                {"name": "BLOCK", "constexpr": True},
                {"name": "extra", "constexpr": True, "default": 7},
            ],
        )

    def test_no_ptxas_that_can_be_run(self):
        broken = self.file("ptxas", "#!/nonexistent/interpreter\n", 0o644)
        env = {"TRITON_PTXAS_PATH": broken, "TRITON_PTXAS_BLACKWELL_PATH": broken}
        reply = self.helper(env=env).greet(kernel_file=self.file("k.py", TINY_KERNEL))
        if reply["op"] == "hello":  # some versions of Triton then take their own
            self.assertNotEqual(reply["ptxas"], broken)
        else:
            self.refused(reply, "no-ptxas", "TRITON_PTXAS_BLACKWELL_PATH")

    def test_a_ptxas_that_this_triton_cannot_use(self):
        alien = self.file("ptxas", "#!/bin/sh\necho 'release 1.0, V1.0.1'\n", 0o755)
        env = {"TRITON_PTXAS_PATH": alien, "TRITON_PTXAS_BLACKWELL_PATH": alien}
        reply = self.helper(env=env).greet(kernel_file=self.file("k.py", TINY_KERNEL))
        self.refused(reply, "no-ptxas", alien, "1.0.1", "Triton", "TRITON_PTXAS_PATH")


@needs_triton
class Compiling(Case):
    """Of a tiny kernel: what does not depend on the engine."""

    def start(self, ptxas=None, kernel=TINY_KERNEL, hello=(), **options):
        env = {"TRITON_PTXAS_PATH": ptxas, "TRITON_PTXAS_BLACKWELL_PATH": ptxas} if ptxas else None
        helper = self.helper(env=env, **options)
        path = self.file("kernel.py", kernel)
        reply = helper.greet(kernel_file=path, **{"jobs": 1, **dict(hello)})
        self.assertEqual(reply["op"], "hello", reply)
        return helper, reply

    def real_ptxas(self):
        return self.start()[1]["ptxas"]

    def stand_in(self, action):
        return self.file("ptxas", STAND_IN + action, 0o755)

    def started(self):
        """The processes in which a stand-in has run."""
        try:
            with open(os.path.join(self.folder, "ptxas.started"), encoding="utf-8") as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def test_reply(self):
        helper, _ = self.start()
        request = {**TINY_REQUEST, "constants": {"BLOCK": 128, "gone": 1}}
        helper.say(id=7, **request)
        reply = helper.hear()
        self.assertEqual((reply["op"], reply["id"]), ("compiled", 7))
        self.assertEqual(reply["entry"], "fused_moe_kernel")
        self.assertEqual((reply["num_warps"], reply["spill_bytes"]), (4, 0))
        self.assertEqual(reply["ignored"], ["gone"])
        self.assertTrue(0 < reply["registers"] < 256)
        self.assertEqual(reply["launch_attributes"]["num_ctas"], 1)
        names = [argument["name"] for argument in reply["arguments"]]
        self.assertEqual(names[:3], ["a_ptr", "c_ptr", "n"])
        self.assertIn(names[3:], [[], ["global_scratch"], ["global_scratch", "profile_scratch"]])
        self.assertEqual([a["offset"] for a in reply["arguments"]][:3], [0, 8, 16])
        self.assertEqual([a["size"] for a in reply["arguments"]][:3], [8, 8, 4])

    def test_an_int_may_become_a_constant(self):
        helper, _ = self.start()
        request = {**TINY_REQUEST, "constants": {"BLOCK": 128, "n": 1}}
        helper.say(id=1, **request)
        names = [argument["name"] for argument in helper.hear()["arguments"]]
        self.assertEqual(names[:2], ["a_ptr", "c_ptr"])
        self.assertNotIn("n", names)

    def test_behind_the_boot_in_a_folder_with_a_triton(self):
        self.file("triton/__init__.py", "raise ImportError('the wrong one')")
        self.file("json.py", "raise ImportError('the wrong one')")
        helper, _ = self.start(by_stdin=True, cwd=self.folder)
        helper.say(id=1, **TINY_REQUEST)
        self.assertEqual(helper.hear()["op"], "compiled")
        self.assertEqual(helper.end(), (b"", 0))

    def test_bad_requests_are_answered_and_survived(self):
        helper, _ = self.start()
        helper.write(b"not json\n")
        self.refused(helper.hear(), "bad-request")
        helper.say(op="dance", id=3)
        reply = helper.hear()
        self.refused(reply, "bad-request", "dance")
        self.assertEqual(reply["id"], 3)
        helper.say(op="compile", id=4, constants={}, arguments={}, num_stages=3)
        self.refused(helper.hear(), "bad-request", "num_warps")
        helper.say(id=5, **{**TINY_REQUEST, "constants": {}})
        self.failed(helper.hear(), "unknown-parameter", "kernel.py", "BLOCK")
        helper.say(id=6, **{**TINY_REQUEST, "constants": {"BLOCK": 100}})
        self.failed(helper.hear(), "compile-error", "power of 2")
        helper.say(op="bye")
        self.assertEqual(helper.process.wait(PATIENCE_S), 0)

    def test_many_requests_before_the_first_reply_is_read(self):
        helper, _ = self.start()
        request = {"op": "dance", "id": "x" * 2000}
        peer = threading.Thread(
            target=lambda: [helper.say(**request) for _ in range(300)], daemon=True
        )
        peer.start()
        peer.join(PATIENCE_S)
        self.assertFalse(peer.is_alive(), "the helper does not read while its replies wait")
        for _ in range(300):
            self.refused(helper.hear(), "bad-request")
        self.assertEqual(helper.end(), (b"", 0))

    def test_stray_prints_go_to_stderr(self):
        noise = 'tl.constexpr(__import__("os").write(1, b"stray\\n") and print("stray too") or 2)'
        helper, _ = self.start(kernel=TINY_KERNEL.replace("tl.constexpr(2)", noise))
        helper.say(id=1, **TINY_REQUEST)
        self.assertEqual(helper.hear()["op"], "compiled")
        self.assertEqual(helper.end(), (b"", 0))
        self.assertIn("stray\n", helper.stderr())
        self.assertIn("stray too", helper.stderr())

    def test_old_ptxas(self):
        helper, reply = self.start(ptxas=OLD_PTXAS)
        self.assertEqual((reply["ptxas"], reply["ptxas_version"]), (OLD_PTXAS, "12.8.93"))
        self.assertIn("12.8.93) does not know sm_121; install", reply["ptxas_fault"])
        helper.say(id=1, **TINY_REQUEST)
        reply = helper.hear()
        self.failed(reply, "ptxas-too-old", OLD_PTXAS, "12.8.93", "sm_121", "TRITON_PTXAS_PATH")
        self.assertNotIn(".version", reply["text"] + helper.stderr())

    def test_nothing_is_left_behind(self):
        helper, _ = self.start(ptxas=OLD_PTXAS)
        helper.say(id=1, **TINY_REQUEST)
        helper.hear()
        helper.end()
        self.assertEqual(os.listdir(helper.tmp), [])

    def test_end_of_stdin_ends_the_children(self):
        helper, _ = self.start(ptxas=self.stand_in(BLOCK))
        helper.say(id=1, **TINY_REQUEST)
        wait_until(self.started)
        self.assertEqual(helper.end(), (b"", 0))
        wait_until(lambda: all(map(ended, self.started())))
        self.assertEqual(os.listdir(helper.tmp), [])

    def test_cancel(self):
        ptxas = self.stand_in(f'[ -e "$0.go" ] || {BLOCK}exec {self.real_ptxas()} "$@"\n')
        helper, _ = self.start(ptxas=ptxas)
        for number in (1, 2, 3):
            helper.say(id=number, **TINY_REQUEST)
        wait_until(self.started)
        helper.say(op="cancel")
        self.assertEqual(helper.hear(), {"op": "cancelled"})
        wait_until(lambda: all(map(ended, self.started())))
        self.assertEqual(len(self.started()), 1)
        self.file("ptxas.go", "")
        helper.say(id=4, **TINY_REQUEST)
        reply = helper.hear()
        self.assertEqual((reply["op"], reply["id"]), ("compiled", 4))
        self.assertEqual(helper.end(), (b"", 0))

    def test_a_time_out_is_tried_again(self):
        ptxas = self.stand_in(
            f'[ $(wc -l < "$0.started") -gt 1 ] || {BLOCK}exec {self.real_ptxas()} "$@"\n'
        )
        helper, _ = self.start(ptxas=ptxas, hello={"timeout_s": 10})
        helper.say(id=1, **TINY_REQUEST)
        self.assertEqual(helper.hear()["op"], "compiled")
        self.assertEqual(len(self.started()), 2)
        self.assertTrue(ended(self.started()[0]))

    def test_what_triton_does_once_a_process_is_done_before_the_forks(self):
        path = self.file("kernel.py", TINY_KERNEL)
        env = {**os.environ, "PYTHONPATH": TRITONS[0], "TMPDIR": self.folder}
        command = [sys.executable, "-c", WARMED, SCRIPT, path, json.dumps(TINY_REQUEST)]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("[[], 1]\n", 0), done.stderr)

    def test_timed_out_twice(self):
        helper, _ = self.start(ptxas=self.stand_in(BLOCK), hello={"timeout_s": 0.01})
        helper.say(id=1, **TINY_REQUEST)
        self.failed(helper.hear(), "timed-out", "0.01", "twice")

    def test_a_compiler_that_dies(self):
        helper, _ = self.start(ptxas=self.stand_in("echo last words; kill -9 $PPID\n"))
        helper.say(id=1, **TINY_REQUEST)
        self.failed(helper.hear(), "crashed", "signal 9", "last words")
        self.assertEqual(helper.end(), (b"", 0))


DOWN, UP = "down", "up"
# What differs between the kinds of quantisation: element type, scales, the strides that stay ints.
KINDS = {
    "channel": ("*fp8e4nv", True, {"use_fp8_w8a8": True, "per_channel_quant": True}),
    "tensor": ("*fp8e4nv", True, {"use_fp8_w8a8": True}),
    "block": ("*fp8e4nv", True, {"use_fp8_w8a8": True, "group_n": 128, "group_k": 128}),
    "bf16": ("*bf16", False, {}),
}
FREE_STRIDES = {"channel": {"stride_bse"}, "block": {"stride_bse", "stride_bsn", "stride_asm"}}
SCALE_STRIDES = ("stride_asm", "stride_ask", "stride_bse", "stride_bsk", "stride_bsn")


def engine_request(kind, gemm, tile, hints=()):
    """GLM-4.7-FP8 at TP 4 as SGLang launches it; tile: BM, BN, BK, warps, stages."""
    element, scaled, flags = KINDS[kind]
    k = 5120 if gemm == UP else 384
    arguments = {"a_ptr": element, "b_ptr": element, "c_ptr": "*bf16", "topk_weights_ptr": "*fp32"}
    constants = {"a_desc": None, "b_desc": None, "bias_ptr": None, "swap_ab": False}
    for name in ("sorted_token_ids_ptr", "expert_ids_ptr", "num_tokens_post_padded_ptr"):
        arguments[name] = "*i32"
    for name in ("a_scale_ptr", "b_scale_ptr"):
        (arguments if scaled else constants)[name] = "*fp32" if scaled else None
    free = {"stride_am", "stride_be", "stride_bn", "stride_cm"} | FREE_STRIDES.get(kind, set())
    for name in ("N", "K", "EM", "num_valid_tokens", "stride_bias_e", "stride_bias_n", *free):
        arguments[name] = "i32"
    if kind in ("tensor", "bf16"):
        arguments.update(dict.fromkeys(SCALE_STRIDES, "i32"))
    for name in ("stride_ak", "stride_bk", "stride_cn", *SCALE_STRIDES):
        if name not in arguments:
            constants[name] = 1
    for name in ("use_fp8_w8a8", "use_int8_w8a8", "use_int8_w8a16", "per_channel_quant"):
        constants[name] = False
    names = ("BLOCK_SIZE_M", "BLOCK_SIZE_N", "BLOCK_SIZE_K")
    constants.update(zip(names, tile), GROUP_SIZE_M=1, group_n=0, group_k=0, compute_type="bf16")
    constants.update(top_k=8 if gemm == UP else 1, MUL_ROUTED_WEIGHT=gemm == DOWN)
    constants.update(even_Ks=k % tile[2] == 0, c_sorted=False, filter_expert=False, **flags)
    return {
        "op": "compile",
        "gemm": gemm,
        "num_warps": tile[3],
        "num_stages": tile[4],
        "constants": constants,
        "arguments": arguments,
        "hints": dict.fromkeys(["N", "K", *sorted(free - {"stride_asm"}), *hints], 16),
    }


# Measured for sm_121: tile, shared, and (registers, stack) by ptxas 12.9.86 under Triton 3.6.0.
CHANNEL_UP = (
    ((16, 32, 64, 4, 2), 3072, (44, 0)),
    ((16, 128, 256, 4, 3), 73728, (96, 0)),
    ((64, 64, 128, 4, 3), 32768, (116, 0)),
    ((128, 128, 128, 4, 4), 98304, (255, 88)),
    ((256, 128, 64, 8, 3), 49152, (255, 16)),
)
# (stages - 1) * (BM * a + BN * b) * BK
OTHERS = (
    ("channel", DOWN, (16, 64, 128, 4, 3), 20480),
    ("channel", DOWN, (64, 128, 256, 8, 2), 49152),
    ("tensor", UP, (32, 64, 128, 4, 3), 24576),
    ("tensor", DOWN, (16, 32, 128, 4, 4), 18432),
    ("block", UP, (64, 128, 128, 4, 3), 49152),
    ("block", DOWN, (16, 64, 128, 4, 2), 10240),
    ("bf16", UP, (16, 64, 64, 4, 3), 20480),
    ("bf16", DOWN, (64, 64, 32, 8, 2), 8192),
)


@needs_engine
class Engine(Case):
    """SGLang's kernels, with every Triton there is, for sm_121."""

    def start(self, version, triton):
        helper = self.helper(path=[triton, engine_folder(version)])
        reply = helper.greet(engine="sglang")
        self.assertEqual(reply["op"], "hello", reply)
        self.assertEqual(reply["engine_version"], version)
        self.assertTrue(reply["config_dir"].endswith("/configs"))
        return helper, reply

    def each(self, check):
        """Run check(version, helper, hello) for every pair of engine and Triton."""
        for triton in TRITONS:
            for version in ENGINES:
                with self.subTest(sglang=version, triton=triton):
                    check(version, *self.start(version, triton))

    def compile(self, helper, requests):
        """The replies in the order of the requests."""
        for number, request in enumerate(requests):
            helper.say(id=number, **request)
        replies = sorted((helper.hear() for _ in requests), key=lambda reply: reply["id"])
        for reply in replies:
            self.assertEqual(reply["op"], "compiled", reply)
        return replies

    def check_arguments(self, request, reply):
        left = {a["name"]: a for a in reply["arguments"]}
        own = [name for name in left if not name.endswith("_scratch")]
        self.assertEqual(set(own), set(request["arguments"]))
        end = 0
        for argument in reply["arguments"]:
            size = 8 if argument["type"][0] == "*" else 4
            self.assertEqual(argument["size"], size)
            self.assertEqual(argument["offset"], -(-end // size) * size)
            end = argument["offset"] + size
        self.assertEqual(reply["param_bytes"], end)

    def test_numbers_of_the_compiler(self):
        requests = [engine_request("channel", UP, tile) for tile, _, _ in CHANNEL_UP]

        def check(version, helper, hello):
            replies = self.compile(helper, requests)
            for (tile, shared, numbers), request, reply in zip(CHANNEL_UP, requests, replies):
                self.assertEqual((tile, reply["shared"]), (tile, shared))
                if (hello["triton"], hello["ptxas_version"]) == ("3.6.0", "12.9.86"):
                    self.assertEqual((reply["registers"], reply["spill_bytes"]), numbers)
                self.check_arguments(request, reply)
                self.assertEqual(reply["ignored"], ["swap_ab"] if version == VERSIONS[0] else [])

        self.each(check)

    def test_every_kind_and_gemm(self):
        requests = [engine_request(kind, gemm, tile) for kind, gemm, tile, _ in OTHERS]

        def check(_version, helper, _hello):
            for case, request, reply in zip(OTHERS, requests, self.compile(helper, requests)):
                self.assertEqual((case, reply["shared"]), (case, case[-1]))
                self.check_arguments(request, reply)

        self.each(check)

    def test_hints_of_what_changes_with_m_change_no_code(self):
        elf_sections = script_module().elf_sections
        requests = [
            engine_request(kind, gemm, tile, hints)
            for hints in ((), ("EM", "num_valid_tokens"))
            for kind, gemm, tile, _ in OTHERS
        ]

        def check(_version, helper, _hello):
            code = [
                elf_sections(base64.b64decode(reply["cubin"]))[".text." + reply["entry"]]
                for reply in self.compile(helper, requests)
            ]
            self.assertEqual(code[: len(OTHERS)], code[len(OTHERS) :])

        self.each(check)

    def test_same_request_same_cubin(self):
        helpers = [self.start(ENGINES[0], TRITONS[0])[0] for _ in range(2)]
        request = engine_request("channel", DOWN, (16, 32, 64, 4, 2))
        first, second = (self.compile(helper, [request])[0] for helper in helpers)
        self.assertEqual(first["cubin_hash"], second["cubin_hash"])

    def test_parameter_of_a_newer_engine(self):
        version = "0.5.23"
        if not os.path.isdir(engine_folder(version)):
            self.skipTest("no SGLang " + version)
        helper, _ = self.start(version, TRITONS[0])
        helper.say(id=1, **engine_request("channel", UP, CHANNEL_UP[0][0]))
        self.failed(helper.hear(), "unknown-parameter", "sglang 0.5.23", "add_mask_ptr")


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    if not outcome.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if outcome.skipped else 0)
