# SPDX-License-Identifier: MIT
"""Every config file inside the engines' wheels goes through check; MOEBENCH_TEST_SITE has them."""
import glob
import json
import os
import subprocess
import sys
import time

site = os.environ.get("MOEBENCH_TEST_SITE")
if not site:
    print("skipped: MOEBENCH_TEST_SITE names no engines")
    sys.exit(77)
checked = 0
for folder in sorted(glob.glob(os.path.join(site, "sglang-*")) + glob.glob(
        os.path.join(site, "vllm-*"))):
    names = [name for _, _, files in os.walk(folder) for name in files
             if name.startswith("E=") and name.endswith(".json")]
    if not names:
        continue
    engine = os.path.basename(folder).replace("-", ":", 1)
    start = time.monotonic()
    run = subprocess.run([os.environ["MOEBENCH"], "check", "--json", "--device", "GB10",
                          "--engine", engine, folder],
                         capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    assert run.returncode in (0, 1) and not run.stderr, (folder, run.returncode, run.stderr)
    result = json.loads(run.stdout)
    files = result["files"]
    assert len(files) == len(names), (folder, len(files), len(names))
    for file in files:
        assert file["served"] or file["faults"], file["path"]

    def having(code, severity="error"):
        return sum(any(fault["code"] == code and fault["severity"] == severity
                       for fault in file["faults"]) for file in files)

    def entries(code):
        return sum(fault["code"] == code for file in files for fault in file["faults"])
    print("%s: %d files in %.2f s; not fitting a GB10: %d files, %d entries; K over the quant "
          "block: %d files, %d entries; run clamped: %d entries; names never asked "
          "for: %d; dead on Triton %s: %d" % (
              engine, len(files), seconds, having("smem"), entries("smem"),
              having("quant-block"), entries("quant-block"), entries("clamped"),
              having("name"), result["folder"]["triton"],
              len(result["folder"]["dead"])))
    checked += 1
if not checked:
    print("skipped: no config file of an engine in", site)
    sys.exit(77)
