"""The assistant on a finished run: notes by meaning, customers, ledgers; roles, masks, the trail; LangChain."""

import re
from pathlib import Path

import polars as pl
import pytest
from tiny_world import World

import ringsight
from ringsight.assistant.reader import Assistant
from ringsight.cases.casebook import open_casebook
from ringsight.cases.errors import ForbiddenError
from ringsight.cases.users import Role, User
from ringsight.errors import DataError, SettingsError

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "langchain.md"
ANA = User("ana", Role.analyst)


@pytest.fixture(scope="module")
def run(world: World) -> ringsight.Run:
    return ringsight.open_run(world.run)


@pytest.fixture(scope="module")
def assistant(run: ringsight.Run) -> Assistant:
    return Assistant(run, ANA)


def test_a_question_in_the_words_of_a_note_finds_that_note_first(assistant: Assistant, run: ringsight.Run):
    note = run.searched_bank().notes.row(7, named=True)
    found = assistant.notes(note["text"], k=4)
    assert [found[0].subject, len(found)] == [note["note_id"], 4]
    assert found[0].cites == (note["note_id"], note["customer_id"])
    scores = [each.score or 0 for each in found]
    assert scores == sorted(scores, reverse=True)


def test_a_filter_holds_for_notes(assistant: Assistant, run: ringsight.Run):
    customers = run.searched_bank().customers
    southern = set(customers.filter(pl.col("region") == "south")["customer_id"])
    found = assistant.notes("urgent payment", k=8, where="region == 'south'")
    assert found and {each.cites[1] for each in found} <= southern


def test_a_question_that_says_nothing_is_refused(assistant: Assistant):
    with pytest.raises(SettingsError, match="says nothing"):
        assistant.notes("   ")
    with pytest.raises(SettingsError, match="k must be at least 1"):
        assistant.notes("urgent payment", k=0)


def test_who_may_not_see_cases_is_given_nothing(run: ringsight.Run):
    admin = Assistant(run, User("root", Role.admin))
    for ask in (lambda: admin.notes("urgent"), lambda: admin.similar("C1"), lambda: admin.ledger("R1")):
        with pytest.raises(ForbiddenError, match="may not see"):
            ask()


def test_plain_values_and_scores_are_told_with_a_trail_alone_and_written_there(run: ringsight.Run, tmp_path: Path):
    for unmasked, with_score in ((True, False), (False, True)):
        with pytest.raises(ForbiddenError, match="audit trail"):
            Assistant(run, ANA, unmasked=unmasked, with_score=with_score)
    ring_id = run.results.rings["ring_id"][0]
    with open_casebook(f"sqlite:///{tmp_path}/cases.db") as book:
        plain = Assistant(run, ANA, trail=book.audit, unmasked=True, with_score=True)
        note, ledger = plain.notes("urgent payment", k=1)[0], plain.ledger(ring_id)
        seen = [
            (each.user, each.action, each.content["subject"]) for each in book.audit.everything(User("i", Role.auditor))
        ]
    assert ("ana", "view_note", note.subject) in seen and ("ana", "unmask", note.subject) in seen
    assert ("ana", "view_ledger", ring_id) in seen and ("ana", "view_score", ring_id) in seen
    assert '"D' in ledger.text and "withheld" not in ledger.text


def test_no_value_of_a_members_row_is_in_a_ledger(assistant: Assistant, run: ringsight.Run):
    bank = run.searched_bank()
    for ring_id in run.results.rings["ring_id"][:3]:
        told = assistant.ledger(ring_id)
        mine = bank.customers.filter(pl.col("customer_id").is_in(run.results.members_of(ring_id)))
        for column in ("device_id", "phone", "email", "name", "address"):
            assert [value for value in mine[column].drop_nulls() if value in told.text] == []


def test_retrievers_and_the_tool_speak_to_langchain(assistant: Assistant, run: ringsight.Run):
    pytest.importorskip("langchain_core", reason="needs the extra `langchain`")
    from ringsight.assistant.retrievers import NotesRetriever, SimilarCustomersRetriever
    from ringsight.assistant.tools import ring_ledger_tool

    notes = NotesRetriever(assistant=assistant, k=2).invoke("urgent payment")
    assert [each.id for each in notes] == [each.subject for each in assistant.notes("urgent payment", k=2)]
    assert all(each.metadata["cites"][0] == each.id and str(each.id) in each.page_content for each in notes)
    customer = notes[0].metadata["cites"][1]
    similar = SimilarCustomersRetriever(assistant=assistant, k=2).invoke(f" {customer} ")
    assert [each.id for each in similar] == [each.customer_id for each in ringsight.similar(run, customer, k=2)]
    with pytest.raises(DataError, match="no customer"):
        SimilarCustomersRetriever(assistant=assistant).invoke("nobody")
    assert "no ring 'R?'" in ring_ledger_tool(assistant).invoke({"ring_id": "R?"})


def test_the_page_runs_with_a_fake_model(world: World):
    pytest.importorskip("langchain_core", reason="needs the extra `langchain`")
    code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    program = "\n".join(code).replace("out/mine", str(world.run))
    exec(compile(program, PAGE.name, "exec"), {})  # noqa: S102 - it asserts what it says
