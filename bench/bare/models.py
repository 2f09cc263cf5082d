"""The two tables of the limit of registering: a row that everybody wants, and who came. The bench makes them."""

from django.db import models


class Hot(models.Model):
    capacity = models.PositiveIntegerField()
    held = models.PositiveIntegerField(default=0)
    objects: "models.Manager[Hot]" = models.Manager()

    class Meta:
        app_label = "bare"  # said here, because the same view runs in the product's stack, which does not have this app
        managed = False
        db_table = "bench_hot"


class Place(models.Model):
    hot = models.ForeignKey(Hot, on_delete=models.CASCADE)
    person_id = models.BigIntegerField()
    has_seat = models.BooleanField()
    objects: "models.Manager[Place]" = models.Manager()

    class Meta:
        app_label = "bare"
        managed = False
        db_table = "bench_place"
