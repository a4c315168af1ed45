"""Metrics in the text format that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Mapping


def head(name: str, kind: str, meaning: str) -> list[str]:
    """The two lines before the samples of a metric; `kind` is gauge, counter or histogram."""
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]


def labelled(name: str, labels: Mapping[str, str]) -> str:
    """A metric with its labels, as it stands before a value."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{told}}}" if told else name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
