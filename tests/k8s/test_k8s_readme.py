"""What the README tells of the manifests is true of them."""

import re

import pytest
from manifest_objects import Manifest, called, of_kind, the

BYTES = {"HNSW of 128 numbers": 656, "HNSW of 64 numbers": 656 - 64 * 4, "columns": 100}


def sizing(readme: str) -> list[list[str]]:
    """The rows of the table of sizes, cell by cell."""
    table = readme.partition("| customers | vectors |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def figures(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", cell)]


def test_sizes_follow_from_bytes_a_customer(readme: str) -> None:
    customer = 3 * BYTES["HNSW of 128 numbers"] + BYTES["HNSW of 64 numbers"] + 4 * BYTES["columns"]
    assert f"**{customer / 1000:.1f} kB a customer**" in readme
    assert len(sizing(readme)) == 3
    for customers, vectors, memory, headroom, models, query_nodes, *_ in sizing(readme):
        (millions,), (gigabytes,) = figures(customers), figures(memory)
        nodes, each = figures(query_nodes)
        assert figures(vectors) == [4 * millions]
        assert gigabytes == pytest.approx(customer * millions / 1000, rel=0.02)
        assert figures(headroom)[0] == pytest.approx(1.4 * gigabytes, rel=0.03)
        assert figures(models)[0] == pytest.approx(2.8 * gigabytes, rel=0.03)
        assert nodes * each * 1.074 >= figures(models)[0], "two models fit"
        assert (nodes - 1) * each * 1.074 >= figures(headroom)[0], "one node may be lost"


@pytest.mark.parametrize(("cell", "component"), [(5, "queryNode"), (6, "dataNode"), (7, "streamingNode")])
def test_production_is_sized_as_its_row_says(cell: int, component: str, prod: list[Manifest], readme: str) -> None:
    sized = the(prod, "Milvus", "ringsight")["spec"]["components"][component]
    row = next(row for row in sizing(readme) if row[0] == "10 million")
    nodes, *cores, memory = figures(row[cell])
    assert sized["replicas"] == nodes
    assert sized["resources"]["requests"]["memory"] == f"{memory:.0f}Gi"
    assert cores in ([], [float(sized["resources"]["requests"]["cpu"])])


def test_commands_name_what_is_there(dev: list[Manifest], prod: list[Manifest], readme: str) -> None:
    there = {called(each).lower() for each in [*dev, *prod]}
    made = set(re.findall(r"create job ([\w-]+)", readme))
    named = set(re.findall(r"\b((?:cronjob|milvus|deployment)/[\w-]+)", readme))
    jobs = set(re.findall(r"\bjob/([\w-]+)", readme)) - made
    assert named, "no command found"
    assert named <= there
    assert {f"job/{name}" for name in jobs} <= there


def test_every_setting_is_told(dev: list[Manifest], readme: str) -> None:
    settings = next(each["data"] for each in of_kind(dev, "ConfigMap") if "MODEL" in each["data"])
    told = readme.partition("## Settings")[2].partition("\n## ")[0]
    assert {name for name in settings if f"`{name}`" in told} == set(settings)


def test_every_secret_in_the_table_is_used(dev: list[Manifest], prod: list[Manifest], readme: str) -> None:
    table = set(re.findall(r"^\| `([\w-]+)` \| `", readme, re.MULTILINE))
    assert table
    assert {name for name in table if name in str([*dev, *prod])} == table


def test_alerts_are_counted_in_the_words_of_what_to_watch(prod: list[Manifest], readme: str) -> None:
    told = readme.partition("## What to watch")[2]
    for rule in (
        rule for group in the(prod, "PrometheusRule", "ringsight")["spec"]["groups"] for rule in group["rules"]
    ):
        assert rule["annotations"]["action"], rule["alert"]
    assert "overlays/prod/alerts.yaml" in told
