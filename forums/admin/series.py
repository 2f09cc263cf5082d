"""The series that forums belong to, and who supports them."""

from django.contrib import admin

from cosn_site.model_admin import RoomAdmin
from forums.models import ForumSeries, Sponsor


@admin.register(ForumSeries)
class ForumSeriesAdmin(RoomAdmin):
    list_display = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Sponsor)
class SponsorAdmin(RoomAdmin):
    list_display = ("name",)
    search_fields = ("name",)

    def may_be_deleted(self, obj: Sponsor) -> bool:
        return not obj.forums.exists()
