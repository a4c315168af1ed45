"""Manifests against schemas: Kubernetes', this project's for custom resources, and an operator's own definition."""

from pathlib import Path

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator
from manifest_objects import Manifest, called

HERE = Path(__file__).parent
OLDEST = "1.30"
"""The oldest Kubernetes that the README promises."""
OURS = {
    kind: Draft202012Validator(yaml.safe_load((HERE / f"{kind.lower()}.schema.yaml").read_text(encoding="utf-8")))
    for kind in ("Milvus", "PrometheusRule")
}


def schema_problems(manifest: Manifest, version: str = OLDEST) -> list[str]:
    """What is wrong with one object by its schema; a kind without a schema is a mistake too."""
    if manifest["kind"] in OURS:
        return told(OURS[manifest["kind"]], manifest)
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{called(manifest)}: {'.'.join(map(str, error.path))}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"{called(manifest)}: no schema for this kind"]
    return []


def definition_problems(manifest: Manifest, definition: Manifest) -> list[str]:
    """What is wrong with a custom resource by its operator's CustomResourceDefinition."""
    version = manifest["apiVersion"].rpartition("/")[2]
    schema = next(each["schema"] for each in definition["spec"]["versions"] if each["name"] == version)
    return told(Draft202012Validator(closed(schema["openAPIV3Schema"])), manifest)


def closed(schema: Manifest) -> Manifest:
    """The schema, refusing unknown fields where the API server would drop them, and taking null where it may stand."""
    shut = {key: closed(value) if isinstance(value, dict) else value for key, value in schema.items()}
    known = "properties" in schema and isinstance(schema.get("type"), str)
    if known and not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
        shut["additionalProperties"] = False
    if schema.get("nullable"):
        shut["type"] = [schema["type"], "null"]
    return shut


def told(validator: Draft202012Validator, manifest: Manifest) -> list[str]:
    found = sorted(validator.iter_errors(manifest), key=str)
    return [f"{called(manifest)}: {'.'.join(map(str, error.path))}: {error.message}" for error in found]
