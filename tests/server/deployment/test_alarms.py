"""Alarms by ``promtool test rules``: each fires for what it is for, and for nothing near it."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

RULES = Path(__file__).resolve().parents[3] / "server" / "deployment" / "prometheus-rules.yaml"
PROMTOOL = shutil.which("promtool")


@dataclass(frozen=True)
class Case:
    """Series with one value a minute with which an alarm fires, and others with which it does not."""

    firing: dict[str, str]
    calm: dict[str, str]
    at: str = "50m"


def _requests(status: str, refused: int) -> dict[str, str]:
    total = "photoz_requests_total"
    return {
        f'{total}{{route="/",method="GET",status="200"}}': "0+100x60",
        f'{total}{{route="/",method="GET",status="{status}"}}': f"0+{refused}x60",
    }


def _seconds(route: str) -> dict[str, str]:
    """Give requests that take between three and ten seconds."""
    counts = {"3.0": "0x60", "10.0": "0+10x60", "+Inf": "0+10x60"}
    return {f'photoz_request_seconds_bucket{{route="{route}",le="{le}"}}': each for le, each in counts.items()}


def _disk(free: str) -> dict[str, str]:
    return {'photoz_disk_bytes{kind="free"}': free, 'photoz_disk_bytes{kind="reserved"}': "500000000x500"}


_OLD = {"photoz_oldest_queued_job_seconds": "4000+60x60", 'photoz_jobs{kind="tap",phase="QUEUED"}': "3x60"}
CASES = {
    "PhotozDown": Case({'up{job="photoz"}': "0x60"}, {'up{job="photoz"}': "1x60"}),
    "PhotozPartDown": Case({'photoz_part_up{part="queue"}': "0x60"}, {'photoz_part_up{part="queue"}': "1x60"}),
    "PhotozErrors": Case(_requests("500", 10), _requests("500", 1)),
    "PhotozBusy": Case(_requests("503", 10), _requests("503", 3)),
    "PhotozSlow": Case(_seconds("/products"), _seconds("/tap/sync")),
    "PhotozQueriesWait": Case(
        {'photoz_queries_waiting{lane="short"}': "60x60"}, {'photoz_queries_waiting{lane="short"}': "40x60"}
    ),
    # Phases that no job has are in no series.
    "PhotozJobsWait": Case(_OLD, _OLD | {'photoz_jobs{kind="inspect",phase="EXECUTING"}': "1x60"}),
    "PhotozDiskFull": Case(_disk("900000000x60"), _disk("2000000000x60")),
    "PhotozDiskFills": Case(_disk("100000000000-10000000x500"), _disk("100000000000-1000x500"), "7h"),
    "PhotozFilesOpen": Case({"photoz_open_files": "30000x60"}, {"photoz_open_files": "10000x60"}),
    "PhotozGuessing": Case({"photoz_failed_sign_ins": "300x60"}, {"photoz_failed_sign_ins": "100x60"}),
}


def test_each_alarm_has_a_case() -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    assert [rule["alert"] for group in groups for rule in group["rules"]] == list(CASES)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")
def test_each_alarm_fires_when_it_must_and_only_then(tmp_path: Path) -> None:
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alarm}",alertstate="firing"}}) or vector(0)',
                    "eval_time": case.at,
                    "exp_samples": [{"labels": "{}", "value": int(series is case.firing)}],
                }
            ],
        }
        for alarm, case in CASES.items()
        for series in (case.firing, case.calm)
    ]
    given = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.yaml").write_text(json.dumps(given))
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", str(tmp_path / "tests.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
