"""The admin of people, organizations, and the memberships that make them members."""

from members.admin.domains import CertificateAdmin, DomainAdmin
from members.admin.imports import ImportAdmin
from members.admin.memberships import MembershipAdmin
from members.admin.merges import MergeAdmin
from members.admin.organizations import OrganizationAdmin
from members.admin.people import PersonAdmin
from members.admin.plans import PlanAdmin
from members.admin.renewals import RenewalNoticeAdmin
from members.admin.seats import SeatAdmin
from members.admin.terms import TermAdmin

__all__ = [
    "CertificateAdmin",
    "DomainAdmin",
    "ImportAdmin",
    "MembershipAdmin",
    "MergeAdmin",
    "OrganizationAdmin",
    "PersonAdmin",
    "PlanAdmin",
    "RenewalNoticeAdmin",
    "SeatAdmin",
    "TermAdmin",
]
