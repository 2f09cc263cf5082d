"""Mail: one way to send a message that is written as templates.

A message `members/seat_given` is three files in `templates/emails/members/`: `seat_given_subject.txt`,
`seat_given.txt` and `seat_given.html`; the last two extend `emails/base.txt` and `emails/base.html`.
Call it from a task, never inside a transaction.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine
from django.template.loader import render_to_string


def compose(
    *, to: Iterable[str], template: str, context: Mapping[str, Any], reply_to: Iterable[str] = ()
) -> EmailMultiAlternatives:
    """The message `templates/emails/<template>…` filled in, not sent. `site_url` is added to the context.

    TemplateDoesNotExist when one of its three files is missing.
    """
    filled = {"site_url": settings.SITE_URL, **context}
    engine, plain = Engine.get_default(), Context(filled, autoescape=False)
    subject = " ".join(engine.get_template(f"emails/{template}_subject.txt").render(plain).split())
    message = EmailMultiAlternatives(
        subject=subject,
        body=engine.get_template(f"emails/{template}.txt").render(plain).strip() + "\n",
        to=list(to),
        reply_to=list(reply_to),
    )
    message.attach_alternative(render_to_string(f"emails/{template}.html", filled).strip(), "text/html")
    return message


def send_templated(
    to: str | Iterable[str], template: str, context: Mapping[str, Any], *, reply_to: Iterable[str] = ()
) -> None:
    """Compose and send. Whatever the mail service raises goes to the caller, so that a task can try again."""
    addresses = [to] if isinstance(to, str) else list(to)
    compose(to=addresses, template=template, context=context, reply_to=reply_to).send()
