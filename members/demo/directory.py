"""Who of the demo's members wants to be found by others."""

from datetime import datetime

from members.models import DirectoryEntry, User

ENTRIES: dict[str, tuple[str, bool]] = {  # address: what they may be asked about, and whether they show the address
    "member@example.org": ("Device programs that a small team can run, and what they cost over five years", True),
    "priya.raman@maplevalley.example": ("Data privacy agreements with vendors", True),
    "walt.jensen@maplevalley.example": ("Wireless networks in old buildings", False),
    "ines.calloway@maplevalley.example": ("Professional learning for teachers", False),
    "grace@example.org": ("Planning a technology budget with the business office", False),
}


def load(now: datetime) -> None:
    """An entry for each, where there is none yet."""
    for email, (about, shows_email) in ENTRIES.items():
        DirectoryEntry.objects.get_or_create(
            person=User.objects.get(email=email),
            defaults={"about": about, "shows_email": shows_email, "listed_at": now},
        )
