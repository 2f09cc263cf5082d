"""Who you are: people, organizations, and the memberships that make them members."""

from members.models.directory import DirectoryEntry
from members.models.imports import ImportBatch, ImportLine
from members.models.memberships import Membership, SeatAddition, Term
from members.models.merges import Merge
from members.models.organizations import Contact, Domain, ExemptionCertificate, Organization
from members.models.people import User
from members.models.plans import DuesBand, Plan, PriceList
from members.models.renewals import RenewalNotice
from members.models.seats import Invitation, Seat, SeatRequest

__all__ = [
    "Contact",
    "DirectoryEntry",
    "Domain",
    "DuesBand",
    "ExemptionCertificate",
    "ImportBatch",
    "ImportLine",
    "Invitation",
    "Membership",
    "Merge",
    "Organization",
    "Plan",
    "PriceList",
    "RenewalNotice",
    "Seat",
    "SeatAddition",
    "SeatRequest",
    "Term",
    "User",
]
