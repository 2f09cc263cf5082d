"""The reasons of the gate: every decision carries exactly one."""

from enum import Enum


class Reason(Enum):
    """Why a person may, or may not, have a report. `allows` tells which; `label` is the word for staff."""

    PUBLIC = ("public", True, "Open to all")
    REGISTERED = ("registered", True, "Signed in")
    MEMBER = ("member", True, "Member")
    GRACE = ("grace", True, "Member in grace")
    PROVISIONAL = ("provisional", True, "Purchase order accepted")
    PURCHASED = ("purchased", True, "Purchased")
    COMPLIMENTARY = ("complimentary", True, "Complimentary copy")
    STAFF = ("staff", True, "Staff")
    NOT_SIGNED_IN = ("not_signed_in", False, "Not signed in")
    NOT_VERIFIED = ("not_verified", False, "Address not verified")
    NOT_A_MEMBER = ("not_a_member", False, "Not a member")
    LAPSED = ("lapsed", False, "Membership lapsed")
    NO_SEAT = ("no_seat", False, "No seat")
    EMBARGOED = ("embargoed", False, "Embargoed")
    NOT_PUBLISHED = ("not_published", False, "Not published")
    WITHDRAWN = ("withdrawn", False, "Withdrawn")

    def __new__(cls, value: str, allows: bool, label: str) -> "Reason":
        reason = object.__new__(cls)
        reason._value_ = value
        reason.allows = allows
        reason.label = label
        return reason

    allows: bool
    label: str
