"""A synthetic bank, with rings hidden in it: the same generators for honest and fraudulent customers.

    generate_bank(SyntheticBankConfig(customers=1000), seed=0, into=Path("bank"))

`people` draws the customers and the everyday groups they live in; `rings` picks members at random; `traits` says how
one hand makes them alike, and `latent_segments` how strangers come to be alike; `transactions`, `notes` and `id_images`
(with `cards`, `portraits`, `surfaces`) write the records that follow; `entities` what is shared exactly; `truth` what
nobody but the evaluation may read.
"""

from ringsight.records.synthetic.generation import generate_bank
from ringsight.records.synthetic.settings import Strength, SyntheticBankConfig

__all__ = ["Strength", "SyntheticBankConfig", "generate_bank"]
