"""What ZenML and a cluster tell of a run and its pods."""

from types import SimpleNamespace

PODS = "/api/v1/namespaces/recognition/pods"
MAIN = {"name": "main", "image": "a", "resources": {"limits": {"memory": "2Gi"}}}


def pod(fake, name, phase, step="train", run="r1", **status):
    labels = {"run_id": run, "job-name": f"job-{name}"} | ({"step_name": step} if step else {})
    status = {"phase": phase, **status}
    return fake.add(f"{PODS}/{name}", metadata={"labels": labels}, status=status, spec={"containers": [MAIN]})


def run(status="failed", **steps):
    value = SimpleNamespace(value=status, is_finished=status != "running", is_successful=status == "completed")
    return SimpleNamespace(id="r1", status=value, status_reason="", steps=steps)


def step(status="failed", source="", message=""):
    info = SimpleNamespace(source=source, message=message) if source or message else None
    return SimpleNamespace(status=SimpleNamespace(value=status), exception_info=info)
