"""benchmarks/sweep_kill.py with fewer points: sweeps are killed at random moments, resumed, and export the same bytes.

The script itself takes 2,000 points and five kills in each way.
"""

import importlib.util
import subprocess
import sys


def test_a_sweep_that_was_killed_and_resumed_exports_the_bytes_of_an_undisturbed_one(benchmarks):
    ways = ["together", "workers", *(["dask"] if importlib.util.find_spec("distributed") else [])]
    command = [sys.executable, str(benchmarks / "sweep_kill.py"), *ways, "--points", "60", "--kills", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for way in ways:
        assert f"{way}: 60 rows undisturbed, 60 after 2 kills; equal: True" in done.stdout
