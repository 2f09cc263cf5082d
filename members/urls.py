"""Addresses about the person and membership."""

from django.urls import path

from members import directory_views, my_seat_views, renewal_views, views
from members.roster import page, paper_views, seat_views

app_name = "members"
ORGANIZATION = "account/organization/<slug:slug>/"
urlpatterns = [
    path("membership/", views.plans, name="plans"),
    path("membership/renew/<str:token>/", renewal_views.renewal, name="renewal"),
    path("membership/directory/", directory_views.directory, name="directory"),
    path("account/directory/", directory_views.my_entry, name="my_entry"),
    path("account/", views.account, name="account"),
    path("account/details/", views.profile, name="profile"),
    path("account/seat/", my_seat_views.my_seat, name="seat"),
    path("account/welcome/", my_seat_views.welcome, name="welcome"),
    path("membership/invitations/<str:token>/", my_seat_views.invitation, name="invitation"),
    path("membership/domains/<str:token>/", my_seat_views.domain_link, name="domain_link"),
    path("account/organization/", page.organization, name="organization"),
    path(ORGANIZATION, page.organization_of, name="organization_of"),
    path(f"{ORGANIZATION}invite/", seat_views.invite, name="organization_invite"),
    path(f"{ORGANIZATION}invitations/<int:pk>/again/", seat_views.invite_again, name="organization_invite_again"),
    path(f"{ORGANIZATION}invitations/<int:pk>/withdraw/", seat_views.withdraw_invitation, name="organization_withdraw"),
    path(f"{ORGANIZATION}seats/<int:pk>/take/", seat_views.take_seat, name="organization_take_seat"),
    path(f"{ORGANIZATION}seats/<int:pk>/swap/", seat_views.swap_seat, name="organization_swap_seat"),
    path(f"{ORGANIZATION}seats/<int:pk>/hand-off/", seat_views.hand_off, name="organization_hand_off"),
    path(f"{ORGANIZATION}requests/<int:pk>/give/", seat_views.give_to_request, name="organization_give_to_request"),
    path(f"{ORGANIZATION}requests/<int:pk>/decline/", seat_views.decline_request, name="organization_decline"),
    path(f"{ORGANIZATION}contacts/<int:pk>/seat/", seat_views.give_seat, name="organization_give_seat"),
    path(f"{ORGANIZATION}contacts/<int:pk>/primary/", paper_views.make_primary, name="organization_make_primary"),
    path(f"{ORGANIZATION}contacts/<int:pk>/billing/", paper_views.set_billing, name="organization_set_billing"),
    path(f"{ORGANIZATION}domains/add/", paper_views.add_domain, name="organization_add_domain"),
    path(f"{ORGANIZATION}domains/<int:pk>/", paper_views.domain, name="organization_domain"),
    path(f"{ORGANIZATION}domains/<int:pk>/check/", paper_views.check_domain, name="organization_check_domain"),
    path(f"{ORGANIZATION}domains/<int:pk>/mail/", paper_views.mail_postmaster, name="organization_mail_postmaster"),
    path(f"{ORGANIZATION}domains/<int:pk>/remove/", paper_views.remove_domain, name="organization_remove_domain"),
    path(f"{ORGANIZATION}certificates/add/", paper_views.add_certificate, name="organization_add_certificate"),
    path(f"{ORGANIZATION}certificates/<int:pk>/", paper_views.certificate, name="organization_certificate"),
]
