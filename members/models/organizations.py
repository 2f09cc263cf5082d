"""Organizations and the people who work there."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models


class Organization(models.Model):
    """A district, agency, school, college, company or nonprofit."""

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

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["nces_id"], condition=~models.Q(nces_id=""), name="one_district_per_nces_id"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person works at an organization, in a role. Working there is not holding a seat."""

    class Role(models.TextChoices):
        PRIMARY = "primary", "Primary contact"
        BILLING = "billing", "Billing contact"
        MEMBER = "member", "Works there"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="contacts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)

    class Meta:
        ordering = ["organization", "role", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "person"], name="one_role_per_person_and_organization"),
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(role="primary"), name="one_primary_contact_per_organization"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_role_display().lower()} at {self.organization}"
