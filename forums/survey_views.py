"""The pages of the survey: its form behind the link to a registration, and what it brought, for staff."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import staff_only
from cosn_site.verbs import StepRefused
from forums.links import token_of
from forums.models import Forum, Registration
from forums.my_registration_views import acting, for_holder
from forums.questions import QuestionsForm
from forums.survey import FEWEST, answer_survey, check_may_answer, results_of, survey_questions
from members.models import User

SEES_RESULTS = "forums.view_surveyresponse"


@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, row: Registration) -> HttpResponse:
    """What it was like: asked of those who were there, once."""
    questions, now = survey_questions(row.forum), timezone.now()
    form, said = None, "" if questions else "This forum has no survey."
    try:
        check_may_answer(row, now)
        if questions:
            form = QuestionsForm(request.POST if request.method == "POST" else None, questions=questions)
        if form is not None and form.is_valid():
            answer_survey(registration=row, answers=form.answers(), by=acting(request, row), now=now)
            form, said = None, "Thank you. Your answers are kept without your name."
    except StepRefused as refused:
        form, said = None, refused.sentence
    context = {"row": row, "forum": row.forum, "token": token_of(row), "form": form, "said": said}
    return render(request, "forums/survey.html", context, status=422 if form is not None and form.errors else 200)


@staff_only
@never_cache
@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """What the survey of a forum brought."""
    if not cast("User", request.user).has_perm(SEES_RESULTS):
        raise PermissionDenied
    forum = get_object_or_404(Forum.objects.published(), slug=slug)
    return render(request, "forums/survey_results.html", {"forum": forum, "found": results_of(forum), "fewest": FEWEST})
