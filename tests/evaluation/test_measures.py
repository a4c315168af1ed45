"""What counts as found, as false and as benign, and how a wrong truth file is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from made_results import results_with
from rich.console import Console

from ringsight.detection.results import PERHAPS, RINGS, Results
from ringsight.errors import DataError
from ringsight.evaluation.measures import Named, Share, evaluate, read_truth
from ringsight.jobs.evaluate import evaluation_table

Ring = tuple[str, bool] | tuple[str, bool, str]
WriteLabels = Callable[..., Path]


def results_of(*rings: Ring, fdr: float = 0.05) -> Results:
    """Rings in order of significance, each as ("abc", flagged[, explanation]): customers are single letters."""
    return results_with(
        rings=pl.DataFrame(
            [
                {
                    "ring_id": f"ring{i}",
                    "size": len(members),
                    "score": 9.0 - i,
                    "p_value": 0.001,
                    "q_value": 0.01 * i,
                    "adjusted_score": 9.0 - i,
                    "adjusted_q_value": 0.01 * i,
                    "flagged": flagged,
                    "basis": "across",
                    "proposer": "notes",
                    "explanation": explanation,
                    "held": "",
                }
                for i, (members, flagged, explanation) in enumerate((*ring, "")[:3] for ring in rings)
            ],
            schema=RINGS,
        ),
        members=pl.DataFrame(
            [(f"ring{i}", customer) for i, (members, *_) in enumerate(rings) for customer in members],
            schema=["ring_id", "customer_id"],
            orient="row",
        ),
        summary={"fdr": fdr},
    )


@pytest.fixture
def labels(tmp_path: Path) -> WriteLabels:
    """Write labels.csv from {"ring": "members"}, with everyone from a to z in it."""

    def write(rings: dict[str, str], households: dict[str, str] | None = None) -> Path:
        ring_of = {customer: ring for ring, members in rings.items() for customer in members}
        home_of = {customer: home for home, members in (households or {}).items() for customer in members}
        lines = [f"{c},{ring_of.get(c, '')},{home_of.get(c, '')}" for c in "abcdefghijklmnopqrstuvwxyz"]
        path = tmp_path / "labels.csv"
        path.write_text("\n".join(["customer_id,ring_id,household", *lines]), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("flag", "found", "true"),
    [
        ("abcdef", True, True),
        ("abcdefuvwxyz", True, True),  # half of the flag is the ring's
        ("abcdefuvwxyzt", False, True),  # one stranger more: three of one hand are in it all the same
        ("abc", True, True),  # half of the ring
        ("abuvw", False, False),  # a pair and strangers
        ("ab", False, False),
        ("uvw", False, False),
    ],
)
def test_a_ring_is_found_half_each_way_and_a_flag_is_true_by_three_of_one_hand(
    labels: WriteLabels, flag: str, found: bool, true: bool
):
    evaluation = evaluate(results_of((flag, True)), read_truth(labels({"R1": "abcdef"})))
    assert evaluation.rings == Share(int(found), 1)
    assert evaluation.false_flags == Share(int(not true), 1)
    assert evaluation.false_share == (0.0 if true else 1.0)


def test_only_flags_find_rings_but_precision_reads_every_ring(labels: WriteLabels):
    truth = read_truth(labels({"R1": "abc", "R2": "def"}))
    evaluation = evaluate(results_of(("abc", True), ("def", False), ("uvw", False)), truth)
    assert evaluation.rings == Share(1, 2)
    assert evaluation.precision[0].benign_false == Share(2, 3)


def test_who_is_named_in_a_flag_that_no_hand_ties_is_named_wrongly(labels: WriteLabels):
    evaluation = evaluate(results_of(("abcd", True), ("euvwxyz", True)), read_truth(labels({"R1": "abcdef"})))
    assert evaluation.named["flagged"] == Named(precision=Share(4, 11), recall=Share(4, 6))


def test_members_to_leave_out_and_outsiders_who_fit_change_who_is_named(labels: WriteLabels):
    results = results_of(("abcxy", True), ("klm", False))
    fits = pl.col("customer_id").replace_strict({"x": "leave out?", "c": "doubtful"}, default="fits")
    perhaps = pl.DataFrame([("ring0", "d", 0.001), ("ring1", "n", 0.001)], PERHAPS, orient="row")
    results = replace(results, members=results.members.with_columns(fit=fits), perhaps=perhaps)
    assert evaluate(results, read_truth(labels({"R1": "abcdef"}))).named == {
        "flagged": Named(precision=Share(3, 5), recall=Share(3, 6)),
        "left_out": Named(precision=Share(2, 3), recall=Share(2, 6)),
        "with_perhaps": Named(precision=Share(4, 6), recall=Share(4, 6)),
        "both": Named(precision=Share(3, 4), recall=Share(3, 6)),
    }


def test_benign_flags_are_counted_both_ways(labels: WriteLabels):
    truth = read_truth(labels({"R1": "abc"}, households={"H1": "uvw"}))
    evaluation = evaluate(results_of(("uvwx", True), ("abc", True), ("klm", True)), truth)
    assert evaluation.false_flags == Share(2, 3)
    assert evaluation.false_flags_benign_aside == Share(1, 2)
    assert evaluation.precision[0].benign_false == Share(1, 3)
    assert evaluation.precision[0].benign_aside == Share(1, 2)


def test_a_ring_inside_a_household_is_true_first(labels: WriteLabels):
    truth = read_truth(labels({"R1": "abc"}, households={"H1": "abc"}))
    assert evaluate(results_of(("abc", True)), truth).false_flags_benign_aside == Share(0, 1)


def test_rings_set_aside_are_told_by_what_they_were(labels: WriteLabels):
    truth = read_truth(labels({"R1": "abc", "R2": "def"}, households={"H1": "uvw"}))
    rings: list[Ring] = [
        ("abc", True),
        ("uvw", False, "address"),
        ("def", False, "employer"),
        ("klm", False, "branch"),
        ("xyz", False),
    ]
    evaluation = evaluate(results_of(*rings), truth)
    assert evaluation.explained == {"true": 1, "benign": 1, "false": 1}
    assert evaluation.false_flags == Share(0, 1)
    assert evaluate(results_of(), truth).explained == {"true": 0, "benign": 0, "false": 0}


def test_benign_csv_adds_groups(labels: WriteLabels):
    path = labels({"R1": "abc"})
    path.with_name("benign.csv").write_text("customer_id,group_id,kind\nu,1,dormitory\nv,1,dormitory\nu,2,employer\n")
    truth = read_truth(path)
    assert truth.benign == {"dormitory 1": {"u", "v"}, "employer 2": {"u"}}
    assert evaluate(results_of(("uvw", True)), truth).false_flags_benign_aside == Share(0, 0)


def test_no_flag_and_no_ring_are_not_an_error(labels: WriteLabels):
    evaluation = evaluate(results_of(), read_truth(labels({})))
    told = evaluation.to_json()
    assert evaluation.false_share == 0.0
    assert told["rings"]["share"] is None
    assert told["precision"]["5"]["benign_false"]["share"] is None
    assert json.loads(json.dumps(told)) == told


def test_found_by_trait_adds_up_to_the_rings(labels: WriteLabels):
    path = labels({"R1": "abc", "R2": "def", "R3": "ghi"})
    tied = {"R1": ["notes", "id_images"], "R2": ["id_images", "notes"], "R3": ["notes"]}
    told = {ring: {"size": 3, "tied": modalities} for ring, modalities in tied.items()}
    path.with_name("rings.json").write_text(json.dumps(told))
    found_by = evaluate(results_of(("abc", True), ("ghi", True)), read_truth(path)).found_by
    assert found_by == {"tied": {"id_images + notes": Share(1, 2), "notes": Share(1, 1)}}


def test_labels_may_be_parquet_or_named_by_their_folder(labels: WriteLabels, tmp_path: Path):
    from_csv = read_truth(labels({"R1": "abc"}, households={"H1": "uv"}))
    folder = tmp_path / "truth"
    folder.mkdir()
    pl.read_csv(from_csv.path).with_columns(is_fraud=pl.lit(value=False)).write_parquet(folder / "labels.parquet")
    from_parquet = read_truth(folder)
    assert (from_parquet.rings, from_parquet.benign) == (from_csv.rings, from_csv.benign)


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("customer_id,ring\na,R1\n", "header", "no column 'ring_id'"),
        ("customer_id,ring_id\na,R1\nb,\na,\n", "row 3, column customer_id", "'a' appears twice"),
        ("customer_id,ring_id\na,R1\n ,R1\n", "row 2, column customer_id", "no customer id"),
        ("", "labels.csv", "cannot be read"),
    ],
)
def test_a_bad_labels_file_is_refused_with_its_place_and_a_remedy(tmp_path: Path, content: str, where: str, what: str):
    path = tmp_path / "labels.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_truth(path)
    assert where in caught.value.where
    assert what in caught.value.what
    assert caught.value.remedy


def test_files_that_contradict_the_labels_are_refused(labels: WriteLabels):
    path = labels({"R1": "abc"})
    path.with_name("benign.csv").write_text("customer_id,group_id,kind\na,1,dormitory\nnobody,1,dormitory\n")
    with pytest.raises(DataError, match=r"benign\.csv, row 2"):
        read_truth(path)
    path.with_name("benign.csv").unlink()
    path.with_name("rings.json").write_text('{"R9": {"size": 3}}')
    with pytest.raises(DataError, match="R9"):
        read_truth(path)
    path.with_name("rings.json").write_text("[1]")
    with pytest.raises(DataError, match="object of objects"):
        read_truth(path)


def test_missing_files_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no such file"):
        read_truth(tmp_path / "labels.csv")
    with pytest.raises(DataError, match=r"no labels\.csv"):
        read_truth(tmp_path)


def test_the_truth_of_another_bank_is_refused(labels: WriteLabels):
    with pytest.raises(DataError, match="'Z', a member of ring 'ring0'"):
        evaluate(results_of(("abZ", True)), read_truth(labels({"R1": "abc"})))


def test_the_table_shows_the_rate_asked_beside_the_rate_found(labels: WriteLabels):
    console = Console(record=True, width=120)
    console.print(
        evaluation_table(evaluate(results_of(("abc", True), ("uvw", True)), read_truth(labels({"R1": "abc"}))))
    )
    text = console.export_text()
    assert "asked: at most 5.0%" in text
    unrated = results_of(("abc", True), ("uvw", True))
    unrated = replace(unrated, summary=unrated.summary | {"rate_stated": False})
    assert evaluate(unrated, read_truth(labels({"R1": "abc"}))).rate_asked is None, "nothing was promised"
    assert "1 of 2 (50.0%)" in text
