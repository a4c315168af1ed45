"""The tool with which a model of LangChain's reads a ring's ledger."""

from typing import Annotated

from ringsight.assistant.excerpts import Excerpt
from ringsight.assistant.reader import Assistant
from ringsight.errors import RingsightError, SettingsError

try:
    from langchain_core.tools import StructuredTool, ToolException
except ModuleNotFoundError as error:
    raise SettingsError(
        f"tools need {error.name}, which is not installed", remedy="pip install 'ringsight[langchain]'"
    ) from error


def ring_ledger_tool(assistant: Assistant) -> StructuredTool:
    """A tool `ring_ledger` that reads the ledger of the ring whose id the model gives.

    What cannot be read is told to the model as the answer. The excerpt itself is the tool's artifact.

    Args:
        assistant: what is read, and on whose behalf.
    """

    def ring_ledger(ring_id: Annotated[str, "id of the ring, as R0a1b2c3d4e"]) -> tuple[str, Excerpt]:
        """What ties the customers of a ring, statement by statement; ids of the records behind each in brackets."""
        try:
            excerpt = assistant.ledger(ring_id.strip())
        except RingsightError as refused:
            raise ToolException(str(refused)) from refused
        return excerpt.text, excerpt

    return StructuredTool.from_function(
        ring_ledger, response_format="content_and_artifact", handle_tool_error=True, parse_docstring=False
    )
