"""How every form of the site is drawn: `{{ form }}` and `{{ field.as_field_group }}` come out as our own fields;
and the form that has none.

The ids of hint and error are Django's own (`id_name_helptext`, `id_name_error`), so `aria-describedby` is Django's too.
"""

from typing import Any

from django.forms import BoundField, Form, widgets
from django.forms.renderers import TemplatesSetting

_UNBOXED = (widgets.CheckboxInput, widgets.RadioSelect, widgets.CheckboxSelectMultiple, widgets.FileInput)


class SiteBoundField(BoundField):
    """A field whose text boxes and lists carry the class `input`, and whose placeholder never repeats its label."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: widgets.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if widget.is_hidden:
            return attrs
        if not isinstance(widget, _UNBOXED):
            own = f"{widget.attrs.get('class', '')} {attrs.get('class', '')}".split()
            attrs["class"] = " ".join(dict.fromkeys([*own, "input"]))
        if widget.attrs.get("placeholder") and widget.attrs["placeholder"] == str(self.label):
            attrs["placeholder"] = False
        return attrs


class SiteFormRenderer(TemplatesSetting):
    """Forms and fields in the site's markup. The admin draws its own, from its own templates."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = SiteBoundField


class NothingAsked(Form):
    """The form of a step that needs nothing but the press of its button."""
