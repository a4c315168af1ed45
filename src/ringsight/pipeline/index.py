"""The fourth step: embeddings go into the vector store, and readers see them."""

from collections.abc import Mapping

from ringsight.progress import Callback, report_to, skip, stage
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.opening import open_store
from ringsight.vectors.scalars import scalars_of
from ringsight.vectors.vector_store import StoreConfig


def index(
    bank: Bank, embeddings: Mapping[str, Embeddings], store: StoreConfig, *, progress: Callback | None = None
) -> None:
    """Write the spaces that are searched beside those of other models, then let readers see them.

    Those are the learned ones and the joint one; facets are evidence, and nobody searches in them.

    Args:
        bank: whose customers they are; segment, region and dates go along, to filter by.
        embeddings: by space, all of one model.
        store: where to; it is made on first use.
        progress: is told of the work.

    Raises:
        StoreError: if the store is in use, unreachable or damaged.
    """
    searched = [each for each in embeddings.values() if each.learned]
    if not searched:
        with report_to(progress):
            skip("index", "indexing: left out, there are no vectors")
        return
    vectors = sum(len(each.customer_ids) for each in searched)
    with report_to(progress), stage("index", f"indexing {vectors:,} vectors"), open_store(store) as opened:
        scalars = scalars_of(bank)
        for each in searched:
            opened.write(each, scalars)
        opened.promote(searched[0].model_hash)
