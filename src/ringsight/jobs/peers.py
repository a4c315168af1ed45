"""`ringsight peers`: what customers like one buy, and what one does that they do not, as a table or as JSON."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ringsight.errors import SettingsError
from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.peers.histories import purchase_histories
from ringsight.peers.peer_items import PeerItems, UnlikeItems
from ringsight.peers.peer_model import PeerModel, fit_peers
from ringsight.peers.settings import Order, PeersConfig
from ringsight.runs.run import Run

SEPARATOR = ";"
"""Between the items of a session."""


class Answer(StrEnum):
    """How the answer is printed."""

    table = "table"
    json = "json"


@dataclass(kw_only=True, slots=True)
class PeersJob:
    """What `ringsight peers` can be told."""

    customer: str = ""
    """The customer's id."""
    items: str = ""
    """Instead of a customer: the items of a session, with a semicolon between them."""
    k: int = 10
    """How many items."""
    where: str = ""
    """Peers are only those who fit: for instance region == 'EU' and last_seen > '2026-05-01'."""
    seen: bool = True
    """Whether to list what the customer, or the session, has already."""
    order: Order = Order.blend
    """`blend`: by all recommenders. `lift`: by how much more often peers bought an item lately than everybody."""
    unlike: bool = False
    """Whether to tell, instead, what the customer does and peers do not."""
    most_share: float = 0.02
    """With `unlike`: the share of the peers who may have done it, too."""
    item: str = ""
    """Column of the transactions that says what was bought; by default counterparty_id, else category."""
    metadata: list[str] | None = None
    """Customer columns by which customers without purchases get peers; by default segment and region."""
    bank: Path | None = None
    """The bank's folder. By default the one that the run was made from."""
    out: Path = Path("out/run")
    """Folder of the run."""
    peers: PeersConfig = field(default_factory=PeersConfig)
    """Who counts as a peer, and how items are scored."""
    format: Answer = Answer.table
    """`table`: to read. `json`: for programs."""


def run(config: PeersJob) -> PeerItems | UnlikeItems:
    """Fit the recommenders to the bank's transactions, ask, and print.

    Raises:
        RingsightError: for what a user can mend.
    """
    if bool(config.customer) == bool(config.items) or (config.unlike and config.items):
        raise SettingsError(
            "name either a customer or the items of a session",
            remedy="ringsight peers customer=ID out=FOLDER, or items='ONE; ANOTHER'; unlike=true takes a customer",
        )
    with stages_told(1):
        bank = Run(config.out).read_bank(config.bank)
        histories = purchase_histories(bank, item=config.item)
        model = fit_peers(histories, config.peers, customers=bank.customers, metadata=config.metadata, roles=bank.roles)
    found = _asked(model, config)
    match config.format:
        case Answer.json:
            print(json.dumps(found.as_dict(), indent=2, allow_nan=False))
        case Answer.table if len(found):
            Console().print(peers_table(found))
    if len(found) < config.k:
        Console(stderr=True, highlight=False, markup=False).print(
            f"{len(found)} of {config.k} items that were asked for.", soft_wrap=True
        )
    return found


def peers_table(found: PeerItems | UnlikeItems) -> Table:
    """The answer for the terminal: one row for each item."""
    who = found.customer_id or "this session"
    if isinstance(found, UnlikeItems):
        table = _table(
            f"What {who} does and peers do not", ("item", "times", "peers with it", "of all others", "chance")
        )
        table.caption = "Peers: and in brackets the most that it may be among customers like this one (95 %)."
        for odd in found:
            few = f"{odd.peers_with} of {odd.peers} (≤ {odd.peers_most:.1%})"
            table.add_row(*_cells(odd.item, odd.bought, few, f"{odd.base_rate:.2%}", f"{odd.chance:.3g}"))
        return table
    table = _table(f"Customers like {who} also bought", ("item", "times", "peers lately", "of all", "lift", "at least"))
    table.caption = f"Peers by {found.served_by}; the lift is at least the last column with 95 % confidence."
    for each in found:
        some = f"{each.peers_lately} of {each.peers}"
        table.add_row(
            *_cells(each.item, each.bought, some, f"{each.base_rate:.2%}", f"{each.lift:.2f}", f"{each.lift_low:.2f}")
        )
    return table


def _asked(model: PeerModel, config: PeersJob) -> PeerItems | UnlikeItems:
    if config.unlike:
        return model.unlike_peers(config.customer, k=config.k, most_share=config.most_share, where=config.where)
    if config.items:
        items = [item.strip() for item in config.items.split(SEPARATOR) if item.strip()]
        return model.peers_of_items(items, k=config.k, where=config.where, seen=config.seen, order=config.order)
    return model.peers(config.customer, k=config.k, where=config.where, seen=config.seen, order=config.order)


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title_justify="left", caption_justify="left", title=Text(_shown(title)))
    first, *others = columns
    table.add_column(first, overflow="fold")
    for column in others:
        table.add_column(column, justify="right")
    return table


def _cells(*cells: object) -> list[Text]:
    return [Text(_shown(str(cell))) for cell in cells]


def _shown(text: str) -> str:
    """A bank's text without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


COMMAND = Command("peers", PeersJob, run, verbatim=("customer", "where", "items", "item"))
