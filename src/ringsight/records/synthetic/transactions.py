"""Transactions: a routine for each customer, and the movements that follow from it.

A routine is where someone spends, online or country-wide and in the neighbourhood, whom they pay, at which hours and
weekdays, in what amounts, and on which days of the period they spend much. All purchases are drawn at once.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.synthetic.people import END, People
from ringsight.records.synthetic.settings import SyntheticBankConfig
from ringsight.records.synthetic.traits import Traits, codes, zipf

NATIONAL, CONTACTS, SPREES, ORDERS, LOCAL = 12, 3, 4, 3, 8
"""Choices of a routine: country-wide merchants, people paid, days of much spending, bills; local merchants."""
NATIONAL_MERCHANTS, LOCAL_MERCHANTS, BILLERS = 600, 40, 60
"""Alternatives of each; local merchants are so many in each neighbourhood, bills go to few."""
PAYERS_OF_ONE = 10
"""Customers who transfer to one contact, on average: what a ring pays together is no rarer than what others do."""
MERCHANTS, SPREE_DAYS = slice(0, NATIONAL), slice(NATIONAL + CONTACTS, NATIONAL + CONTACTS + SPREES)
BILLERS_PAID = slice(SPREE_DAYS.stop, SPREE_DAYS.stop + ORDERS)
WEEKDAY, ROUNDING, BILL_DAY = (NATIONAL + CONTACTS + SPREES + 2 * ORDERS + place for place in range(3))
LEVEL, SPREAD, HOUR, WIDTH, TREND, ONLINE = range(6)
SALARIES = {"retail": 2400.0, "student": 900.0, "premium": 5200.0, "business": 3600.0}
CATEGORIES = (
    "groceries", "dining", "transport", "fuel", "clothing", "electronics", "travel", "health", "leisure", "household",
    "cash",
)  # fmt: skip
HAS_ANY = {"branch": 0.98, "web": 0.95, "app": 0.97}
"""Share of the customers with any transactions, by how they came to the bank."""


@dataclass(frozen=True, slots=True, eq=False)
class Routines:
    """What customers do with their accounts."""

    habits: Traits
    """National merchants, contacts, sprees, billers, bills; weekday, rounding, day of bills; the degrees above."""
    local: Traits
    """Merchants of the neighbourhood, counted within it; no degrees."""


def draw_routines(n: int, config: SyntheticBankConfig, rng: np.random.Generator) -> Routines:
    """Draw the routines of n people; no choice is more likely for one than for another."""
    columns = [
        rng.choice(NATIONAL_MERCHANTS, (n, NATIONAL), p=zipf(NATIONAL_MERCHANTS, 0.8)),
        rng.integers(0, _contacts(config), (n, CONTACTS)),
        rng.integers(0, config.days, (n, SPREES)),
        rng.choice(BILLERS, (n, ORDERS), p=zipf(BILLERS, 0.6)),
        rng.integers(0, 120, (n, ORDERS)),
        rng.integers(0, 7, (n, 1)),
        rng.integers(0, 4, (n, 1)),
        rng.integers(1, 28, (n, 1)),
    ]
    local = rng.choice(LOCAL_MERCHANTS, (n, LOCAL), p=zipf(LOCAL_MERCHANTS, 0.7))
    return Routines(
        habits=Traits(real=rng.standard_normal((n, 6)), choice=np.hstack(columns)),
        local=Traits(real=np.empty((n, 0)), choice=local),
    )


def _contacts(config: SyntheticBankConfig) -> int:
    """Number of people and clubs whom customers transfer money to."""
    return max(CONTACTS, config.customers * CONTACTS // PAYERS_OF_ONE)


@dataclass(frozen=True, slots=True, eq=False)
class _Movements:
    """One array for each column; shape (movements,). Counterparties are numbers that name nobody yet."""

    owner: NDArray[np.int64]
    time: NDArray[np.float64]
    """Days since the records begin."""
    amount: NDArray[np.float64]
    counterparty: NDArray[np.int64]
    category: NDArray[np.str_]
    channel: NDArray[np.str_]


def transactions_table(
    config: SyntheticBankConfig, people: People, routines: Routines, rng: np.random.Generator
) -> pl.DataFrame:
    """Draw the transactions table in the columns of the data contract, sorted by time."""
    present = rng.random(len(people)) < [HAS_ANY[channel] for channel in people.onboarding]
    who = np.flatnonzero(present)
    parts = [_purchases(config, people, routines, who, rng), _salaries(config, people, who, rng)]
    parts.append(_bills(config, routines, who, rng))
    owner, time, amount, counterparty, category, channel = (
        np.concatenate([getattr(part, name) for part in parts]) for name in _Movements.__dataclass_fields__
    )
    order = np.argsort(time, kind="stable")
    _, numbers = np.unique(counterparty, return_inverse=True)
    payees = codes("P", int(numbers.max(initial=-1)) + 1, rng)
    currency = np.where((counterparty < NATIONAL_MERCHANTS) & (counterparty % 13 == 0), "USD", "EUR")
    start = END - timedelta(days=config.days)
    return pl.DataFrame(
        {
            "transaction_id": codes("T", len(order), rng, digits=11),
            "customer_id": people.customer_id[owner][order],
            "timestamp": pl.Series((time[order] * 86400).astype(np.int64) * 1000).cast(pl.Duration("ms")) + start,
            "amount": np.round(amount, 2)[order],
            "currency": currency[order],
            "channel": channel[order],
            "category": category[order],
            "counterparty_id": payees[numbers][order] if len(payees) else np.empty(0, dtype=np.str_),
        }
    )


def _purchases(
    config: SyntheticBankConfig, people: People, routines: Routines, who: NDArray[np.int64], rng: np.random.Generator
) -> _Movements:
    """Purchases, transfers to people and withdrawals; heavy-tailed in number, never fewer than eight."""
    spread = 0.5
    rates = config.transactions_per_customer * np.exp(spread * rng.standard_normal(len(who)) - spread**2 / 2)
    owner = np.repeat(who, np.maximum(8, rng.poisson(rates)))
    n, habits = len(owner), routines.habits.choice
    kind = rng.choice(3, n, p=[0.5, 0.42, 0.08])
    national = habits[owner, rng.choice(NATIONAL, n, p=zipf(NATIONAL, 0.7))]
    contact = habits[owner, NATIONAL + rng.choice(CONTACTS, n)]
    nearby = routines.local.choice[owner, rng.choice(LOCAL, n, p=zipf(LOCAL, 0.7))]
    place = _place(people)[owner] * LOCAL_MERCHANTS + nearby
    chance = rng.random(n) < 0.15
    national = np.where(chance, rng.choice(NATIONAL_MERCHANTS, n, p=zipf(NATIONAL_MERCHANTS, 0.8)), national)
    others = NATIONAL_MERCHANTS + BILLERS + 2 * len(people)  # after whoever pays salaries
    counterparty = np.choose(kind, [national, others + _contacts(config) + place, others + contact])
    category = np.where(kind == 2, "transfer", np.array(CATEGORIES)[(counterparty * 7 + counterparty // 11) % 11])
    online = rng.random(n) < 1 / (1 + np.exp(-routines.habits.real[owner, ONLINE]))
    channel = np.where(kind == 2, "transfer", np.where((kind == 0) & online, "online", "card"))
    channel[category == "cash"] = "atm"
    return _Movements(
        owner=owner,
        time=_times(routines.habits, owner, config.days, rng),
        amount=-_amounts(routines.habits, owner, counterparty, rng),
        counterparty=counterparty,
        category=category,
        channel=channel,
    )


def _place(people: People) -> NDArray[np.int64]:
    """Number of the neighbourhood, counted over all regions."""
    _, region = np.unique(people.region, return_inverse=True)
    place: NDArray[np.int64] = region * (int(people.neighbourhood.max()) + 1) + people.neighbourhood
    return place


def _times(habits: Traits, owner: NDArray[np.int64], days: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """When purchases fall: more of them late or early in the period, on favourite weekdays, sprees and hours."""
    n = len(owner)
    day = np.floor(days * rng.random(n) ** np.exp(0.25 * habits.real[owner, TREND])).astype(np.int64)
    weekday = habits.choice[owner, WEEKDAY]
    day = np.where(rng.random(n) < 0.25, day - (day - weekday) % 7, day)
    spree = habits.choice[owner, NATIONAL + CONTACTS + rng.choice(SPREES, n)]
    day = np.where((rng.random(n) < 0.2) | (day < 0), spree, day)
    width = 2.0 * np.exp(0.3 * habits.real[owner, WIDTH])
    usual = 14 + 3.0 * habits.real[owner, HOUR] + width * rng.standard_normal(n)
    hour = np.where(rng.random(n) < 0.2, rng.uniform(7, 23, n), usual) % 24
    times: NDArray[np.float64] = day + hour / 24
    return times


def _amounts(
    habits: Traits, owner: NDArray[np.int64], counterparty: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Log-normal around what the counterparty usually takes and the customer usually gives; some round them."""
    n = len(owner)
    usual = 3.0 + 0.25 * (counterparty * 2654435761 % 1000 / 1000 * 8 - 4)
    spread = 0.45 * np.exp(0.3 * habits.real[owner, SPREAD])
    amount = np.exp(usual + 0.4 * habits.real[owner, LEVEL] + spread * rng.standard_normal(n))
    rounding = habits.choice[owner, ROUNDING]
    rounded = np.choose(rounding, [amount, np.ceil(amount) - 0.01, np.ceil(amount / 5) * 5, np.ceil(amount)])
    paid: NDArray[np.float64] = np.maximum(0.5, np.where(rng.random(n) < 0.5, rounded, amount))
    return paid


def _salaries(
    config: SyntheticBankConfig, people: People, who: NDArray[np.int64], rng: np.random.Generator
) -> _Movements:
    """Pay each month: of one employer to all on one day; to others from a payer of their own."""
    count = max(1, len(people.employer_names))
    employer = people.employer[who]
    payday = np.where(employer >= 0, rng.integers(1, 29, count)[employer], rng.integers(1, 29, len(who)))
    salary = np.array([SALARIES[one] for one in people.segment[who]]) * np.exp(0.3 * rng.standard_normal(len(who)))
    payer = NATIONAL_MERCHANTS + BILLERS + np.where(employer >= 0, employer, len(people) + who)
    return _monthly(config, who, payday, payer, (salary, "salary", "transfer"), rng)


def _bills(
    config: SyntheticBankConfig, routines: Routines, who: NDArray[np.int64], rng: np.random.Generator
) -> _Movements:
    """Standing orders: the same amount to the same biller near the same day of each month."""
    habits, first = routines.habits.choice, NATIONAL + CONTACTS + SPREES
    orders = [habits[who, first + number] for number in range(ORDERS)]
    amounts = [-(9.99 + 5.0 * habits[who, first + ORDERS + number]) for number in range(ORDERS)]
    payer = NATIONAL_MERCHANTS + np.concatenate(orders)
    owners, day = np.tile(who, ORDERS), np.tile(habits[who, BILL_DAY], ORDERS)
    return _monthly(config, owners, day, payer, (np.concatenate(amounts), "bills", "direct_debit"), rng)


def _monthly(
    config: SyntheticBankConfig,
    owner: NDArray[np.int64],
    day: NDArray[np.int64],
    counterparty: NDArray[np.int64],
    what: tuple[NDArray[np.float64], str, str],
    rng: np.random.Generator,
) -> _Movements:
    """Repeat a payment of (amount, category, channel) every thirty days; its first falls on `day`."""
    amount, category, channel = what
    months = -(-config.days // 30)
    times = np.concatenate([day + 30 * month + rng.uniform(0.25, 0.4, len(owner)) for month in range(months)])
    inside = times < config.days
    return _Movements(
        owner=np.tile(owner, months)[inside],
        time=times[inside],
        amount=np.tile(amount, months)[inside],
        counterparty=np.tile(counterparty, months)[inside],
        category=np.full(int(inside.sum()), category),
        channel=np.full(int(inside.sum()), channel),
    )
