# SPDX-License-Identifier: MIT
"""Times tiles of SGLang's fused_moe_kernel through Triton's own launcher.

Usage: triton_timing.py BENCH.json KERNEL_SOURCE ROUTING

Reads `moebench bench --json` output and times every tile in it again: same shape, GEMM, M, the
routings of the file ROUTING, weights kept cold by rotation, samples of 200 us or more between two
events in a graph. A line a tile: both medians. Needs torch and a GPU; FP8 per channel only.
"""

import importlib.util
import json
import pathlib
import re
import statistics
import sys
import tempfile

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUTINGS = 16
SAMPLES = 30
SAMPLE_US = 200
FIELDS = {"BM": "BLOCK_SIZE_M", "BN": "BLOCK_SIZE_N", "BK": "BLOCK_SIZE_K", "G": "GROUP_SIZE_M",
          "w": "num_warps", "s": "num_stages"}


def read_tile(text):
    """BM64,BN128,.. as the launch arguments it stands for."""
    parts = (re.fullmatch(r"([A-Za-z]+)(\d+)", part).groups() for part in text.split(","))
    return {FIELDS[name]: int(value) for name, value in parts}


def load_kernel(path):
    """The kernel alone, cut out of the engine's source by the compile helper's own cutter."""
    spec = importlib.util.spec_from_file_location("cutter", ROOT / "kernels/triton_compile.py")
    cutter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cutter)
    text = pathlib.Path(path).read_text()
    folder = tempfile.mkdtemp(prefix="moebench-timing.")
    return cutter.load_kernel(cutter.cut_kernel(text, str(path)), folder, str(path))


class Layer:
    """Tensors of one MoE layer, FP8 per channel with per-token activation scales."""

    def __init__(self, shape, max_m):
        self.experts, self.top_k = shape["experts"], shape["top_k"]
        self.hidden, self.width = shape["hidden"], shape["intermediate"]
        self.weights = {
            "up": self.fp8(self.experts, 2 * self.width, self.hidden),
            "down": self.fp8(self.experts, self.hidden, self.width),
        }
        self.scales = {
            gemm: torch.rand(self.experts, w.shape[1], 1, device="cuda") * 0.01
            for gemm, w in self.weights.items()
        }
        rows = max_m * self.top_k
        self.inputs = {"up": self.fp8(max_m, self.hidden), "down": self.fp8(rows, self.width)}
        self.input_scales = torch.rand(rows, 1, device="cuda") * 0.1
        self.output = torch.empty(
            rows * max(self.hidden, 2 * self.width), device="cuda", dtype=torch.bfloat16
        )
        self.topk_weights = torch.rand(rows, device="cuda")
        self.order = torch.randperm(self.experts)
        self.next_expert = 0

    @staticmethod
    def fp8(*shape):
        out = torch.empty(*shape, device="cuda", dtype=torch.float8_e4m3fn)
        flat = out.view(-1)
        for start in range(0, flat.numel(), 1 << 26):
            part = flat[start : start + (1 << 26)]
            part.copy_(torch.randn(part.numel(), device="cuda"))
        return out

    def routing(self, picks):
        """The choices, laid on experts that the launches before did not just read."""
        hit, labels = picks.unique(return_inverse=True)
        places = self.order[(self.next_expert + torch.arange(len(hit))) % self.experts]
        self.next_expert = (self.next_expert + len(hit)) % self.experts
        return places[labels].reshape(-1)

    def align(self, ids, block_m):
        """moe_align_block_size of SGLang 0.5.4: padded groups, EM as it allocates."""
        count = ids.numel()
        length = count + (self.experts + 1) * (block_m - 1)
        tokens = torch.full((length,), count, dtype=torch.int32)
        blocks = torch.zeros(-(-length // block_m), dtype=torch.int32)
        at = 0
        for expert in range(self.experts):
            rows = (ids == expert).nonzero().flatten()
            padded = -(-len(rows) // block_m) * block_m
            tokens[at : at + len(rows)] = rows.int()
            blocks[at // block_m : (at + padded) // block_m] = expert
            at += padded
        return tokens.cuda(), blocks.cuda(), torch.tensor([at], dtype=torch.int32).cuda()


def launcher(kernel, layer, gemm, m, tile, ids):
    """A function that launches one tile on one routing, arguments as invoke_fused_moe_kernel's."""
    import triton.language as tl

    b, scale = layer.weights[gemm], layer.scales[gemm]
    rows, depth = b.shape[1], b.shape[2]
    tokens, blocks, padded = layer.align(ids, tile["BLOCK_SIZE_M"])
    count = m * layer.top_k
    grid = (
        -(-tokens.numel() // tile["BLOCK_SIZE_M"]) * -(-rows // tile["BLOCK_SIZE_N"]),
    )
    arguments = dict(
        a_ptr=layer.inputs[gemm], a_desc=None, b_ptr=b, b_desc=None, bias_ptr=None,
        c_ptr=layer.output, a_scale_ptr=layer.input_scales, b_scale_ptr=scale,
        topk_weights_ptr=layer.topk_weights, sorted_token_ids_ptr=tokens, expert_ids_ptr=blocks,
        num_tokens_post_padded_ptr=padded, N=rows, K=depth, EM=tokens.numel(),
        num_valid_tokens=count, stride_am=depth, stride_ak=1, stride_be=b.stride(0), stride_bk=1,
        stride_bn=depth, stride_bias_e=0, stride_bias_n=0, stride_cm=rows, stride_cn=1,
        stride_asm=1, stride_ask=1, stride_bse=scale.stride(0), stride_bsk=1, stride_bsn=1,
        group_n=0, group_k=0, MUL_ROUTED_WEIGHT=gemm == "down",
        top_k=layer.top_k if gemm == "up" else 1, compute_type=tl.bfloat16, use_fp8_w8a8=True,
        use_int8_w8a8=False, use_int8_w8a16=False, per_channel_quant=True,
        even_Ks=depth % tile["BLOCK_SIZE_K"] == 0, c_sorted=False, filter_expert=False,
        **tile,
    )
    known = set(kernel.arg_names) | {"num_warps", "num_stages"}
    arguments = {name: value for name, value in arguments.items() if name in known}
    if "swap_ab" in known:
        arguments["swap_ab"] = False
    return lambda: kernel[grid](**arguments)


def time_tile(launches, per_sample):
    """Median us a launch: samples of `per_sample` launches between two events inside a graph."""
    for launch in launches:
        launch()
    torch.cuda.synchronize()
    stream, graph, marks, at = torch.cuda.Stream(), torch.cuda.CUDAGraph(), [], 0
    with torch.cuda.graph(graph, stream=stream):
        for _ in range(SAMPLES):
            pair = [torch.cuda.Event(enable_timing=True, external=True) for _ in range(2)]
            pair[0].record(stream)
            for _ in range(per_sample):
                launches[at % len(launches)]()
                at += 1
            pair[1].record(stream)
            marks.append(pair)
    graph.replay()
    torch.cuda.synchronize()
    graph.replay()
    torch.cuda.synchronize()
    return statistics.median(a.elapsed_time(b) * 1000 / per_sample for a, b in marks)


def main():
    bench = json.loads(pathlib.Path(sys.argv[1]).read_text())
    kernel = load_kernel(sys.argv[2])
    timed = [row for row in bench["measurements"] if row["status"] == "ok"]
    rows = pathlib.Path(sys.argv[3]).read_text().splitlines()
    record = torch.tensor([[int(word) for word in row.split()] for row in rows])
    layer = Layer(bench["shape"], max(row["m"] for row in timed))
    agree = 0
    for row in timed:
        tile, gemm, m, ours = read_tile(row["tile"]), row["gemm"], row["m"], row["median_us"]
        draws = (layer.routing(record[i * m : (i + 1) * m]) for i in range(ROUTINGS))
        launches = [launcher(kernel, layer, gemm, m, tile, ids) for ids in draws]
        theirs = time_tile(launches, -(-SAMPLE_US // int(ours)))
        within = abs(ours - theirs) <= max(0.01 * theirs, 1.0)
        agree += within
        print(f"{gemm:4} {m:5} {row['tile']:28} moebench {ours:8.2f} triton {theirs:8.2f} us "
              f"{100 * (ours / theirs - 1):+6.2f} % {'within' if within else 'apart'}", flush=True)
    print(f"{agree} of {len(timed)} within max(1 %, 1 us)")
    sys.exit(0 if agree == len(timed) else 1)


if __name__ == "__main__":
    main()
