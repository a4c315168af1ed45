"""Takes customers in, over and over, and says which are acknowledged; it is killed while it does so."""

import sys

from live_world import live_world

from ringsight.arrivals.arrival_database import ArrivalDatabase
from ringsight.arrivals.arrival_log import Request
from ringsight.arrivals.live_arrivals import Arrivals, Given

path, round_ = sys.argv[1:]
world = live_world(customers=60)
arrivals = Arrivals(world.graph(), ArrivalDatabase(f"sqlite:///{path}"))
vectors = list(world.arrivals.values())
for count in range(1000):
    name = f"K{round_}-{count}"
    number = arrivals.put(name, Given(vectors[count % len(vectors)]), Request("test")).answer["number"]
    sys.stdout.write(f"{name} {number}\n")
    sys.stdout.flush()
