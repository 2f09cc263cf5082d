"""Organizations and who works there."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cosn_site.model_admin import RoomAdmin
from members.admin.domains import ORGANIZATION_VERBS, CertificateStory, ContactInline, DomainStory
from members.admin.filters import OrganizationStandingFilter
from members.admin.merges import ORGANIZATIONS, MergePages
from members.admin.words import standing_in_brief
from members.models import Membership, Organization


@admin.register(Organization)
class OrganizationAdmin(MergePages, RoomAdmin):
    mergeable = ORGANIZATIONS
    change_form_template = "admin/members/merge_organization.html"
    list_display = ("name", "kind", "state", "standing_now", "enrollment")
    list_filter = (OrganizationStandingFilter, "kind", "state")
    search_fields = ("name", "slug", "nces_id")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("parent",)
    inlines = (ContactInline, DomainStory, CertificateStory)
    verbs = ORGANIZATION_VERBS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        return super().get_queryset(request).select_related("membership").prefetch_related("membership__terms")

    @admin.display(description="standing today")
    def standing_now(self, organization: Organization) -> str:
        membership = getattr(organization, "membership", None)
        return standing_in_brief(membership) if membership else "Not a member"

    def may_be_deleted(self, obj: Organization) -> bool:
        return not Membership.objects.filter(organization=obj).exists() and not obj.contacts.exists()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}
