"""Runs of the DAG in one process of Airflow's Python: their parameters as JSON in, the states of their tasks out."""

import importlib.util
import json
import sys
from datetime import UTC, datetime

spec = importlib.util.spec_from_file_location("nightly", sys.argv[1])
assert spec is not None and spec.loader is not None
nightly = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nightly)
retries = {task.task_id: task.retries for task in nightly.dag.tasks}
for task in nightly.dag.tasks:
    task.retries = 0  # which would be waited for
usual = nightly.dag.params.dump()  # the parameters of one run would stay for the next
states = []
for day, told in enumerate(json.loads(sys.argv[2]), start=1):
    (nightly.nights() / "ends").write_text(str(told.pop("ends", 0)))
    run = nightly.dag.test(run_conf=usual | told, logical_date=datetime(2026, 11, 22 + day, tzinfo=UTC))
    states.append({each.task_id: str(each.state) for each in run.get_task_instances()} | {"run": str(run.state)})
(nightly.nights() / "said.json").write_text(json.dumps({"retries": retries, "states": states}))
