"""Who you are: people, organizations, and the memberships that make them members."""

from members.models.memberships import Membership, Plan, Seat, Term
from members.models.organizations import Contact, Organization
from members.models.people import User

__all__ = ["Contact", "Membership", "Organization", "Plan", "Seat", "Term", "User"]
