"""The Kubernetes manifests are right, as far as that can be known without a cluster."""

from importlib import import_module
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from hydra import compose, initialize_config_dir
from manifest_checks import is_cron, problems
from manifest_objects import Manifest, called, of_kind, our_pods, the
from manifest_schemas import OLDEST, OURS, definition_problems, schema_problems

from ringsight import __version__
from ringsight.jobs.cli import JOBS
from ringsight.jobs.command import conf_dir, typed
from ringsight.jobs.watch import UNUSUAL
from ringsight.web.settings import SiteSettings

pytestmark = pytest.mark.slow

DEFINITION = Path(__file__).parents[3] / "shared" / "data" / "milvus-operator" / "milvus.io_milvuses.yaml"
NEWEST = kubernetes_validate.latest_version()


@pytest.fixture(scope="session")
def definition() -> Manifest:
    """The operator's own definition of a Milvus, where it lies beside the repository."""
    if not DEFINITION.is_file():
        pytest.skip("milvus-operator's definition is not here; the project's own schema is checked all the same")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Manifest = yaml.load(DEFINITION.read_bytes(), loader)  # noqa: S506 - a safe loader
    return found


def test_no_mistake_that_a_schema_misses(overlay: list[Manifest], readme: str) -> None:
    assert problems(overlay, readme) == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_everything_fits_its_schema(overlay: list[Manifest], version: str) -> None:
    assert [problem for each in overlay for problem in schema_problems(each, version)] == []


def test_milvus_fits_the_operators_definition(overlay: list[Manifest], definition: Manifest) -> None:
    (milvus,) = of_kind(overlay, "Milvus")
    assert definition_problems(milvus, definition) == []


@pytest.mark.parametrize("mistake", [{"mode": "clusters"}, {"queryNodes": {}}, {"dependencies": {"etdc": {}}}])
def test_the_operators_definition_refuses(mistake: Manifest, prod: list[Manifest], definition: Manifest) -> None:
    milvus = the(prod, "Milvus", "ringsight")
    assert definition_problems(milvus | {"spec": milvus["spec"] | mistake}, definition)


def test_pods_run_commands_that_exist_with_settings_that_exist(overlay: list[Manifest]) -> None:
    settings = settings_of(overlay)
    for pods in our_pods(overlay):
        for container in pods.containers:
            if not pods.running or "args" not in container or not container["image"].startswith("ringsight-"):
                continue
            job, *overrides = (filled(arg, settings | {"NIGHT": "score-1"}) for arg in container["args"])
            assert job in JOBS, f"{pods.of} runs `ringsight {job}`"
            door = import_module(f"ringsight.jobs.{job}").COMMAND
            overrides = [each for each in overrides if each.partition("=")[0] not in door.verbatim]
            with initialize_config_dir(str(conf_dir()), version_base="1.3"):
                typed(compose(job, overrides), door.settings)


def test_an_unusual_night_is_not_tried_again(overlay: list[Manifest]) -> None:
    job = the(overlay, "CronJob", "score")["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]) == (
        "FailJob",
        {"containerName": "score", "operator": "In", "values": [UNUSUAL]},
    )
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # which the rule needs


def test_probes_ask_for_a_host_that_the_pages_answer(overlay: list[Manifest]) -> None:
    """A probe names the pod's own IP by default, and the pages refuse hosts that they do not know."""
    (review,) = (pods for pods in our_pods(overlay) if pods.of == "Deployment/review")
    container = next(each for each in review.containers if each["name"] == "review")
    answered = SiteSettings(address=settings_of(overlay)["REVIEW_ADDRESS"]).answered(listening="0.0.0.0")  # noqa: S104
    asked = [probe["httpGet"].get("httpHeaders", []) for key, probe in container.items() if key.endswith("Probe")]
    assert len(asked) == 3
    for headers in asked:
        assert {header["value"] for header in headers if header["name"] == "Host"} <= answered
        assert headers


def filled(text: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"$({name})", value)
    return text


def test_images_are_of_this_version(overlay: list[Manifest]) -> None:
    used = {container["image"] for pods in our_pods(overlay) for container in pods.containers}
    ours = {image for image in used if image.startswith("ringsight-")}
    assert ours == {f"ringsight-{name}:{__version__}" for name in ("jobs", "service")}


def test_both_overlays_have_the_same_workloads_but_for_what_one_of_them_is_about(
    dev: list[Manifest], prod: list[Manifest]
) -> None:
    in_dev, in_prod = ({pods.of for pods in our_pods(objects)} for objects in (dev, prod))
    assert in_dev - in_prod == {"Job/generate", "Deployment/postgres"}
    assert in_prod - in_dev == {"Job/accounts", "CronJob/backup"}


def test_production_asks_for_an_account_over_tls(prod: list[Manifest]) -> None:
    security = the(prod, "Milvus", "ringsight")["spec"]["config"]["common"]["security"]
    assert security == {"authorizationEnabled": True, "tlsMode": 1}
    settings = settings_of(prod)
    assert settings["MILVUS_URI"].startswith("https://")
    mounted = {
        pods.of for pods in our_pods(prod) if f"'mountPath': '{Path(settings['MILVUS_CA']).parent}'" in str(pods)
    }
    known = {pods.of for pods in our_pods(prod) if "'name': 'RINGSIGHT_MILVUS_TOKEN'" in str(pods)}
    clients = {"CronJob/score", "Deployment/console", "Job/accounts"}
    assert known == clients
    assert mounted == clients | {"CronJob/backup"}


def settings_of(objects: list[Manifest]) -> dict[str, str]:
    return next(each["data"] for each in of_kind(objects, "ConfigMap") if "MODEL" in each["data"])


def test_backup_reads_the_milvus_that_is_there(prod: list[Manifest]) -> None:
    backup = next(each["data"] for each in of_kind(prod, "ConfigMap") if "backup.yaml" in each["data"])
    told = yaml.safe_load(backup["backup.yaml"])
    milvus = the(prod, "Milvus", "ringsight")["spec"]
    storage = milvus["config"]["minio"]
    assert {key: told["minio"][key] for key in storage} == storage
    assert milvus["dependencies"]["storage"]["endpoint"] == f"{told['minio']['address']}:{told['minio']['port']}"
    assert told["minio"]["backupBucketName"] != storage["bucketName"], "a lost bucket would take its backup along"
    settings = settings_of(prod)
    assert settings["MILVUS_URI"] == f"https://{told['milvus']['address']}:{told['milvus']['port']}"


def test_a_night_writes_results_and_nothing_else(overlay: list[Manifest]) -> None:
    (score,) = (pods for pods in our_pods(overlay) if pods.of == "CronJob/score")
    (container,) = score.containers
    written = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert written == {"results", "tmp"}


@pytest.mark.parametrize("schedule", ["* * * * *", "30 1 * * *", "*/5 0-6 1,15 12 6"])
def test_a_schedule(schedule: str) -> None:
    assert is_cron(schedule)


@pytest.mark.parametrize(
    "schedule",
    ["", "0 25 * * *", "0 1 * *", "60 0 * * *", "0 0 0 * *", "*/0 * * * *", "5-1 * * * *", "0 0 * * 7", "@nightly"],
)
def test_no_schedule(schedule: str) -> None:
    assert not is_cron(schedule)


def test_every_schema_of_ours_is_used(prod: list[Manifest]) -> None:
    assert set(OURS) <= {each["kind"] for each in prod}, [called(each) for each in prod]
