"""What people told us about their needs is erased 30 days after the forum ended.

The rows are deleted. Answers have no history (`forums.models.Answer`), and nothing else repeats them, so that nothing
of them is left.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cosn_site.verbs import audited
from forums.models import Answer, Forum, SurveyAnswer
from forums.questions import ERASED_AFTER_DAYS

KEPT_FOR = timedelta(days=ERASED_AFTER_DAYS)  # as who answers is told


def erase_due_answers(now: datetime) -> int:
    """Erase the sensitive answers of each forum that ended 30 days ago or earlier. Answers how many forums.

    Safe to run twice. A day that was missed is caught up, and so is a question that is called sensitive only later.
    """
    left = Q()
    for answers, registration in ((Answer, "registration__forum"), (SurveyAnswer, "response__forum")):
        left |= Q(Exists(answers.objects.filter(question__is_sensitive=True, **{registration: OuterRef("pk")})))
    due = Forum.objects.filter(Q(answers_erased_at=None) | left, ends_at__lte=now - KEPT_FOR)
    for pk in (keys := list(due.order_by("pk").values_list("pk", flat=True))):
        with transaction.atomic(), audited("erase_sensitive_answers", by=None):
            Answer.objects.filter(registration__forum=pk, question__is_sensitive=True).delete()
            SurveyAnswer.objects.filter(response__forum=pk, question__is_sensitive=True).delete()
            Forum.objects.filter(pk=pk).update(answers_erased_at=now)
    return len(keys)
