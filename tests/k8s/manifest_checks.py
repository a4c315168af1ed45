"""Mistakes that schemas let through. Each check gives a sentence for each mistake, and none where all is well."""

import re
from itertools import product
from zoneinfo import available_timezones

from manifest_objects import Manifest, Pods, called, entries, of_kind, operators_pods, our_pods, picks

CHOICES = {
    "concurrencyPolicy": {"Allow", "Forbid", "Replace"},
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "pathType": {"Exact", "Prefix"},
    "protocol": {"TCP", "UDP"},
    "accessModes": {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"},
    "policyTypes": {"Ingress", "Egress"},
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
    "fsGroupChangePolicy": {"Always", "OnRootMismatch"},
    "operator": {"In"},
}
"""Closed choices that the Kubernetes schemas take as any string; of `operator`, what `picks` understands."""

CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""Bounds of minute, hour, day, month and day of the week; Kubernetes knows no day 7."""

IMAGE = re.compile(r"^(?!.*[.:].*/)[a-z0-9/_-]+:(?!latest$)\w[\w.-]*$")
"""A name and a tag, without a registry's host."""

HARD = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
"""All that a container may say of its own security: what else it said would loosen what its pod says."""

CLUSTER_WIDE = {"Namespace"}


def choices(objects: list[Manifest]) -> list[str]:
    return [
        f"{called(each)}: {key} cannot be {value!r}"
        for each in objects
        for key, value in entries(each)
        if key in CHOICES and isinstance(value, str) and value not in CHOICES[key]
    ]


def schedules(objects: list[Manifest]) -> list[str]:
    wrong = []
    for each in of_kind(objects, "CronJob"):
        if not is_cron(each["spec"]["schedule"]):
            wrong.append(f"{called(each)}: {each['spec']['schedule']!r} is no schedule")
        if each["spec"].get("timeZone") not in available_timezones():
            wrong.append(f"{called(each)}: timeZone is missing or unknown")
        if each["spec"]["concurrencyPolicy"] != "Forbid":
            wrong.append(f"{called(each)}: two at once would write to the same store")
    return wrong


def is_cron(schedule: str) -> bool:
    """Five fields of `*`, numbers, ranges, steps and lists of them, within bounds."""
    fields = schedule.split()
    if len(fields) != len(CRON):
        return False
    for field, (low, high) in zip(fields, CRON, strict=True):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
            numbers = [int(number) for number in found.groups()[:2] if number] if found else []
            if not found or numbers != sorted(numbers) or any(not low <= number <= high for number in numbers):
                return False
    return True


def images(objects: list[Manifest]) -> list[str]:
    return [
        f"{called(each)}: image {value!r} has no tag of its own, or names a host"
        for each in objects
        for key, value in entries(each)
        if key == "image" and not IMAGE.match(value)
    ]


def hardening(objects: list[Manifest]) -> list[str]:
    """What the `restricted` Pod Security Standard asks, a read-only root besides, and bounds on what is used."""
    wrong = []
    for pods in our_pods(objects):
        spec = pods.spec or {}
        security = spec.get("securityContext", {})
        if not security.get("runAsNonRoot") or not security.get("runAsUser"):
            wrong.append(f"{pods.of}: may run as root")
        if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            wrong.append(f"{pods.of}: no seccomp profile")
        if spec.get("automountServiceAccountToken") is not False:
            wrong.append(f"{pods.of}: gets a token for the Kubernetes API")
        if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
            wrong.append(f"{pods.of}: shares the host's namespaces")
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            wrong.append(f"{pods.of}: mounts the host's files")
        for container in pods.containers:
            wrong += [f"{pods.of}: {reason}" for reason in loose(container)]
    return wrong


def loose(container: Manifest) -> list[str]:
    said = container.get("securityContext", {})
    wrong = [f"{key} is not as it should be" for key in sorted(HARD | said) if HARD.get(key) != said.get(key)]
    bounds = {(kind, what) for kind, bound in container.get("resources", {}).items() for what in bound}
    needed = {*product(("requests", "limits"), ("memory", "ephemeral-storage")), ("requests", "cpu")}
    return wrong + [f"resources.{kind}.{what} is missing" for kind, what in sorted(needed - bounds)]


def references(objects: list[Manifest], documented: str) -> list[str]:
    """Config maps, claims, volumes and variables that are named must be there; secrets must be in the README."""
    wrong = [f"{called(each)}: secrets do not belong in a repository" for each in of_kind(objects, "Secret")]
    there = {called(each) for each in objects}
    for pods in our_pods(objects):
        wrong += [f"{pods.of}: there is no {name}" for name in sorted(named(pods) - there)]
        wrong += [f"{pods.of}: {reason}" for reason in volumes(pods) + variables(pods, objects)]
    for each in objects:
        wrong += [
            f"{called(each)}: secret {secret}, key {key}, is not in the README"
            for secret, key in sorted(secrets(each))
            if not re.search(rf"^\| `{re.escape(secret)}` \|.*`{re.escape(key)}`", documented, re.MULTILINE)
        ]
    return wrong


def named(pods: Pods) -> set[str]:
    """Config maps and claims that pods cannot start without."""
    found = set()
    for key, value in entries(pods.spec):
        match key:
            case "configMapRef" | "configMap" | "configMapKeyRef":
                found.add(f"ConfigMap/{value['name']}")
            case "claimName":
                found.add(f"PersistentVolumeClaim/{value}")
    return found


def secrets(manifest: Manifest) -> set[tuple[str, str]]:
    """Secrets that an object refers to, each with a key that it needs."""
    found = set()
    for key, value in entries(manifest):
        match key, value:
            case "secretKeyRef", {"name": name, "key": used}:
                found.add((name, used))
            case "secret", {"secretName": name, "items": items}:
                found |= {(name, item["key"]) for item in items}
            case "secret" | "tls", {"secretName": name}:
                found |= {(name, "tls.crt"), (name, "tls.key")}
            case "secretRef", str(name):
                found |= {(name, "accesskey"), (name, "secretkey")}
    return found


def volumes(pods: Pods) -> list[str]:
    there = {volume["name"] for volume in (pods.spec or {}).get("volumes", [])}
    mounted = {mount["name"] for container in pods.containers for mount in container.get("volumeMounts", [])}
    return [f"volume {name} is mounted or declared, not both" for name in sorted(there ^ mounted)]


def variables(pods: Pods, objects: list[Manifest]) -> list[str]:
    wrong = []
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    for container in pods.containers:
        known = {variable["name"] for variable in container.get("env", [])}
        known |= {key for each in container.get("envFrom", []) for key in maps.get(each["configMapRef"]["name"], {})}
        used = set(re.findall(r"\$\((\w+)\)", " ".join(container.get("args", []))))
        wrong += [f"$({name}) is not set" for name in sorted(used - known)]
    return wrong


def probes(objects: list[Manifest]) -> list[str]:
    """Whoever opens a port is asked on it whether it started, is ready and lives."""
    wrong = []
    for pods in our_pods(objects):
        for container in pods.containers:
            own = {port["name"] for port in container.get("ports", [])}
            asked = {
                key: (probe.get("httpGet") or probe["tcpSocket"])["port"]
                for key, probe in container.items()
                if key.endswith("Probe")
            }
            wrong += [f"{pods.of}: {key} asks port {port}" for key, port in asked.items() if port not in own]
            if own and set(asked) != {"startupProbe", "readinessProbe", "livenessProbe"}:
                wrong.append(f"{pods.of}: a probe is missing")
    return wrong


def services(objects: list[Manifest]) -> list[str]:
    """Each service stands before one workload, and leads to a port that it has."""
    wrong = []
    for service in of_kind(objects, "Service"):
        behind = [
            pods for pods in our_pods(objects) if picks({"matchLabels": service["spec"]["selector"]}, pods.labels)
        ]
        if len(behind) != 1:
            wrong.append(f"{called(service)}: stands before {len(behind)} workloads")
        there = {name for pods in behind for name in pods.ports}
        aims = {port["targetPort"] for port in service["spec"]["ports"]}
        wrong += [f"{called(service)}: no port {port} behind it" for port in sorted(aims - there)]
    return wrong


def ingresses(objects: list[Manifest]) -> list[str]:
    """Each path leads to a service's port, each host has TLS."""
    wrong = []
    services = {each["metadata"]["name"]: each["spec"]["ports"] for each in of_kind(objects, "Service")}
    served = {(name, port["name"]) for name, ports in services.items() for port in ports}
    for ingress in of_kind(objects, "Ingress"):
        rules = ingress["spec"]["rules"]
        backends = [path["backend"]["service"] for rule in rules for path in rule["http"]["paths"]]
        wrong += [
            f"{called(ingress)}: leads to no port of {backend['name']}"
            for backend in backends
            if (backend["name"], backend["port"]["name"]) not in served
        ]
        if {rule["host"] for rule in rules} != {
            host for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]
        }:
            wrong.append(f"{called(ingress)}: a host without TLS")
    return wrong


def selectors(objects: list[Manifest]) -> list[str]:
    """Whatever picks pods, or names a workload, finds it."""
    everyone = our_pods(objects) + operators_pods(objects)
    wrong = []
    for each in of_kind(objects, "Deployment"):
        if not picks(each["spec"]["selector"], each["spec"]["template"]["metadata"]["labels"]):
            wrong.append(f"{called(each)}: its selector does not pick its own pods")
    for each in of_kind(objects, "PodDisruptionBudget", "NetworkPolicy"):
        for key, selector in entries(each["spec"]):
            if key not in ("selector", "podSelector") or selector == {}:
                continue
            values = [(rule["key"], value) for rule in selector.get("matchExpressions", []) for value in rule["values"]]
            idle = [value for key, value in values if not any(pods.labels.get(key) == value for pods in everyone)]
            if idle or not any(picks(selector, pods.labels) for pods in everyone):
                wrong.append(f"{called(each)}: picks no pods with {idle or selector}")
    for each in of_kind(objects, "HorizontalPodAutoscaler"):
        target = each["spec"]["scaleTargetRef"]
        if f"{target['kind']}/{target['name']}" not in {called(other) for other in objects}:
            wrong.append(f"{called(each)}: scales nothing")
        if not 2 <= each["spec"]["minReplicas"] < each["spec"]["maxReplicas"]:
            wrong.append(f"{called(each)}: leaves no room, or a single pod")
    return wrong


def places(objects: list[Manifest]) -> list[str]:
    """Everything in one namespace, nothing twice, and silence by default."""
    wrong = [
        f"{called(each)}: outside the namespace"
        for each in objects
        if each["kind"] not in CLUSTER_WIDE and each["metadata"].get("namespace") != "ringsight"
    ]
    names = [called(each) for each in objects]
    wrong += [f"{name}: twice" for name in sorted({name for name in names if names.count(name) > 1})]
    everything = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(each["spec"] == everything for each in of_kind(objects, "NetworkPolicy")):
        wrong.append("NetworkPolicy: nothing denies by default")
    return wrong


def problems(objects: list[Manifest], documented: str) -> list[str]:
    """Every mistake found in what an overlay renders to."""
    checks = (choices, schedules, images, hardening, probes, services, ingresses, selectors, places)
    return [problem for check in checks for problem in check(objects)] + references(objects, documented)
