"""How the library is arranged: series, focus areas, frameworks with their categories and skills."""

from typing import Any

from django.contrib import admin

from cosn_site.model_admin import RoomAdmin, RowsInline
from reports.models import Category, FocusArea, Framework, FrameworkEdition, Report, Series, Skill


class ShelfAdmin(RoomAdmin):
    """Something that reports stand under. It can go while nothing stands there."""

    list_display: tuple[str, ...] = ("name", "slug", "position")
    list_editable = ("position",)
    prepopulated_fields = {"slug": ("name",)}
    search_fields = ("name", "slug")
    view_on_site = False

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        """The address stays once it was given."""
        return ["slug"] if obj else []

    def get_prepopulated_fields(self, request: Any, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}


@admin.register(Series)
class SeriesAdmin(ShelfAdmin):
    list_display = ("name", "singular", "slug", "position")

    def may_be_deleted(self, obj: Series) -> bool:
        return not obj.reports.exists()


@admin.register(FocusArea)
class FocusAreaAdmin(ShelfAdmin):
    change_form_template = "admin/reports/public_change_form.html"

    def may_be_deleted(self, obj: FocusArea) -> bool:
        return not (obj.reports.exists() or obj.news.exists())


class FrameworkEditionInline(RowsInline):
    model = FrameworkEdition


class CategoryInline(RowsInline):
    model = Category
    fields = ("position", "name", "slug", "aligned_to")
    prepopulated_fields = {"slug": ("name",)}
    can_delete = False
    show_change_link = True


class SkillInline(RowsInline):
    model = Skill
    fields = ("position", "name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    can_delete = False


@admin.register(Framework)
class FrameworkAdmin(ShelfAdmin):
    change_form_template = "admin/reports/public_change_form.html"
    inlines = (FrameworkEditionInline, CategoryInline)
    autocomplete_fields = ("report",)


@admin.register(Category)
class CategoryAdmin(ShelfAdmin):
    list_display = ("name", "framework", "position")
    list_filter = ("framework",)
    list_select_related = ("framework",)
    inlines = (SkillInline,)

    def may_be_deleted(self, obj: Category) -> bool:
        return not (Report.objects.filter(categories=obj).exists() or obj.skills.exists())


@admin.register(Skill)
class SkillAdmin(ShelfAdmin):
    list_display = ("name", "category", "position")
    list_filter = ("category__framework", "category")
    list_select_related = ("category",)

    def may_be_deleted(self, obj: Skill) -> bool:
        return not obj.takeaways.exists()
