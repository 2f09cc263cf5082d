"""The pages of the directory: to look somebody up, and to say what others see of oneself."""

from datetime import date

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import signed_in
from cosn_site.clock import association_day
from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from members import directory as verbs
from members.directory import Choices
from members.models import DirectoryEntry
from members.signed_in import person_of
from members.states import NAMES

A_PAGE = 24
READS, SECONDS = 60, 10 * 60  # pages of the directory that one person may open, lists and people alike
FIELDS = ("shows_title", "shows_organization", "shows_state", "shows_email", "about")


class SearchForm(forms.Form):
    """Whom one looks for."""

    q = forms.CharField(
        label="Name, place of work, or subject",
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search"}),
    )
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *NAMES.items()])


class EntryForm(forms.ModelForm[DirectoryEntry]):
    """What a person lets other members see."""

    class Meta:
        model = DirectoryEntry
        fields = FIELDS
        labels = {"about": "What colleagues may ask you about"}
        help_texts = {"about": "Such as device programs or data privacy. At most 300 characters."}
        widgets = {"about": forms.Textarea(attrs={"rows": 3})}

    def choices(self) -> Choices:
        return Choices(**{name: self.cleaned_data[name] for name in FIELDS})


@signed_in
@never_cache
@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    """Members who want to be found, for members: `?q=` and `state=` search, `person=` is one of them."""
    person, now = person_of(request), timezone.now()
    today = association_day(now)
    if not verbs.may_read(person, today):
        return render(request, "members/directory_closed.html")
    if not within_limit("directory", str(person.pk), times=READS, seconds=SECONDS, now=now):
        response = render(request, "members/directory_too_fast.html", status=429)
        response.headers["Retry-After"] = str(SECONDS)
        return response
    if "person" in request.GET:
        return _one(request, today)
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "state": ""}
    found = verbs.search(today, words=asked["q"], state=asked["state"])
    page = Paginator(verbs.cards(found), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "cards": [verbs.card(row) for row in page.object_list],
        "is_search": bool(asked["q"] or asked["state"]),
        "page_range": page.paginator.get_elided_page_range(page.number),
    }
    return render(request, "members/directory.html", context, status=422 if form.errors else 200)


def _one(request: HttpRequest, today: date) -> HttpResponse:
    asked = request.GET["person"]
    is_key = asked.isascii() and asked.isdigit() and len(asked) < 10
    card = verbs.card_of(int(asked), today) if is_key else None
    if card is None:
        raise Http404
    return render(request, "members/directory_person.html", {"card": card})


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_entry(request: HttpRequest) -> HttpResponse:
    """Be listed, choose each field, see what others see, leave."""
    person, now = person_of(request), timezone.now()
    today, step = association_day(now), request.POST.get("step", "")
    entry = DirectoryEntry.objects.filter(person=person).first()
    if step == "leave":
        verbs.leave_directory(person=person, by=person, now=now)
        messages.success(request, "You are in the directory no more.")
        return redirect("members:my_entry")
    form = EntryForm(request.POST if request.method == "POST" else None, instance=entry)
    choices = Choices(**{name: getattr(entry, name) for name in FIELDS}) if entry else Choices()
    if form.is_valid():
        choices = form.choices()
        if step == "list":
            try:
                verbs.list_person(person=person, choices=choices, by=person, now=now, today=today)
            except StepRefused as refused:
                form.add_error(None, refused.sentence)
            else:
                messages.success(request, "Other members see you as shown here.")
                return redirect("members:my_entry")
    context = {
        "form": form,
        "is_listed": entry is not None,
        "is_member": verbs.is_member(person, today),
        "is_preview": step == "preview",
        "card": verbs.preview(person, choices),
    }
    return render(request, "members/my_directory_entry.html", context, status=422 if form.errors else 200)
