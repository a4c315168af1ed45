"""The tables of `benchmarks/watch.py` count what was said, and are written between their marks alone."""

from dataclasses import replace

from watch import MARK, Outcome, false_alarms, power, rate

QUIET = Outcome("bank", "dealt", 0, "", 0.0, any_records=False, any_spaces=False, alarm=False, seen=False)


def test_false_alarms_are_counted_over_nights_that_have_not_drifted():
    planted = replace(QUIET, drift="categories missing", size=0.1, alarm=True, any_records=True, seen=True)
    told = [QUIET, replace(QUIET, number=1, any_spaces=True), planted]
    (row,) = false_alarms(told).splitlines()[2:]
    cells = [cell.strip().split(" ")[0] for cell in row.strip("|").split("|")]
    assert cells == ["dealt", "bank", "2", "0.00", "0.50", "0.50", "0.00"]
    (seen,) = [line for line in power(told).splitlines() if line.startswith("| dealt")]
    assert seen == f"| dealt | bank |  | {rate([True])} |  |  |"


def test_a_rate_has_the_exact_interval():
    assert rate([False] * 20) == "0.00 (0.00–0.17)"
    assert rate([]) == ""


def test_the_page_is_written_between_its_marks_alone():
    page = "before\n<!-- benchmarks/watch.py -->\nold\n<!-- end -->\nafter\n"
    assert MARK.sub(lambda match: f"{match[1]}new\n{match[2]}", page) == page.replace("old", "new")
