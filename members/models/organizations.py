"""Organizations, the people who work there, their domains and papers."""

import pghistory
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from cosn_site.storage import private_files


@pghistory.track()
class Organization(models.Model):
    """A district, agency, school, college, company or nonprofit.

    `parent` is the regional agency it belongs to. An agency that `shares_benefit` lets the people of its districts sit
    in its seats.
    """

    class Kind(models.TextChoices):
        DISTRICT = "district", "School district"
        AGENCY = "agency", "Regional or state agency"
        SCHOOL = "school", "School"
        COLLEGE = "college", "College or university"
        COMPANY = "company", "Company"
        NONPROFIT = "nonprofit", "Nonprofit"

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Give the two capital letters of the state.")],
    )
    nces_id = models.CharField(
        "NCES district ID",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^\d{7}$", "An NCES district ID has seven digits.")],
    )
    enrollment = models.PositiveIntegerField(null=True, blank=True, help_text="Students enrolled; districts only.")
    staff_count = models.PositiveIntegerField("staff", null=True, blank=True, help_text="People employed; companies.")
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        help_text="The regional agency that it belongs to.",
    )
    shares_benefit = models.BooleanField(
        "shares its benefit", default=False, help_text="People of the organizations below it may sit in its seats."
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["nces_id"], condition=~Q(nces_id=""), name="one_district_per_nces_id"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                name="nobody_is_their_own_parent",
                violation_error_message="An organization cannot belong to itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Contact(models.Model):
    """A person works at an organization. Working there is not holding a seat.

    One of them is the primary contact, who looks after its seats; any number get its invoices and renewal letters.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="contacts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts")
    is_primary = models.BooleanField("primary contact", default=False)
    is_billing = models.BooleanField("billing contact", default=False)

    class Meta:
        ordering = ["organization", "-is_primary", "-is_billing", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "person"], name="one_contact_per_person_and_organization"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_primary=True),
                name="one_primary_contact_per_organization",
                violation_error_message="This organization has a primary contact. Hand the role on instead.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} at {self.organization}"


@pghistory.track(exclude=["token_hash"])
class Domain(models.Model):
    """An e-mail domain that an organization says is its own. Verified, it lets who has an address there take a seat.

    `dns_value` is what the TXT record must hold; the link of the mail to the postmaster is stored hashed.
    """

    class Method(models.TextChoices):
        STAFF = "staff", "By the association’s staff"
        DNS = "dns", "By a DNS record"
        MAIL = "mail", "By a mail to its postmaster"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253, help_text="What stands after the @, such as maplevalley.example.")
    dns_value = models.CharField(max_length=80, editable=False)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    token_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    method = models.CharField(max_length=5, choices=Method, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(name=Lower("name")), name="domains_are_in_lower_case"),
            models.UniqueConstraint(fields=["organization", "name"], name="a_domain_is_listed_once"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(verified_at__isnull=False), name="one_organization_per_verified_domain"
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, method="") | Q(verified_at__isnull=False) & ~Q(method=""),
                name="verified_by_a_method",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class ExemptionCertificate(models.Model):
    """Proof that an organization pays no sales tax, good to the day it expires."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="exemption_certificates")
    file = models.FileField(upload_to="exemptions/%Y/", storage=private_files)
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, editable=False)
    bytes = models.PositiveIntegerField(editable=False)
    state = models.CharField(
        max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "Give the two capital letters of the state.")]
    )
    number = models.CharField("certificate number", max_length=60, blank=True)
    expires_on = models.DateField(null=True, blank=True, help_text="The last day it is good for. Empty: it stays good.")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-added_at", "-pk"]

    def __str__(self) -> str:
        return f"Exemption certificate of {self.organization}"
