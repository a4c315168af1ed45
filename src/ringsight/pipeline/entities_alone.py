"""Banks of which evidence columns alone are compared, for too few customers have records."""

from ringsight.encoders.settings import FEWEST_CUSTOMERS
from ringsight.progress import say
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import modalities


def entities_alone(bank: Bank) -> bool:
    """Whether a bank has evidence columns, and of no modality enough to be learned from."""
    told = bank.telling()
    few = all(told.table(name)["customer_id"].n_unique() < FEWEST_CUSTOMERS for name in modalities())
    return few and bool(bank.columns_with(ColumnRole.evidence))


def say_if_uncorroborated(bank: Bank) -> None:
    """Say that one evidence column alone flags nobody."""
    columns = bank.columns_with(ColumnRole.evidence)
    if entities_alone(bank) and len(columns) == 1:
        say(
            f"  {columns[0]} is all that is compared, and nothing corroborates it: groups that share a value are in "
            "rings.csv, and none is flagged. Give a second evidence column, or records"
        )
