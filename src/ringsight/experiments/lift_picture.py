"""The difference of an arm from the control over time, as a matplotlib figure."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from ringsight.detection.picture import Picture
from ringsight.experiments.experiment_report import ArmReport, ExperimentReport

DPI = 144
INK, SOFT, BAND, DOUBT = "#1d3557", "#8d99ae", "#a8c5e2", "#b3261e"


def lift_figure(report: ExperimentReport) -> Figure:
    """How each arm differed from the control as units came, with the interval that holds at every look.

    The band is the sequential interval; dotted, the interval that holds for one look alone, at a time fixed beforehand.

    Args:
        report: of an experiment.
    """
    picture = Picture(figsize=(7.5, 0.7 + 3.0 * len(report.arms)), dpi=DPI, layout="constrained")
    panels = picture.subplots(len(report.arms), 1, squeeze=False, sharex=True)
    for axes, arm in zip(panels[:, 0], report.arms, strict=True):
        _draw(axes, report, arm)
    panels[-1, 0].set_xlabel("units, in the order of their exposure")
    title = f"{report.experiment.name}: {report.config.outcome}" + (
        f" per {report.config.per}" if report.config.per else ""
    )
    picture.suptitle(title, parse_math=False)
    return picture


def _draw(axes: Axes, report: ExperimentReport, arm: ArmReport) -> None:
    told, confidence = arm.looks, report.config.confidence
    axes.axhline(0, color=SOFT, linewidth=0.8)
    axes.set_ylabel(f"{arm.arm} − {report.experiment.control}", parse_math=False)
    if told.is_empty():
        axes.annotate("too few units for an interval", (0.5, 0.5), xycoords="axes fraction", ha="center", color=SOFT)
        return
    units, middle = told["units"].to_numpy(), told["difference"].to_numpy()
    once = norm.ppf((1 + confidence) / 2) * told["error"].to_numpy()
    axes.fill_between(units, told["low"], told["high"], color=BAND, alpha=0.6, linewidth=0, label="holds at every look")
    for bound in (middle - once, middle + once):
        label = "for one look alone" if bound[0] < middle[0] else None
        axes.plot(units, bound, color=SOFT, linewidth=1, linestyle=":", label=label)
    axes.plot(units, middle, color=INK, linewidth=1.6, label="difference")
    last = told.row(-1, named=True)
    reach = 3 * max(last["high"] - last["difference"], 1e-12)
    axes.set_ylim(last["difference"] - reach, last["difference"] + reach)
    axes.set_xlim(0, units[-1])
    axes.legend(loc="upper right", frameon=False, fontsize=8)
    if report.doubts:
        axes.set_title(
            "not to be trusted: " + report.doubts[0].split(":")[0], color=DOUBT, fontsize=8, parse_math=False
        )
