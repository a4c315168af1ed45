"""Independent work in waves of tasks: what all of it needs is sent once, and a wave begins when the last has ended.

Of what nobody listens to any more, such as chance worlds after those that told enough, at most one wave is in vain.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.core.broadcast import Broadcast


def in_waves(context: "SparkContext", work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Give what `work` makes of each item, in their order, as `workers.spread` asks.

    Raises:
        PySparkException: if a task fails.
    """
    from pyspark import cloudpickle  # between Spark's own processes; nothing of it is kept

    pack: Callable[[object], bytes] = cloudpickle.dumps
    sent = context.broadcast(pack(work))
    waiting = iter(items)
    try:
        while wave := list(islice(waiting, context.defaultParallelism)):
            yield from context.parallelize(wave, len(wave)).map(partial(_done, sent)).collect()
    finally:
        sent.destroy()


def _done(sent: "Broadcast[bytes]", item: Any) -> Any:  # noqa: ANN401 - whatever is worked on
    return _work_in(sent)(item)


@lru_cache(maxsize=1)
def _work_in(sent: "Broadcast[bytes]") -> Callable[[Any], Any]:
    """The work that was sent, unpacked once in each process."""
    from pyspark import cloudpickle

    work: Callable[[Any], Any] = cloudpickle.loads(sent.value)
    return work
