# SPDX-License-Identifier: MIT
"""For tests of the workbench: a home of their own, a made-up recording, scripts, saved screens."""
import atexit
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time

PROGRAM = os.path.abspath(os.environ.get("MOEBENCH", "./moebench"))
LIMIT = 60
folder = tempfile.mkdtemp(prefix="moebench-test-")
atexit.register(shutil.rmtree, folder, True)
recording = os.path.join(folder, "set.db")
os.environ["HOME"] = folder
for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
                 "MOEBENCH_DB", "NO_COLOR", "TMUX"):
    os.environ.pop(variable, None)


def record(*more):
    subprocess.run([os.path.abspath("tests/make_recorded"), recording, *more], check=True)


def in_folder(name):
    return os.path.join(folder, name)


def write_script(text, name="script"):
    """Its path; @ stands for the folder, where screen() looks for what it saves."""
    path = in_folder(name)
    with open(path, "w") as file:
        file.write(text.replace("@", folder + "/"))
    return path


def screen(name):
    with open(in_folder(name)) as file:
        return file.read()


def stored(database, query):
    """One number out of a database that may be written meanwhile."""
    connection = sqlite3.connect("file:%s?mode=ro" % database, uri=True)
    try:
        return connection.execute(query).fetchone()[0]
    finally:
        connection.close()


def measured(database):
    return stored(database, "SELECT count(*) FROM measurement")


def wait_until(holds, what):
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)
