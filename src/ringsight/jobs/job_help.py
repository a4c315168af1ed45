"""What `ringsight JOB --help` says."""

import textwrap
from pathlib import Path
from typing import Any

from ringsight.jobs.command import Command, conf_dir
from ringsight.jobs.job_settings import Setting, settings_in

WIDTH = 110
INDENT = 34


def job_help(command: Command[Any], does: str, example: str) -> str:
    """What `ringsight JOB --help` says."""
    what = next((f"[{'|'.join(each.choices)}] " for each in settings_in(command.settings) if each.key == "do"), "")
    lines = [f"ringsight {command.name}: {does}", "", f"usage: ringsight {command.name} {what}[SETTING=VALUE ...]"]
    group = None
    for setting in settings_in(command.settings):
        parent = setting.key.rpartition(".")[0]
        if parent != group:
            lines += ["", f"{parent or 'settings'}:"]
            group = parent
        lines += _lines_of(setting)
    named = _named_choices(command.name, conf_dir())
    if named:
        lines += ["", "named choices (files in conf/):", *(f"  {name}={'|'.join(files)}" for name, files in named)]
    lines += ["", f"example: {example}"]
    lines += ["Add --multirun to try several values: KEY=A,B. Add --cfg job to see the settings as composed."]
    return "\n".join(lines)


def _lines_of(setting: Setting) -> list[str]:
    left = f"  {setting.key}={setting.default}" if setting.default else f"  {setting.key} (needed)"
    meaning = setting.meaning.replace("`", "")
    if setting.choices and not all(choice in meaning for choice in setting.choices):
        meaning += f" One of {', '.join(setting.choices)}."
    wrapped = textwrap.wrap(meaning, WIDTH - INDENT) or [""]
    if len(left) >= INDENT:
        return [left, *(" " * INDENT + line for line in wrapped)]
    return [f"{left:<{INDENT}}{wrapped[0]}", *(" " * INDENT + line for line in wrapped[1:])]


def _named_choices(job: str, conf: Path) -> list[tuple[str, list[str]]]:
    """Groups of files in `conf/` that the job's own file mentions, with the files' names."""
    own = (conf / f"{job}.yaml").read_text(encoding="utf-8")
    groups = sorted(folder for folder in conf.iterdir() if folder.is_dir() and f"- {folder.name}:" in own)
    return [(group.name, sorted(file.stem for file in group.glob("*.yaml"))) for group in groups]
