"""Retrievers for LangChain, so that a bank can put its own model behind them.

Each document is an excerpt: its text begins with the ids of what it rests on, `id` is the first of them, and the
metadata has all of them as `cites`.
"""

from ringsight.assistant.excerpts import Excerpt
from ringsight.assistant.reader import Assistant
from ringsight.errors import SettingsError

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError as error:
    raise SettingsError(
        f"retrievers need {error.name}, which is not installed", remedy="pip install 'ringsight[langchain]'"
    ) from error


class NotesRetriever(BaseRetriever):
    """The call notes nearest in meaning to a question."""

    assistant: Assistant
    """What is read, and on whose behalf."""
    k: int = 5
    """How many notes."""
    where: str = ""
    """Only notes of customers who fit, as `region == 'EU'`."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [document_of(each) for each in self.assistant.notes(query, self.k, self.where)]


class SimilarCustomersRetriever(BaseRetriever):
    """The customers most like one; the question is the customer's id."""

    assistant: Assistant
    """What is read, and on whose behalf."""
    k: int = 5
    """How many customers."""
    where: str = ""
    """Only those who fit."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [document_of(each) for each in self.assistant.similar(query.strip(), self.k, self.where)]


def document_of(excerpt: Excerpt) -> Document:
    """An excerpt as a document of LangChain."""
    told = {"kind": str(excerpt.kind), "cites": list(excerpt.cites), "score": excerpt.score}
    return Document(id=excerpt.subject, page_content=excerpt.text, metadata=told)
