"""How fast the gate and the pages are, each beside the fastest thing that could stand in its place. `make bench`.

The limit is a bare Django view with a session, the user and one query by primary key (`bench.bare`), under the same
gunicorn, on the same database; for files the same behind the same nginx. Figures of one machine on one day say little
about another; ratios of two things measured in turn on the same machine say more, so those are what is judged.
"""
