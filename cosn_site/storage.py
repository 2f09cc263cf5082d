"""Where private files are kept: the storage that the settings call "files". Only the gate hands them out."""

from typing import NoReturn

from django.core.files.storage import FileSystemStorage, Storage, storages


class PrivateFileStorage(FileSystemStorage):
    """Files of this machine that have no address."""

    def url(self, name: str | None) -> NoReturn:
        """Raises ValueError: a page that asks for an address of a private file is a mistake."""
        raise ValueError("Private files have no address. Link to the gate.")


def private_files() -> Storage:
    """The configured storage. Fields take this function, so that no migration holds the path of a machine."""
    return storages["files"]
