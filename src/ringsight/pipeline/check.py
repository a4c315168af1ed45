"""A bank's folder looked at before anything is trained: would a run start, by what, and what should be said."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ringsight.errors import DataError
from ringsight.progress import Callback, report_to, stage
from ringsight.records import reading
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.declarations import declared, with_declared
from ringsight.records.doubts import doubts
from ringsight.records.folder_listing import PROPOSED, SAYING
from ringsight.records.joint_owners import JOINT
from ringsight.records.proposal import Proposal, proposed
from ringsight.records.quarantine import printable
from ringsight.records.writing import write_atomically

HEAD = "# Proposed by `ringsight check`, to be looked at and edited; docs/bank_yaml.md says what each word means.\n"


@dataclass(frozen=True, slots=True)
class BankCheck:
    """What was found in a bank's folder."""

    config: BankConfig
    """How it was read."""
    bank: Bank | None
    """As read; None where it cannot be read as it is."""
    problem: DataError | None
    """Why it cannot."""
    proposal: Proposal
    """What `bank.yaml` could say beyond what it says."""
    bank_as_proposed: Bank | None
    """As read with that; None where there is nothing to propose, or it does not suffice."""
    problem_as_proposed: DataError | None
    """Why it does not."""

    @property
    def ready(self) -> bool:
        """Whether a run would start, by what has been said so far."""
        return self.bank is not None

    def words(self) -> str:
        """What was found, in words."""
        lines: list[str] = []
        if self.bank is not None:
            lines += [reading.describe(self.bank), *_indented(doubts(self.bank, self.config))]
        if self.problem is not None:
            told = f"{self.problem.where}: {self.problem.what}" if self.proposal else str(self.problem)
            lines += [f"As it is, no run would start. {told}"]
        if self.proposal.found:
            lines += ["Found:", *_indented(self.proposal.found)]
        if self.proposal.lacking:
            lines += ["To be said by you:", *_indented(self.proposal.lacking)]
        if self.bank_as_proposed is not None:
            doubtful = doubts(self.bank_as_proposed, as_proposed(self.config, self.proposal))
            lines += ["With what is proposed:", reading.describe(self.bank_as_proposed), *_indented(doubtful)]
        if self.problem_as_proposed is not None:
            lines += [f"With what is proposed, still no run would start. {self.problem_as_proposed}"]
        return "\n".join(printable(line) for each in lines for line in each.split("\n"))

    def yaml(self) -> str:
        """A whole `bank.yaml`: what is said so far, what is proposed, and the role of each customer column."""
        said = declared(as_proposed(self.config, self.proposal))
        bank = self.bank or self.bank_as_proposed
        roles = bank.roles if bank else said.entities
        content: dict[str, Any] = {
            "tables": said.tables,
            "columns": {table: mapping for table, mapping in said.columns.items() if mapping},
            "dialects": {table: dialect.differences() for table, dialect in said.dialects.items()},
            "ids_ignore": [str(rule) for rule in said.ids_ignore],
            "customers_from": said.customers_from,
            "numbered": said.numbered,
            "owners": said.owners,
            "holders": said.holders,
            "entities": {column: str(role) for column, role in roles.items() if column != JOINT},
        }
        if bank is not None:
            content["strata"] = [column for column in said.strata if column in bank.customers.columns]
        told = {key: value for key, value in content.items() if value}
        remarks = "".join(
            f"# {printable(' '.join(line.split()))}\n" for line in (*self.proposal.found, *self.proposal.lacking)
        )
        lines = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000)
        return HEAD + remarks + (lines if told else "")


def check_bank(bank: BankConfig | Path | str, *, progress: Callback | None = None) -> BankCheck:
    """Read all of a bank's folder without training, and find what `bank.yaml` should say; nothing is written.

    Args:
        bank: the folder, or how to read it.
        progress: is told of the work.

    Raises:
        DataError: if there is no such folder.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    config = with_declared(bank if isinstance(bank, BankConfig) else BankConfig(path=Path(bank)))
    with report_to(progress), stage("check", f"looking at all of {config.path}"):
        proposal = proposed(config)
        found, problem = _read(config)
        changed = _read(as_proposed(config, proposal)) if proposal else (None, None)
    return BankCheck(config, found, problem, proposal, *changed)


def as_proposed(config: BankConfig, proposal: Proposal) -> BankConfig:
    """The same config with what is proposed."""
    return replace(
        config,
        tables=config.tables | proposal.tables,
        columns=config.columns | proposal.columns,
        dialects=config.dialects | proposal.dialects,
        ids_ignore=proposal.ids or config.ids_ignore,
        customers_from=proposal.customers_from or config.customers_from,
        numbered=proposal.numbered or config.numbered,
        owners=config.owners | proposal.owners,
    )


def write_bank_yaml(check: BankCheck) -> Path | None:
    """Write what `bank.yaml` could say into the bank's folder, where that adds anything; never over an existing one.

    Returns:
        The file: `bank.yaml`, or `bank.proposed.yaml` beside one that is there; None where nothing was written, for
        there is nothing to add or the folder cannot be written to.
    """
    folder = check.config.path
    there = (folder / SAYING).exists()
    if there and not check.proposal:
        return None
    file = folder / (PROPOSED if there else SAYING)
    try:
        with write_atomically(file) as partial:
            partial.write_text(check.yaml(), encoding="utf-8")
    except OSError:
        return None
    return file


def _read(config: BankConfig) -> tuple[Bank | None, DataError | None]:
    try:
        return reading.read_as_said(config), None
    except DataError as error:
        return None, error


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
