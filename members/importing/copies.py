"""The files of imports in the private storage: put there, and copied to a path of this machine to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files import File

from cosn_site import bounded
from members.models import ImportBatch


def keep(batch: ImportBatch, file: File, name: str) -> None:
    """Put the file of an import that is not saved yet into the storage."""
    batch.file.save(name, file, save=False)


def forget(batch: ImportBatch) -> None:
    """Delete the file of an import. That there was one, its name and its SHA-256 stay on record."""
    batch.file.delete(save=False)
    ImportBatch.objects.filter(pk=batch.pk).update(file="")


@contextmanager
def copy_of(batch: ImportBatch) -> Iterator[Path]:
    """A copy of the import's file, deleted afterwards."""
    with batch.file.open("rb") as file, bounded.as_path(file) as path:
        yield path
