"""Finding one report with its current edition: the query behind every report page and every download."""

from cosn_site.prepared import Prepared, columns, instance
from reports.models import Edition, Report, Series

# Long texts and the search vector are read when a page shows them.
_REPORT = columns(Report, without=["body", "search", "alternate_title"])
_EDITION = columns(Edition, without=["source"])
_SERIES = columns(Series)
_CUT_EDITION, _CUT_SERIES = len(_REPORT), len(_REPORT) + len(_EDITION)

_report = Prepared(
    "report_by_slug",
    ["text"],
    lambda slug: Report.objects.filter(slug=slug).values_list(
        *_REPORT,
        *(f"current_edition__{name}" for name in _EDITION),
        *(f"series__{name}" for name in _SERIES),
    ),
)


def find_report(slug: str) -> Report | None:
    """The report with this address, its current edition and its series, in one statement; None without one."""
    for row in _report(slug):
        report = instance(Report, _REPORT, row[:_CUT_EDITION])
        has_edition = report.current_edition_id is not None
        report.current_edition = instance(Edition, _EDITION, row[_CUT_EDITION:_CUT_SERIES]) if has_edition else None
        report.series = instance(Series, _SERIES, row[_CUT_SERIES:])
        return report
    return None
