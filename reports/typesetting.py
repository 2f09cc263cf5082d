"""A report's Markdown, set as a PDF that the association can be proud of: cover, contents, running heads, page numbers.

The page number that is printed is the page's number in the file, the cover included, so that a search hit "page 7" is
page 7 on paper, too.
"""

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string

from cosn_site import markdown, pdf
from reports import covers

STYLESHEETS = ("type.css", "report.css")


@dataclass(frozen=True, slots=True)
class Manuscript:
    """All that a report's PDF shows.

    `imprint` are lines for the cover, such as the forum that it grew from; `edition` is one like "Second edition,
    February 2014"; `motif` is the cover's, 0 to 8.
    """

    title: str
    series_label: str
    year: int
    slug: str
    motif: int
    body: str
    authors: tuple[str, ...] = ()
    imprint: tuple[str, ...] = ()
    edition: str = ""
    language: str = "en"

    @property
    def main_title(self) -> str:
        """The title to its first colon."""
        return self.title.partition(":")[0].strip()

    @property
    def subtitle(self) -> str:
        """What follows the title's first colon; empty without one."""
        return self.title.partition(":")[2].strip()

    @property
    def imprint_lines(self) -> list[str]:
        """Who wrote it, where it comes from, which edition: those of them that there are."""
        return [line for line in (", ".join(self.authors), *self.imprint, self.edition) if line]


def typeset(manuscript: Manuscript) -> bytes:
    """The manuscript as a tagged PDF/UA-1 in Letter size, with an outline. The same manuscript gives the same bytes.

    Headings of the body may begin at any level: the shallowest are the sections, listed in the contents. Raises
    `cosn_site.pdf.PdfFailed`.
    """
    found = markdown.headings(manuscript.body)
    context = {
        "manuscript": manuscript,
        "imprint": manuscript.imprint_lines,
        "title_size": _title_size(manuscript),
        "sections": [heading for heading in found if heading.level == 2],
        "text": markdown.render(manuscript.body),
    }
    art = covers.art_svg(manuscript.year, manuscript.slug, motif=manuscript.motif)
    return pdf.write_pdf(
        render_to_string("pdf/report.html", context),
        base_url=settings.SITE_URL,
        stylesheets=STYLESHEETS,
        attached={"art.svg": art.encode(), "palette.css": _palette_css(manuscript.year).encode()},
        seconds=60,
    )


def _title_size(manuscript: Manuscript) -> str:
    """The class that keeps a long title off the art: titles have up to 250 letters."""
    main, whole = len(manuscript.main_title), len(manuscript.title)
    if main > 90 or whole > 170:
        return "longest"
    return "long" if main > 52 or whole > 105 else ""


def _palette_css(year: int) -> str:
    """The colours of the year; `accent` and `deep` are the two that can be seen on white paper."""
    colours = covers.PALETTES[covers.palette_number(year)]
    dark_cover = colours.type > colours.ground  # light type on a dark ground: the greater number is the lighter colour
    deep = colours.ground if dark_cover else colours.type
    return (
        f":root{{--ground:{colours.ground};--form:{colours.form};--type:{colours.type};"
        f"--accent:{colours.form};--deep:{deep}}}"
    )
