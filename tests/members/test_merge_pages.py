"""The pages of merging in the admin: choose the other one, see both side by side, confirm with a reason."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from members.models import Contact, Merge, Organization, User
from tests import people
from tests.site.test_hostile_words import HOSTILE, caught

pytestmark = pytest.mark.django_db


def at(row: Any, page: str = "merge") -> str:
    return reverse(f"admin:members_{row._meta.model_name}_{page}", args=[row.pk])


def page(browser: Client, where: str, status: int = 200, **data: Any) -> str:
    answer = browser.get(where, data)
    assert answer.status_code == status, (where, answer.status_code)
    return answer.content.decode()


@pytest.fixture
def staff() -> Client:
    return people.browser(people.staff())


def organization(slug: str, **more: Any) -> Organization:
    return Organization.objects.create(**{"slug": slug, "name": slug.title(), "kind": "district", **more})


def test_a_person_is_found_by_address_looked_at_and_merged(staff: Client) -> None:
    kept, other = people.visitor(), people.purchase()
    assert at(kept) in page(staff, at(kept, "change"))
    found = page(staff, at(kept), q="purchase@")
    assert f"?with={other.pk}" in found
    both = page(staff, at(kept), **{"with": other.pk})
    assert "visitor@example.org" in both
    assert "purchase@example.org" in both
    assert not Merge.objects.exists(), "looking merges nothing"
    assert staff.post(at(kept), {"other": other.pk}).status_code == 422
    answer = staff.post(at(kept), {"other": other.pk, "reason": "The same person."})
    assert answer.headers["Location"] == at(kept, "change")
    assert Merge.objects.get().merged_person == other
    assert "purchase@example.org" in page(staff, reverse("admin:account_emailaddress_changelist"))


def test_an_organization_is_found_by_its_id_and_merged(staff: Client) -> None:
    kept = people.maple_valley().organization
    assert kept is not None
    twin = organization("twin", nces_id="2700001")
    Contact.objects.create(organization=twin, person=people.visitor(), is_primary=True)
    assert f"?with={twin.pk}" in page(staff, at(kept), q="2700001")
    people.contact()
    both = page(staff, at(kept), **{"with": twin.pk})
    assert "2700001" in both
    assert "Lee Montgomery is no longer the primary contact" in both
    staff.post(at(kept), {"other": twin.pk, "reason": "Written twice."})
    assert "This was merged into" in page(staff, at(twin, "change"))
    assert "Written twice." in page(staff, reverse("admin:members_merge_changelist"))
    page(staff, reverse("admin:members_merge_change", args=[Merge.objects.get().pk]))


def test_a_merge_that_cannot_be_says_why_and_offers_no_button(staff: Client) -> None:
    kept, other = people.lapsed(), people.individual("also", starts=-500, ends=-400)
    both = page(staff, at(kept), **{"with": other.pk})
    assert "Both have a term for the same days" in both
    assert "Merge the two" not in both
    answer = staff.post(at(kept), {"other": other.pk, "reason": "x"})
    assert answer.status_code == 422
    assert not Merge.objects.exists()


def test_lists_and_pickers_leave_merged_ones_out_and_a_filter_shows_them(staff: Client) -> None:
    kept, other = people.visitor(), people.purchase()
    first, second = organization("first-place"), organization("second-place")
    staff.post(at(kept), {"other": other.pk, "reason": "x"})
    staff.post(at(first), {"other": second.pk, "reason": "x"})
    for row, name in ((other, "merged-"), (second, "second-place")):
        listed = reverse(f"admin:members_{row._meta.model_name}_changelist")
        key = f"/{row.pk}/change/"
        assert key not in page(staff, listed)
        assert key in page(staff, listed, merged="yes")
        assert key in page(staff, listed, merged="all")
        assert f"?with={row.pk}" not in page(staff, at(kept if row is other else first), q=name)
    asked = {"app_label": "members", "model_name": "membership", "field_name": "person", "term": "Noor"}
    assert staff.get("/admin/autocomplete/", asked).json()["results"] == []
    asked |= {"field_name": "organization", "term": "place"}
    assert [row["id"] for row in staff.get("/admin/autocomplete/", asked).json()["results"]] == [str(first.pk)]


def test_what_was_merged_is_only_looked_at(staff: Client) -> None:
    kept, other = people.visitor(), people.purchase()
    staff.post(at(kept), {"other": other.pk, "reason": "x"})
    staff.post(at(other, "change"), {"email": "back@example.org", "is_active": "on", "time_zone": "America/New_York"})
    other.refresh_from_db()
    assert (other.is_active, other.merged_into) == (False, kept)
    assert staff.get(at(other)).status_code == 403
    assert staff.post(reverse("admin:auth_user_password_change", args=[other.pk]), {}).status_code == 403


def test_nobody_merges_without_the_permission_for_it() -> None:
    kept, other = people.visitor(), people.purchase()
    clerk = people.person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    browser = people.browser(clerk)
    assert at(kept) not in page(browser, at(kept, "change"))
    for who in (browser, people.browser(people.editor()), people.browser(people.member()), Client()):
        assert who.get(at(kept)).status_code in (302, 403)
        assert who.post(at(kept), {"other": other.pk, "reason": "x"}).status_code in (302, 403)
    assert not Merge.objects.exists()
    clerk.user_permissions.add(Permission.objects.get(codename="add_merge"))
    browser = people.browser(User.objects.get(pk=clerk.pk))
    page(browser, at(kept))
    answer = browser.post(at(people.staff()), {"other": other.pk, "reason": "x"})
    assert answer.status_code == 422
    assert "Only who may do everything" in answer.content.decode()


@pytest.mark.parametrize("asked", [{"with": "0"}, {"with": "nine"}, {"with": "9" * 40}, {"q": "\x00"}, {"q": "%"}])
def test_odd_questions_are_answered_with_the_search(staff: Client, asked: dict[str, Any]) -> None:
    assert "merge-q" in page(staff, at(people.visitor()), **asked)


def test_one_is_not_merged_with_itself(staff: Client) -> None:
    kept = people.visitor()
    assert "merge-q" in page(staff, at(kept), **{"with": kept.pk})


def test_hostile_names_stay_words(staff: Client) -> None:
    kept, other = people.visitor(), people.purchase()
    User.objects.exclude(pk=people.staff().pk).update(name=HOSTILE, title=HOSTILE[:100])
    seen = page(staff, at(kept), q=HOSTILE) + page(staff, at(kept), **{"with": other.pk})
    staff.post(at(kept), {"other": other.pk, "reason": HOSTILE})
    seen += page(staff, at(other, "change")) + page(staff, reverse("admin:members_merge_changelist"))
    assert caught(seen) == []
    assert "onerror" in seen
