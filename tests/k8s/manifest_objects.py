"""Rendered Kubernetes objects, and what can be asked of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pods:
    """The pods that one object makes, of ours or of an operator's."""

    of: str
    labels: dict[str, str]
    spec: Manifest | None = None
    """Absent where an operator makes the pods."""
    running: bool = True

    @property
    def containers(self) -> list[Manifest]:
        return [] if self.spec is None else [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        ports = [port for container in self.containers for port in container.get("ports", [])]
        return {port["name"]: port["containerPort"] for port in ports}


def called(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] in kinds]


def the(objects: list[Manifest], kind: str, name: str) -> Manifest:
    return next(each for each in of_kind(objects, kind) if each["metadata"]["name"] == name)


def our_pods(objects: list[Manifest]) -> list[Pods]:
    pods = []
    for each in of_kind(objects, "Deployment", "Job", "CronJob"):
        spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
        template = spec["template"]
        running = spec.get("replicas", 1) > 0
        pods.append(Pods(called(each), template["metadata"]["labels"], template["spec"], running))
    return pods


def operators_pods(objects: list[Manifest]) -> list[Pods]:
    """What milvus-operator makes of a Milvus, and the charts that it brings for etcd and MinIO."""
    pods = []
    for milvus in of_kind(objects, "Milvus"):
        name = milvus["metadata"]["name"]
        parts = [part for part in milvus["spec"]["components"].values() if isinstance(part, dict)]
        for component, part in milvus["spec"]["components"].items():
            if part in parts and "replicas" in part:
                pods.append(Pods(called(milvus), app_labels("milvus", name, component.lower())))
        pods.append(Pods(called(milvus), app_labels("etcd", f"{name}-etcd")))
        if "inCluster" in milvus["spec"]["dependencies"]["storage"]:
            pods.append(Pods(called(milvus), {"app": "minio", "release": f"{name}-minio"}))
    return pods


def app_labels(name: str, instance: str, component: str = "") -> dict[str, str]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance}
    return labels | ({"app.kubernetes.io/component": component} if component else {})


def picks(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector picks a pod with these labels."""
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", []))


def entries(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any YAML
    """Every key with its value, at any depth; the values of a list come one by one."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from entries(inner, name)
                if not isinstance(inner, list):
                    yield name, inner
        case list():
            for inner in value:
                yield from entries(inner, key)
                yield key, inner
