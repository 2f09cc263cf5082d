"""What each kind of import knows: its fields, what their columns are usually called, and how their cells are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from members.importing import cells
from members.importing.cells import Reader
from members.models import ImportBatch, Organization, Term
from members.states import STATES


@dataclass(frozen=True, slots=True)
class Field:
    """One field of ours. `aliases` are names of columns in small letters without signs, beside its own."""

    name: str
    label: str
    read: Reader
    aliases: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be imported. One field of each of `needed` must have a column."""

    fields: tuple[Field, ...]
    needed: tuple[tuple[str, ...], ...]

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def _by_name(choices: Sequence[tuple[str, str]], more: Mapping[str, str]) -> dict[str, str]:
    return {word.casefold(): value for value, label in choices for word in (value, str(label))} | dict(more)


_KINDS = _by_name(
    Organization.Kind.choices,
    {
        "public school district": "district",
        "lea": "district",
        "charter": "school",
        "charter school": "school",
        "esa": "agency",
        "regional agency": "agency",
        "state agency": "agency",
        "service agency": "agency",
        "university": "college",
        "higher education": "college",
        "business": "company",
        "corporate": "company",
        "non-profit": "nonprofit",
    },
)
_TERM_KINDS = _by_name(Term.Kind.choices, {"comp": "complimentary", "free": "complimentary"})
_ORGANIZATION_HELP = "Its NCES ID, its short name, or its name (then with a column for the state)."

_STATE = Field("state", "State", cells.one_of(STATES, "a state. Give its name or two letters"), ("st", "stateabbr"))

ORGANIZATIONS = Kind(
    fields=(
        Field("name", "Name", cells.text(200), ("organization", "organizationname", "district", "districtname", "lea")),
        Field("kind", "Kind", cells.one_of(_KINDS, "a kind of organization that we know"), ("type", "category")),
        _STATE,
        Field(
            "nces_id",
            "NCES district ID",
            cells.nces_id,
            ("nces", "ncesid", "ncesdistrictid", "leaid", "ncesleaid", "districtid"),
            "Seven digits. Where given, it says which organization a line is about.",
        ),
        Field("enrollment", "Enrollment", cells.whole(0, 5_000_000), ("students", "studentsenrolled", "enrolled")),
        Field("staff_count", "Staff", cells.whole(0, 5_000_000), ("staffcount", "employees", "headcount")),
        Field(
            "parent",
            "Belongs to",
            cells.text(200),
            ("parent", "parentorganization", "regionalagency", "agency", "esa"),
            f"The regional agency. {_ORGANIZATION_HELP}",
        ),
        Field("shares_benefit", "Shares its benefit", cells.yes_no, ("shares", "sharesbenefits")),
        Field("slug", "Short name", cells.slug, ("shortname", "slug"), "As in our addresses: maple-valley."),
    ),
    needed=(("name", "nces_id", "slug"),),
)

PEOPLE = Kind(
    fields=(
        Field("email", "E-mail address", cells.email, ("email", "emailaddress", "mail", "workemail", "primaryemail")),
        Field("name", "Name", cells.text(120), ("fullname", "person", "contact", "contactname")),
        Field("first_name", "First name", cells.text(60), ("first", "firstname", "givenname")),
        Field("last_name", "Last name", cells.text(60), ("last", "lastname", "surname", "familyname")),
        Field("title", "Job title", cells.text(120), ("title", "jobtitle", "position", "role")),
        Field("time_zone", "Time zone", cells.time_zone, ("timezone", "tz")),
        Field(
            "organization",
            "Works at",
            cells.text(200),
            ("organization", "organizationname", "district", "districtname", "employer", "ncesid", "nces", "leaid"),
            _ORGANIZATION_HELP,
        ),
        Field("state", "State of the organization", _STATE.read, ("state", *_STATE.aliases)),
        Field("is_primary", "Primary contact", cells.yes_no, ("primary", "isprimary", "primarycontact")),
        Field("is_billing", "Billing contact", cells.yes_no, ("billing", "isbilling", "billingcontact")),
    ),
    needed=(("email",),),
)

MEMBERSHIPS = Kind(
    fields=(
        Field(
            "organization",
            "Organization",
            cells.text(200),
            ("organizationname", "district", "districtname", "member", "membername", "ncesid", "nces", "leaid"),
            _ORGANIZATION_HELP,
        ),
        Field("state", "State of the organization", _STATE.read, ("state", *_STATE.aliases)),
        Field("email", "Person’s e-mail address", cells.email, ("email", "emailaddress", "mail"), "Of an individual."),
        Field("plan", "Plan", cells.text(120), ("membership", "membershiptype", "level", "plan", "planname")),
        Field("starts_on", "First day", cells.day, ("start", "starts", "startdate", "from", "termstart", "joindate")),
        Field(
            "ends_on",
            "Last day",
            cells.day,
            ("end", "ends", "enddate", "to", "through", "termend", "expires", "expiration", "expirationdate"),
            "The last day of the term, inclusive. Empty: a year, as the plan counts it.",
        ),
        Field("seats", "Seats", cells.whole(1, 10_000), ("seats", "seatcount", "numberofseats", "users")),
        Field(
            "dues",
            "Dues",
            cells.money,
            ("dues", "amount", "price", "fee", "total", "paid"),
            "In dollars. Empty: as the plan’s price list says; nothing for a complimentary term.",
        ),
        Field("reference", "Reference", cells.text(80), ("reference", "po", "ponumber", "invoice", "check", "order")),
        Field("kind", "Kind of term", cells.one_of(_TERM_KINDS, "paid, complimentary or extension"), ("termkind",)),
    ),
    needed=(("organization", "email"), ("plan",), ("starts_on",)),
)

KINDS: dict[str, Kind] = {
    ImportBatch.Kind.ORGANIZATIONS: ORGANIZATIONS,
    ImportBatch.Kind.PEOPLE: PEOPLE,
    ImportBatch.Kind.MEMBERSHIPS: MEMBERSHIPS,
}
