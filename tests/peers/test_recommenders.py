"""Each method against its definition, written out anew, or against somebody else's program."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from sklearn.linear_model import Ridge

from ringsight.peers.blending import Window, blended, choose_weights, standardised
from ringsight.peers.finding_peers import AlikeHistories, PeerPurchases, peers_found
from ringsight.peers.hits import coverage, ndcg, recall, top
from ringsight.peers.purchase_vectors import PurchaseSpace
from ringsight.peers.recommenders import Als, Ease, ItemNeighbours, nearest_only

CUSTOMERS, ITEMS = 40, 12
EVERYBODY = np.arange(CUSTOMERS)


@pytest.fixture(scope="module")
def counts() -> csr_array:
    return csr_array(np.random.default_rng(0).poisson(0.5, (CUSTOMERS, ITEMS)).astype(float))


def implicit_similarity(counts: csr_array, k: int) -> NDArray[np.float64]:
    """How alike the columns are, by `implicit`."""
    module = pytest.importorskip(
        "implicit.nearest_neighbours", reason="pip install 'ringsight[benchmark]' brings implicit"
    )
    model = module.BM25Recommender(K=k, num_threads=1)
    model.fit(csr_matrix(counts), show_progress=False)
    return np.asarray(model.similarity.toarray())


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
def test_peers_are_those_of_implicit():
    counts = csr_array(np.random.default_rng(1).poisson(0.8, (CUSTOMERS, 60)).astype(float))  # so wide that nobody ties
    theirs = implicit_similarity(csr_array(counts.T), 8)
    ours = PeerPurchases(AlikeHistories.of(counts), counts, most=7, sharpness=1, itself=1)
    itself = theirs.diagonal() > 0  # whose own history is not among the 8 most alike counts for nothing there
    assert itself.mean() > 0.9
    assert ours.scores(counts, EVERYBODY)[itself] == pytest.approx((theirs @ counts.toarray())[itself])


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
def test_item_neighbours_are_those_of_implicit(counts: csr_array):
    theirs = counts @ implicit_similarity(counts, 5)
    assert ItemNeighbours.of(counts, 5).scores(counts, EVERYBODY) == pytest.approx(theirs)


def test_nobody_is_a_peer_of_their_own_nor_outside_those_who_may_be(counts: csr_array):
    found = peers_found(AlikeHistories.of(counts), counts, EVERYBODY, 10, among=EVERYBODY < 20)
    assert found.toarray().diagonal().max() == 0
    assert found.toarray()[:, 20:].max() == 0
    assert (np.diff(found.indptr) <= 10).all()


def test_of_customers_equally_alike_the_first_are_peers():
    assert nearest_only(np.array([[1.0, 2, 2, 2, 0]]), 2).toarray().tolist() == [[0, 2, 2, 0, 0]]
    assert nearest_only(np.array([[0.0, 0]]), 2).nnz == 0
    assert nearest_only(np.zeros((1, 0)), 3).shape == (1, 0)


def test_ease_is_a_ridge_regression_of_each_item_on_all_others(counts: csr_array):
    whole = counts.toarray()
    weights = Ease.of(counts, 7.0).weights
    for item in range(ITEMS):
        others = np.delete(np.arange(ITEMS), item)
        ridge = Ridge(alpha=7.0, fit_intercept=False).fit(whole[:, others], whole[:, item])
        assert weights[others, item] == pytest.approx(ridge.coef_)
    assert not weights.diagonal().any()


def test_als_folds_a_history_in_by_its_own_formula(counts: csr_array):
    als = Als.of(counts, dimensions=3, penalty=0.5)
    history = counts[[4]].toarray()[0]
    confidence, factors = np.diag(1 + history), als.factors
    customer = np.linalg.solve(
        factors.T @ confidence @ factors + 0.5 * np.eye(3), factors.T @ confidence @ (history > 0).astype(float)
    )
    assert als.scores(counts[[4]], np.array([-1]))[0] == pytest.approx(factors @ customer)


def test_als_learns_blocks():
    blocks = np.kron(np.eye(2), np.ones((10, 4)))
    blocks[0, 0] = 0
    scores = Als.of(csr_array(blocks), dimensions=2, penalty=0.1).scores(csr_array(blocks), np.arange(20))
    assert scores[0, 0] > scores[0, 4:].max() + 0.5


def test_items_bought_by_the_same_customers_are_near():
    blocks = csr_array(np.kron(np.eye(2), np.ones((10, 4))))
    space = PurchaseSpace.of(blocks, 3)
    vectors = space.vectors_of(blocks)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0] @ vectors[5] == pytest.approx(1, abs=1e-5)
    assert abs(vectors[0] @ vectors[15]) < 1e-5
    assert not space.vectors_of(csr_array((1, 8))).any()


# --- rankings --------------------------------------------------------------------------------------------------------


def test_a_ranking_takes_of_equals_the_first():
    assert top(np.array([[1.0, 3, 3, 3, 2]]), 2).tolist() == [[1, 2]]
    assert top(np.zeros((1, 4)), 3).tolist() == [[0, 1, 2]]
    assert top(np.array([[1.0, 2]]), 9).tolist() == [[1, 0]]


def test_gain_recall_and_coverage_by_hand():
    scores = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [4, 3, 2, 1]])
    bought = np.array([[False, True, False, True], [False, False, False, True], [False] * 4])
    ideal = 1 + 1 / np.log2(3)
    assert ndcg(scores, bought, 2) == pytest.approx([1 / np.log2(3) / ideal, 1 / ideal * ideal])
    assert recall(scores, bought, 2) == pytest.approx([0.5, 1])
    assert coverage(scores, bought, 2) == 1.0
    assert coverage(scores, np.zeros((3, 4), bool), 2) == 0.0


def test_scores_are_brought_to_one_scale():
    scaled = standardised(np.array([[1.0, 2, 3], [5, 5, 5]]))
    assert scaled[0].mean() == pytest.approx(0) and scaled[0].std() == pytest.approx(1)
    assert scaled[1].tolist() == [0, 0, 0]
    assert blended({"a": scaled, "b": scaled}, {"a": 1.0, "b": 2.0}) == pytest.approx(3 * scaled)


def test_weights_go_to_what_foretells():
    rng = np.random.default_rng(0)
    bought = rng.random((200, 30)) < 0.1
    signal = {name: bought + rng.normal(0, 0.5, bought.shape) for name in ("own", "neighbours")}
    noise = rng.normal(size=bought.shape)
    chosen = choose_weights([Window(signal | {"als": noise}, bought)])
    assert chosen.own > 0.5 and chosen.neighbours > 0.5 and chosen.als <= 0.25
    gained = ndcg(blended(signal | {"als": noise}, chosen.given()), bought).mean()
    assert gained > max(ndcg(each, bought).mean() for each in signal.values())
