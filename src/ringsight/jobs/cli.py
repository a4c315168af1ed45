"""`ringsight JOB [settings]`: names the jobs, imports only the one asked for, and keeps tracebacks from users.

Nothing heavy is imported here, so that `ringsight --help` answers at once.
"""

import os
import sys
from difflib import get_close_matches
from importlib import import_module

from ringsight import __version__
from ringsight.errors import RingsightError, SettingsError

JOBS = {
    "demo": "a synthetic bank from start to flags, held against its truth",
    "run": "a bank's folder to flagged rings: train what is missing, embed, index, detect, report",
    "check": "look at a bank's folder without training: what would be used for what, and what should be said",
    "generate": "write a synthetic bank with rings hidden in it",
    "train": "train the encoders and the joint space",
    "embed": "a bank and a model to embeddings, on disk and in the vector store",
    "detect": "embeddings to flagged rings, with a report",
    "evaluate": "hold a finished run against the truth",
    "score": "the nightly batch: search, hold against the last night, publish cases; the exit code is 3 where unusual",
    "challenge": "a new model against the one of the nights: compare, promote, rollback, status",
    "watch": "hold a night against a reference; the exit code is 3 where it is unusual, 0 where it is as usual",
    "track": "what a run was made of and came to, for comparing runs and models; in MLflow too",
    "rerun": "the same run again, from the settings that it wrote down, and whether it found the same",
    "store": "the models in the vector store: status, promote, rollback, drop",
    "erase": "a customer out of a run, its cases and the vector store, verified",
    "similar": "the customers most like one, and what they share",
    "peers": "what customers like one buy, and what one does that they do not",
    "experiment": "A/B tests: begin one, report on it, plan how long it has to run",
    "serve": "the real-time graph service over a finished run: customers one at a time, over HTTP",
    "keys": "who may ask the service for what",
    "review": "the analysts' pages over a finished run: queue, cases, decisions",
    "decisions": "what analysts have decided, as typed pairs",
    "audit": "prove that the review's audit trail is what was written",
    "accounts": "who may sign in to the review",
}
EXAMPLES = {
    "demo": "ringsight demo out=out/demo",
    "run": "ringsight run bank.path=BANK out=out/mine",
    "check": "ringsight check BANK",
    "generate": "ringsight generate bank.customers=2000 seed=7 out=out/bank",
    "train": "ringsight train bank.path=out/bank encoder=notes model=models/mine",
    "embed": "ringsight embed bank.path=out/bank model=models/mine out=out/mine",
    "detect": "ringsight detect bank.path=out/bank out=out/mine detect.fdr=0.1",
    "evaluate": "ringsight evaluate run=out/mine truth=out/bank/truth/labels.csv",
    "score": "ringsight score bank.path=BANK nights=out/nights",
    "challenge": "ringsight challenge bank=BANK nights=out/nights",
    "watch": "ringsight watch run=out/tonight reference=out/last",
    "track": "ringsight track run=out/mine truth=out/bank/truth mlflow=out/mlflow",
    "rerun": "ringsight rerun of=out/mine out=out/again",
    "store": "ringsight store status out=out/mine",
    "erase": "ringsight erase customer=C00001 out=out/mine",
    "similar": "ringsight similar customer=C00001 k=5 where=\"region == 'north'\" out=out/mine",
    "peers": "ringsight peers customer=C00001 k=10 out=out/mine",
    "experiment": "ringsight experiment report folder=out/experiment report.outcome=click picture=lift.png",
    "decisions": "ringsight decisions export run=out/mine out=out/decisions.csv",
    "audit": "ringsight audit verify run=out/mine",
    "accounts": "ringsight accounts add name=ana role=analyst run=out/mine",
    "serve": "ringsight serve run=out/mine",
    "keys": "ringsight keys add name=teller scopes=[read,write] run=out/mine",
    "review": "ringsight review run=out/mine",
}
INTERRUPTED = 130
"""Exit code of a program stopped by Ctrl-C, as shells have it."""
CUT_OFF = 141
"""Exit code of a program whose output nobody reads any more, as shells have it."""


def main() -> None:
    """Open the command that is asked for; the exit code is 0, 1 after an error, 130 after Ctrl-C, 141 if unread.

    `ringsight watch` and `ringsight score` have 3 for a night that is unusual.
    """
    try:
        _main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read us, `head` for one, has gone; the interpreter would flush once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CUT_OFF)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing is half-written; the same command picks up where it can.\n")
        sys.exit(INTERRUPTED)
    except RingsightError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


def _main(arguments: list[str]) -> None:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(usage())
        return
    if arguments[0] in {"-V", "--version"}:
        print(f"ringsight {__version__}")
        return
    job, *settings = arguments
    if job not in JOBS:
        near = get_close_matches(job, JOBS, n=1, cutoff=0.4)
        remedy = f"did you mean `ringsight {near[0]}`?" if near else "`ringsight --help` lists the jobs"
        raise SettingsError(f"there is no job {job!r}", remedy=remedy)
    _open(job, settings)


def _open(job: str, settings: list[str]) -> None:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = import_module(f"ringsight.jobs.{job}").COMMAND
    if {"-h", "--help"} & set(settings):
        from ringsight.jobs.job_help import job_help

        print(job_help(command, JOBS[job], EXAMPLES[job]))
        return
    command.open(settings)


def usage() -> str:
    """What `ringsight --help` says."""
    width = max(map(len, JOBS))
    jobs = "\n".join(f"  {name:<{width}}  {does}" for name, does in JOBS.items())
    return f"""ringsight finds fraud rings: every ring with its false-discovery rate, its evidence,
and its innocent explanation.

usage: ringsight JOB [SETTING=VALUE ...]

{jobs}

`ringsight JOB --help` lists a job's settings, with their defaults and meaning.
Any job takes --multirun: `ringsight train --multirun bank.path=BANK transactions.epochs=10,20`.

Begin with `ringsight demo`, then `{EXAMPLES["run"]}`."""
