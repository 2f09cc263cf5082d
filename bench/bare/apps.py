"""The product's table of people, without what the product does when it starts."""

from django.apps import AppConfig


class TableOfPeople(AppConfig):
    name = "members"
