"""Fixed random numbers by which things are told apart: buckets of names, and sparse random projections of buckets.

They depend on nothing but the thing itself, so that banks, customers and days that come later meet the same ones.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SIGNS = 8
"""Coordinates of the projection that a bucket touches."""


def bucket_of(name: str, buckets: int) -> int:
    """The bucket that a name falls into."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % buckets


def buckets_of(numbers: NDArray[np.int64], buckets: int) -> NDArray[np.int64]:
    """The buckets that whole numbers fall into."""
    return (_mix(numbers.astype(np.uint64)) % np.uint64(buckets)).astype(np.int64)


def random_axes(buckets: NDArray[np.int64], dim: int) -> sparse.csr_array:
    """Rows of a fixed sparse random matrix (Johnson and Lindenstrauss 1984; Achlioptas 2003).

    Returns:
        Shape (buckets, dim), each row of length about 1.
    """
    seeds = np.repeat(buckets.astype(np.uint64), SIGNS) * np.uint64(SIGNS)
    mixed = _mix(seeds + np.tile(np.arange(SIGNS, dtype=np.uint64), len(buckets)))
    sign = np.where(mixed >> np.uint64(63), 1.0, -1.0) / np.sqrt(SIGNS)
    row = np.repeat(np.arange(len(buckets)), SIGNS)
    return sparse.csr_array((sign, (row, (mixed % np.uint64(dim)).astype(np.int64))), shape=(len(buckets), dim))


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): well-scattered bits from consecutive numbers."""
    x = x * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
