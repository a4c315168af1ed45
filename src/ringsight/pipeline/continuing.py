"""What a run takes over from the last one."""

from pathlib import Path

from ringsight.detection.lineage import Lineage
from ringsight.errors import SettingsError
from ringsight.runs.run import Run


def lineage_before(previous: Path | None, out: Path) -> Lineage:
    """The lineage that a run into `out` continues, if a run before is named.

    Raises:
        SettingsError: if the run before is the one that `out` is to hold: should this one fail, its ids were lost.
        DataError: if the run before is not finished.
    """
    if previous is None:
        return Lineage.beginning()
    refuse_same("previous", previous, out)
    return Run(previous).lineage


def refuse_same(setting: str, last: Path, out: Path) -> None:
    """Refuse to write a run over the one that it continues.

    Raises:
        SettingsError: if both are the same folder.
    """
    if last.resolve() == out.resolve():
        raise SettingsError(
            f"{setting} and out are the same folder ({out}), so a run that fails would take the ids of its rings along",
            remedy=f"give every run a folder of its own, and name the last one that was finished as {setting}",
        )
