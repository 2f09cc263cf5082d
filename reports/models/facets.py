"""The catalog's facet counts, kept by the database."""

from typing import Any

from django.db import models

BITS = 4096  # reports in a block; also in migration 0003, which makes the functions that fill the blocks


class BitsField(models.Field):
    """A string of BITS bits, for PostgreSQL's own operators; Python never reads or writes one."""

    def db_type(self, connection: Any) -> str:
        return f"bit({BITS})"


class FacetBits(models.Model):
    """Which reports of a block carry one value of a facet: bit `id % BITS` of block `id // BITS`.

    Counting the reports behind forty values, each under the reader's other filters, means asking forty times how many
    reports carry this and that. On rows that takes longer the more reports there are; on bits it is one AND and one
    count for each value and block. Triggers refresh a report's bits whenever something of it changes (migration 0003),
    so the bits cannot disagree with the rows. They hold published reports that were not withdrawn, whatever the time;
    those whose time is yet to come are taken off when somebody asks (reports/facets.py).
    """

    pk = models.CompositePrimaryKey("facet", "value", "block")
    facet = models.CharField(max_length=6)
    value = models.CharField(max_length=20)
    block = models.BigIntegerField()
    bits = BitsField()

    class Meta:
        verbose_name_plural = "facet bits"

    def __str__(self) -> str:
        return f"{self.facet} {self.value}, block {self.block}"
