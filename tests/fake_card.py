# SPDX-License-Identifier: MIT
"""For tests of the cuda back-end: stand-ins for libcuda and the compile helper, a small model."""
import json
import os
import shutil
import sys
import tempfile
import unittest

MOEBENCH = os.environ["MOEBENCH"]
FAKE = os.path.join(os.environ["TOP_BUILDDIR"], "tests/fake_cuda.so")
COMPILER = os.path.join(os.environ["TOP_SRCDIR"], "tests/data/fake_compiler.py")
PYTHON = f"{sys.executable} {COMPILER}"
CONFIG = {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": 64,
          "moe_intermediate_size": 32, "num_experts": 8, "num_experts_per_tok": 2,
          "torch_dtype": "bfloat16"}


class CardTest(unittest.TestCase):
    """With a folder of its own, for caches too, and the model's config.json in it."""
    model = CONFIG

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = os.path.join(self.folder, "config.json")
        with open(self.config, "w", encoding="ascii") as out:
            json.dump(self.model, out)

    def environment(self, fake="", **more):
        return dict(os.environ, MOEBENCH_LIBCUDA=FAKE, FAKE_CUDA=fake, XDG_CACHE_HOME=self.folder,
                    XDG_STATE_HOME=self.folder, **more)


def main():
    if not os.path.exists(FAKE):
        print("skipped: built without cuda.h")
        sys.exit(77)
    unittest.main()
