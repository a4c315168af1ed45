"""A deliberate mistake of each kind is caught, and told so that it can be found."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from manifest_checks import problems
from manifest_objects import Manifest, our_pods, the
from manifest_schemas import schema_problems

pytestmark = pytest.mark.slow

Mutation = Callable[[list[Manifest]], object]


def score(objects: list[Manifest]) -> Manifest:
    found: Manifest = the(objects, "CronJob", "score")["spec"]
    return found


def pod(objects: list[Manifest]) -> Manifest:
    found: Manifest = score(objects)["jobTemplate"]["spec"]["template"]["spec"]
    return found


def container(objects: list[Manifest]) -> Manifest:
    found: Manifest = pod(objects)["containers"][0]
    return found


def review(objects: list[Manifest]) -> Manifest:
    found: Manifest = the(objects, "Deployment", "review")["spec"]
    return found


def milvus(objects: list[Manifest]) -> Manifest:
    found: Manifest = the(objects, "Milvus", "ringsight")["spec"]
    return found


def ingress(objects: list[Manifest]) -> Manifest:
    found: Manifest = the(objects, "Ingress", "review")["spec"]
    return found


def remove(objects: list[Manifest], kind: str, name: str) -> None:
    objects.remove(the(objects, kind, name))


MISSED_BY_SCHEMAS: dict[str, tuple[Mutation, str]] = {
    "a policy that does not exist": (lambda o: score(o).update(concurrencyPolicy="Never"), "cannot be 'Never'"),
    "two nights at once": (lambda o: score(o).update(concurrencyPolicy="Allow"), "two at once"),
    "hour 25": (lambda o: score(o).update(schedule="0 25 * * *"), "is no schedule"),
    "an unknown time zone": (lambda o: score(o).update(timeZone="Europe/Atlantis"), "timeZone"),
    "latest": (lambda o: container(o).update(image="ringsight-jobs:latest"), "no tag of its own"),
    "no tag": (lambda o: container(o).update(image="ringsight-jobs"), "no tag of its own"),
    "a registry": (lambda o: container(o).update(image="registry.example:5000/jobs:1"), "names a host"),
    "root": (lambda o: pod(o)["securityContext"].pop("runAsNonRoot"), "may run as root"),
    "no seccomp": (lambda o: pod(o)["securityContext"].pop("seccompProfile"), "no seccomp"),
    "a token": (lambda o: pod(o).pop("automountServiceAccountToken"), "token for the Kubernetes API"),
    "the host's network": (lambda o: pod(o).update(hostNetwork=True), "host's namespaces"),
    "the host's files": (lambda o: pod(o)["volumes"][0].update(hostPath={"path": "/"}), "host's files"),
    "a writable root": (
        lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False),
        "readOnlyRootFilesystem",
    ),
    "privileges": (lambda o: container(o)["securityContext"].update(privileged=True), "privileged"),
    "root in a container": (lambda o: container(o)["securityContext"].update(runAsUser=0), "runAsUser"),
    "nothing said of security": (lambda o: container(o).pop("securityContext"), "allowPrivilegeEscalation"),
    "nothing said of resources": (lambda o: container(o).pop("resources"), "limits.memory is missing"),
    "capabilities": (lambda o: container(o)["securityContext"].pop("capabilities"), "capabilities"),
    "no memory limit": (lambda o: container(o)["resources"]["limits"].pop("memory"), "limits.memory is missing"),
    "no request": (lambda o: container(o)["resources"].pop("requests"), "requests.cpu is missing"),
    "a lost config map": (lambda o: container(o)["envFrom"][0]["configMapRef"].update(name="x"), "no ConfigMap/x"),
    "a lost claim": (lambda o: remove(o, "PersistentVolumeClaim", "bank"), "no PersistentVolumeClaim/bank"),
    "a lost volume": (lambda o: pod(o)["volumes"].pop(), "mounted or declared, not both"),
    "a misspelt variable": (lambda o: container(o)["args"].append("seed=$(SEDE)"), "$(SEDE) is not set"),
    "an undocumented secret": (
        lambda o: milvus(o)["dependencies"]["storage"].update(secretRef="other"),
        "secret other, key accesskey, is not in the README",
    ),
    "an undocumented key": (
        lambda o: container(o)["env"].append(
            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "milvus-root", "key": "k"}}}
        ),
        "secret milvus-root, key k, is not in the README",
    ),
    "a secret in the open": (
        lambda o: o.append({"kind": "Secret", "metadata": {"name": "s", "namespace": "ringsight"}}),
        "do not belong",
    ),
    "a probe of a closed port": (
        lambda o: review(o)["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"].update(port="web"),
        "asks port web",
    ),
    "no readiness": (
        lambda o: review(o)["template"]["spec"]["containers"][0].pop("readinessProbe"),
        "a probe is missing",
    ),
    "a service before a closed port": (
        lambda o: the(o, "Service", "review")["spec"]["ports"][0].update(targetPort="web"),
        "no port web behind it",
    ),
    "a service before nothing": (
        lambda o: the(o, "Service", "review")["spec"]["selector"].update(app="x"),
        "stands before 0 workloads",
    ),
    "a service before two": (
        lambda o: the(o, "Service", "review")["spec"]["selector"].pop("app.kubernetes.io/component"),
        "workloads",
    ),
    "an ingress to nowhere": (lambda o: remove(o, "Service", "review"), "leads to no port"),
    "a host without TLS": (lambda o: ingress(o).pop("tls"), "a host without TLS"),
    "a selector that misses its pods": (
        lambda o: review(o)["selector"]["matchLabels"].update(app="x"),
        "does not pick its own pods",
    ),
    "a budget for nothing": (
        lambda o: the(o, "PodDisruptionBudget", "milvus-querynode")["spec"]["selector"]["matchLabels"].update(app="x"),
        "PodDisruptionBudget/milvus-querynode: picks no pods",
    ),
    "a policy that lets nobody in": (
        lambda o: the(o, "NetworkPolicy", "clients-of-milvus")["spec"]["podSelector"]["matchExpressions"][0][
            "values"
        ].append("scores"),
        "picks no pods with ['scores']",
    ),
    "an autoscaler of nothing": (lambda o: remove(o, "Deployment", "review"), "scales nothing"),
    "an autoscaler to one": (
        lambda o: the(o, "HorizontalPodAutoscaler", "review")["spec"].update(minReplicas=1),
        "a single pod",
    ),
    "another namespace": (
        lambda o: the(o, "CronJob", "score")["metadata"].update(namespace="default"),
        "outside the namespace",
    ),
    "twice": (lambda o: o.append(the(o, "CronJob", "score")), "CronJob/score: twice"),
    "an open network": (lambda o: remove(o, "NetworkPolicy", "nothing"), "nothing denies by default"),
}

MISSED_BY_NO_SCHEMA: dict[str, tuple[Mutation, str]] = {
    "words for a number": (lambda o: review(o).update(replicas="two"), "replicas"),
    "a misspelt probe": (
        lambda o: review(o)["template"]["spec"]["containers"][0].update(readynessProbe={}),
        "readynessProbe",
    ),
    "a misspelt field": (lambda o: score(o).update(concurencyPolicy="Forbid"), "concurencyPolicy"),
    "a kind that nobody knows": (lambda o: the(o, "Ingress", "review").update(kind="Egress"), "no schema"),
    "Milvus 3": (lambda o: milvus(o)["components"].update(image="milvusdb/milvus:v3.0.1"), "milvus:v3.0.1"),
    "authorisation in British": (
        lambda o: milvus(o)["config"]["common"]["security"].update(authorisationEnabled=True),
        "authorisationEnabled",
    ),
    "an invented log store": (lambda o: milvus(o)["dependencies"].update(msgStreamType="wood-pecker"), "wood-pecker"),
    "a missing component": (lambda o: milvus(o)["components"].pop("queryNode"), "queryNode"),
    "a plural": (lambda o: milvus(o)["components"].update(queryNodes={}), "queryNodes"),
    "an alert without advice": (
        lambda o: the(o, "PrometheusRule", "ringsight")["spec"]["groups"][0]["rules"][0]["annotations"].pop("action"),
        "action",
    ),
}


@pytest.mark.parametrize("name", MISSED_BY_SCHEMAS)
def test_a_mistake_that_schemas_miss_is_caught(name: str, prod: list[Manifest], readme: str) -> None:
    mutate, told = MISSED_BY_SCHEMAS[name]
    objects = deepcopy(prod)
    mutate(objects)
    assert any(told in problem for problem in problems(objects, readme)), problems(objects, readme)


@pytest.mark.parametrize("name", MISSED_BY_NO_SCHEMA)
def test_a_mistake_is_caught_by_its_schema(name: str, prod: list[Manifest]) -> None:
    mutate, told = MISSED_BY_NO_SCHEMA[name]
    objects = deepcopy(prod)
    mutate(objects)
    changed = [each for each, right in zip(objects, prod, strict=True) if each != right]
    found = [problem for each in changed for problem in schema_problems(each)]
    assert any(told in problem for problem in found), found


def test_nothing_rendered_has_no_pods_and_only_the_missing_silence(readme: str) -> None:
    assert our_pods([]) == []
    assert problems([], readme) == ["NetworkPolicy: nothing denies by default"]
