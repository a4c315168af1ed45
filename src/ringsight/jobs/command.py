"""A command: its settings composed by Hydra, checked against a dataclass, handed to a plain function.

The only module that knows both Hydra and the jobs; a `DictConfig` never leaves it.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ringsight.errors import RingsightError
from ringsight.jobs.asked import asked_keys
from ringsight.jobs.job_settings import paths_in
from ringsight.jobs.misspelt import explained
from ringsight.jobs.spelt import as_spelt
from ringsight.records.bank import BankConfig

Settings = TypeVar("Settings")

ConfigStore.instance().store(group="schema", name="bank", node=BankConfig)


def conf_dir() -> Path:
    """The folder of named choices: packaged beside the code, or the checkout's `conf/`."""
    packaged = Path(__file__).parents[1] / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "conf"


@dataclass(frozen=True, slots=True)
class Command(Generic[Settings]):
    """One job of `ringsight`: `conf/NAME.yaml` with the defaults of `settings`, for the function `run`."""

    name: str
    settings: type[Settings]
    run: Callable[..., object]
    """Takes the settings and, where `takes_asked`, the keys of those that were asked for."""
    folder: str = ""
    """The setting that names the folder written to: each run of a sweep gets one of its own."""
    takes_asked: bool = False
    """Whether a setting that is given counts even where it is as by default."""
    verbatim: tuple[str, ...] = ()
    """Text settings that are taken as they stand on the command line: ids, filters, addresses, hashes. Hydra would read
    `1e5` and `null` as what they look like, and stop at `>`, `=` or a quote. Paths are taken so in any case."""

    bare: str = ""
    """The setting that a word alone at the beginning gives."""

    def __post_init__(self) -> None:
        """Let `conf/NAME.yaml` build on the dataclass, as `schema/NAME`."""
        ConfigStore.instance().store(group="schema", name=self.name, node=self.settings)

    def open(self, arguments: list[str]) -> None:
        """Compose the settings from `conf/` and the command line, then run; once for each run of a sweep.

        Raises:
            RingsightError: for what a user can mend; HYDRA_FULL_ERROR=1 lets the causes through with traceback.
        """
        before = os.environ.get("HYDRA_FULL_ERROR")
        debugging = before == "1"
        os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra raises what it would else print
        arguments = as_spelt(self._spelt_out(arguments), texts=self.verbatim, paths=paths_in(self.settings))
        sys.argv = [f"ringsight {self.name}", *arguments]

        @hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=self.name)
        def composed(cfg: DictConfig) -> None:
            failure.extend(self._attempt(cfg, debugging))

        failure: list[RingsightError] = []
        try:
            composed()
        except (HydraException, OmegaConfBaseException) as error:
            if debugging:
                raise
            raise explained(error, self.settings) from error
        finally:
            if before is None:
                del os.environ["HYDRA_FULL_ERROR"]
            else:
                os.environ["HYDRA_FULL_ERROR"] = before
        if failure:
            raise failure[0]

    def _spelt_out(self, arguments: list[str]) -> list[str]:
        """A word alone at the beginning says what to do: `export` is `do=export`; or it is the `bare` setting."""
        match arguments:
            case [word, *others] if self.bare and ("=" not in word or Path(word).is_dir()) and not word.startswith("-"):
                return [f"{self.bare}={word}", *others]
            case [word, *others] if word.isidentifier() and "do" in (
                field.name for field in fields(cast("Any", self.settings))
            ):
                return [f"do={word}", *others]
            case _:
                return arguments

    def _attempt(self, cfg: DictConfig, debugging: bool) -> list[RingsightError]:
        """Run, and hand back what a user can mend: raised here, Hydra would add its own line to it."""
        try:
            config = self._in_sweep(typed(cfg, self.settings))
            asked = asked_keys(HydraConfig.get().overrides.task, conf_dir())
            self.run(config, asked) if self.takes_asked else self.run(config)
        except RingsightError as error:
            if debugging:
                raise
            return [error]
        return []

    def _in_sweep(self, config: Settings) -> Settings:
        """Give each run of a sweep a folder of its own: FOLDER/NUMBER, or under `multirun/` if none was named."""
        if HydraConfig.get().mode is not RunMode.MULTIRUN or not self.folder:
            return config
        named = getattr(config, self.folder)
        default = next(field.default for field in fields(cast("Any", config)) if field.name == self.folder)
        unnamed = named is None or named == default
        parent = Path(HydraConfig.get().runtime.output_dir)
        own = parent / self.folder if unnamed else named / str(HydraConfig.get().job.num)
        return cast("Settings", replace(cast("Any", config), **{self.folder: own}))


def typed(cfg: DictConfig, settings: type[Settings]) -> Settings:
    """A composed config as its dataclass, every `__post_init__` run.

    Raises:
        RingsightError: if a value is missing or out of bounds.
    """
    try:
        return cast("Settings", OmegaConf.to_object(cfg))
    except OmegaConfBaseException as error:
        raise explained(error, settings) from error
