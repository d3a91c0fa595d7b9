"""Numbers of several processes in the files of one folder."""

import os
import subprocess
import sys
from pathlib import Path

from core.telemetry.metrics import FOLDER_VARIABLE

# In a process of its own: the library looks for the folder when it is imported.
_PROGRAM = """
import sys
from pathlib import Path
from core.telemetry.metrics import Metrics, Sample

metrics = Metrics()
metrics.count_request("/", "GET", 200, 10, 0.1, complete=True)
metrics.set_gauge(Sample.one("photoz_gauge", "A gauge.", 3))
for kind in ("counter", "histogram", "gauge_livesum"):
    (Path(sys.argv[1]) / f"{kind}_999999.db").touch()
print(metrics.exposition(lambda: iter(()))[0].decode())
"""


def test_a_process_that_begins_its_files_does_not_disturb_the_others(tmp_path: Path, project_root: Path):
    environment = os.environ | {FOLDER_VARIABLE: str(tmp_path), "PYTHONPATH": str(project_root)}
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert 'photoz_requests_total{method="GET",route="/",status="200"} 1.0' in done.stdout
    assert "photoz_gauge 3.0" in done.stdout
