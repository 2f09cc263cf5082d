"""The admin of people, organizations, and the memberships that make them members."""

from members.admin.memberships import MembershipAdmin, PlanAdmin, SeatAdmin, TermAdmin
from members.admin.organizations import OrganizationAdmin
from members.admin.people import PersonAdmin
from members.admin.renewals import RenewalNoticeAdmin

__all__ = [
    "MembershipAdmin",
    "OrganizationAdmin",
    "PersonAdmin",
    "PlanAdmin",
    "RenewalNoticeAdmin",
    "SeatAdmin",
    "TermAdmin",
]
