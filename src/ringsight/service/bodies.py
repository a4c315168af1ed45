"""What requests bring, as JSON: checked before anything else is done with it."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

CustomerId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")]
Row = dict[str, Any]
LONGEST_VECTOR = 4096
MOST_VALUES = 20
"""Evidence columns, and values in each."""
Value = Annotated[str, StringConstraints(min_length=1, max_length=200)]
EXAMPLE: dict[str, Any] = {
    "customer_id": "C900001",
    "about": {"segment": "retail", "region": "north", "opened_at": "2026-05-01T00:00:00Z"},
    "evidence": {"phone": "+49 30 1234567"},
    "records": {
        "transactions": [
            {
                "transaction_id": "T1",
                "timestamp": "2026-05-02T09:30:00Z",
                "amount": -12.5,
                "category": "food",
                "channel": "card",
                "counterparty_id": "M77",
            }
        ],
        "call_notes": [{"note_id": "N1", "timestamp": "2026-05-02T10:00:00Z", "text": "Wants a higher limit."}],
    },
}


class Body(BaseModel):
    """A request's body: what is not known is refused."""

    model_config = ConfigDict(extra="forbid")

    def content(self) -> str:
        """The same text for the same content."""
        return json.dumps(self.model_dump(), sort_keys=True, default=str)


class About(Body):
    """What filters ask of a customer."""

    segment: str = Field(default="", max_length=200)
    region: str = Field(default="", max_length=200)
    opened_at: str = Field(default="", max_length=40)
    last_seen: str = Field(default="", max_length=40, description="Where vectors are given; otherwise records say it.")


class RecordsBody(Body):
    """Records of one customer, in the columns of the data contract; `customer_id` need not be repeated."""

    transactions: list[Row] = Field(default_factory=list)
    call_notes: list[Row] = Field(default_factory=list)
    id_images: list[Row] = Field(
        default_factory=list, description="Each with `image_id` and, in base64, `content`; a path is refused."
    )

    @property
    def rows(self) -> int:
        """How many records there are."""
        return len(self.transactions) + len(self.call_notes) + len(self.id_images)

    def given(self) -> dict[str, list[Row]]:
        """The tables that have rows."""
        return {name: rows for name, rows in self.model_dump().items() if rows}


class CustomerBody(Body):
    """A customer without the id: records, or vectors by space."""

    about: About = About()
    records: RecordsBody = RecordsBody()
    vectors: dict[str, list[float]] = Field(default_factory=dict)
    evidence: dict[str, Value | Annotated[list[Value], Field(max_length=MOST_VALUES)]] | None = Field(
        default=None,
        max_length=MOST_VALUES,
        description="Values of the bank's evidence columns, as `phone`; left out, what the night knows counts.",
    )

    @field_validator("vectors")
    @classmethod
    def _short(cls, vectors: dict[str, list[float]]) -> dict[str, list[float]]:
        for name, vector in vectors.items():
            if len(vector) > LONGEST_VECTOR:
                raise ValueError(f"the vector of {name} has more than {LONGEST_VECTOR} numbers")
        return vectors


class NewCustomerBody(CustomerBody):
    """A customer who comes by day."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer_id: CustomerId


class SimilarBody(CustomerBody):
    """Somebody to find similar customers of, who is not taken in."""

    k: int = Field(default=5, ge=1)
    by: list[Annotated[str, StringConstraints(max_length=200)]] = Field(
        default_factory=list, max_length=50, description="Spaces that count; by default the joint one."
    )
    where: str = Field(default="", max_length=2000, examples=["region == 'north' and last_seen > '2026-01-01'"])
