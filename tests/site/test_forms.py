"""How a form comes out of `{{ form }}`."""

from django import forms
from django.template import Context, Template


class Invitation(forms.Form):
    email = forms.EmailField(label="Work e-mail", help_text="They get a link that works for 14 days.")
    note = forms.CharField(label="A note", required=False, widget=forms.Textarea(attrs={"class": "tall"}))
    kind = forms.ChoiceField(label="Kind", choices=[("a", "District"), ("b", "Company")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="I agree")
    token = forms.CharField(widget=forms.HiddenInput, initial="t")


def drawn(form: forms.Form) -> str:
    return Template("{{ form }}").render(Context({"form": form}))


def test_a_hint_and_an_error_describe_their_field() -> None:
    html = drawn(Invitation({"email": "nobody", "kind": "a", "agree": "on", "token": "t"}))
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'id="id_email_helptext"' in html
    assert 'id="id_email_error"' in html
    assert 'aria-invalid="true"' in html


def test_what_was_typed_stays() -> None:
    assert 'value="nobody"' in drawn(Invitation({"email": "nobody"}))


def test_a_field_without_errors_is_not_marked() -> None:
    html = drawn(Invitation())
    assert "aria-invalid" not in html
    assert "error" not in html


def test_only_what_may_be_left_out_says_so() -> None:
    assert drawn(Invitation()).count("(optional)") == 1


def test_boxes_one_types_into_look_alike_and_keep_their_own_class() -> None:
    html = drawn(Invitation())
    assert 'class="tall input"' in html
    assert html.count('type="radio"') == 2
    assert 'type="checkbox" name="agree" class=' not in html


def test_a_group_of_radios_has_a_legend() -> None:
    assert "<legend" in drawn(Invitation())


def test_a_hidden_field_has_no_label() -> None:
    html = drawn(Invitation())
    assert html.count('name="token"') == 1
    assert 'for="id_token"' not in html


def test_a_form_with_many_errors_lists_links_to_them() -> None:
    html = drawn(Invitation({}))
    assert 'role="alert"' in html
    assert 'href="#id_email"' in html


def test_an_error_of_the_whole_form_stands_above_it() -> None:
    form = Invitation({"email": "a@example.org", "kind": "a", "agree": "on", "token": "t"})
    form.add_error(None, "The invitation was sent already.")
    html = drawn(form)
    assert html.index("The invitation was sent already.") < html.index('name="email"')
