"""Django's database sessions, read by a prepared query: every request of a signed-in person begins with one."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from cosn_site.prepared import Prepared, columns, instance

_COLUMNS = columns(Session)
_session = Prepared(
    "session_by_key", ["text"], lambda key: Session.objects.filter(session_key=key).values_list(*_COLUMNS)
)


class SessionStore(DatabaseSessionStore):
    """As Django's own: a session that is gone or expired is forgotten."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        for row in _session(key) if key and key.isalnum() else ():  # others are none of ours, and some break a query
            session = instance(Session, _COLUMNS, row)
            if session.expire_date > timezone.now():
                return session
        self._session_key = None
        return None
