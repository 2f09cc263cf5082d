"""A forum with one seat, in a real browser on a phone: from the code in the mail to the certificate."""

from collections.abc import Callable

import psycopg2
from playwright.sync_api import expect

from tests.test_journeys.conftest import PHONE, Demo, Visitor
from tests.test_journeys.mail import mailed_to
from tests.test_journeys.test_register import link_mailed_to, registers, shows_whose_address_it_is

Someone = Callable[..., Visitor]
SLUG = "one-seat"


def run(demo: Demo, statement: str, *values: object) -> None:
    """What nobody can do in a browser: have a forum of one seat, and let its day pass."""
    connection = psycopg2.connect(demo.database)
    try:
        connection.autocommit = True
        connection.cursor().execute(statement, values)
    finally:
        connection.close()


def announce_one_seat(demo: Demo) -> None:
    run(
        demo,
        """
        INSERT INTO forums_forum SELECT (jsonb_populate_record(like_it, jsonb_build_object(
            'id', nextval(pg_get_serial_sequence('forums_forum', 'id')), 'slug', %s, 'title', 'One seat'))).*
        FROM forums_forum like_it WHERE slug = 'who-decides';
        INSERT INTO forums_seating (forum_id, capacity, held, extra, waiting, last_place)
        SELECT id, 1, 0, 0, 0, 0 FROM forums_forum WHERE slug = %s
        """,
        SLUG,
        SLUG,
    )


def takes_what_there_is(visitor: Visitor, email: str, name: str, *, button: str) -> None:
    """From the registration page, signed out, by the code in the mail, to one's own page."""
    shows_whose_address_it_is(visitor, SLUG, email=email, name=name)
    registers(visitor, district="Cedar Falls Schools", button=button)


def test_a_seat_goes_from_the_first_to_the_second_who_is_checked_in_and_gets_the_certificate(someone: Someone) -> None:
    first, second, staff = someone(PHONE), someone(PHONE), someone(PHONE)
    ana, ben = "ana@cedarfalls.example", "ben@cedarfalls.example"
    announce_one_seat(first.demo)

    takes_what_there_is(first, ana, "Ana Fuller", button="Register")
    expect(first.page.get_by_role("img", name="QR code for check-in")).to_be_visible()
    takes_what_there_is(second, ben, "Ben Ortega", button="Join the waitlist")
    expect(second.page.get_by_role("heading", name="You are 1st of 1 in line")).to_be_visible()

    first.goes_to(link_mailed_to(first.demo, ana))
    first.page.get_by_role("link", name="Cancel my registration").click()
    first.page.get_by_role("button", name="Cancel my registration").click()
    expect(first.page.get_by_role("heading", name="Your registration is cancelled")).to_be_visible()

    mailed_to(second.demo, ben, "(A seat is held for you)")
    second.goes_to(link_mailed_to(second.demo, ben))
    second.page.get_by_role("button", name="Take the seat").click()
    expect(second.page.get_by_role("img", name="QR code for check-in")).to_be_visible()

    ((ticket,),) = second.demo.query(
        "SELECT ticket FROM forums_registration WHERE state = 'confirmed' AND person_id ="
        " (SELECT id FROM members_user WHERE email = %s)",
        ben,
    )
    staff.signs_in("staff")
    staff.goes_to(f"/cto-forums/t/{ticket}/")
    staff.page.get_by_role("button", name="Check in Ben Ortega").click()
    expect(staff.page.get_by_text("Ben Ortega is checked in")).to_be_visible()

    run(
        second.demo,
        "UPDATE forums_forum SET starts_at = now() - interval '4 hours', ends_at = now() - interval '1 minute',"
        " registration_closes_at = now() - interval '5 hours' WHERE slug = %s",
        SLUG,
    )
    own = link_mailed_to(second.demo, ben)
    second.goes_to(own)
    second.page.get_by_role("link", name="certificate").click()
    make = second.page.get_by_role("button", name="certificate")
    make.click()
    answer = second.page.request.get(f"{second.demo.url}{own}certificate.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    ((number, name),) = second.demo.query("SELECT number, name FROM forums_certificate")
    assert name == "Ben Ortega"
    anybody = someone(PHONE)
    assert anybody.goes_to(f"/cto-forums/certificates/{number}/") == 200
    expect(anybody.page.get_by_text("Ben Ortega").first).to_be_visible()
