"""What comes out of an author's Markdown, and what never does."""

import re

import pytest
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from cosn_site.markdown import Heading, headings, render


def test_text_is_set_with_typographic_quotes_dashes_and_ellipses() -> None:
    html = render('She said "it\'s 2015--2016"... and left.')
    assert html == "<p>She said “it’s 2015–2016”… and left.</p>\n"


def test_a_c_in_brackets_stays_the_third_of_three_things() -> None:
    assert "(c) the third" in render("(a) one, (c) the third")


def test_the_result_can_be_put_in_a_template_as_it_is() -> None:
    assert isinstance(render("a & b"), SafeString)
    assert render("a & b") == "<p>a &amp; b</p>\n"


def test_html_in_the_text_is_shown_and_not_obeyed() -> None:
    html = render("<script>alert(1)</script>\n\nA <b onclick='x()'>word</b>.")
    assert "<script" not in html
    assert "<b" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "scheme", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc/hosts"]
)
def test_a_link_that_would_run_or_open_something_is_no_link(scheme: str) -> None:
    assert "href" not in render(f"[here]({scheme})")
    assert "href" in render("[here](https://example.org/)")


def test_only_links_that_leave_the_site_carry_noopener() -> None:
    assert render("[x](https://example.org/)") == '<p><a href="https://example.org/" rel="noopener">x</a></p>\n'
    assert render("[x](//example.org/)") == '<p><a href="//example.org/" rel="noopener">x</a></p>\n'
    assert render("[x](/knowledge-center/)") == '<p><a href="/knowledge-center/">x</a></p>\n'
    assert render("[x](#s-part)") == '<p><a href="#s-part">x</a></p>\n'
    assert render("<press@example.org>") == '<p><a href="mailto:press@example.org">press@example.org</a></p>\n'


def test_of_an_image_only_its_words_are_kept() -> None:
    html = render("![A *chart* of <seats>](https://example.org/chart.png)")
    assert html == "<p>A chart of &lt;seats&gt;</p>\n"


def test_aligned_columns_get_a_class_and_no_style() -> None:
    html = render("| Line | Cost |\n|:--|--:|\n| Wires | 10 |")
    assert "style" not in html
    assert '<th class="align-right" scope="col">Cost</th>' in html
    assert '<td class="align-right">10</td>' in html


def test_a_table_is_a_named_region_that_a_keyboard_can_reach() -> None:
    html = render('| "Line" | Cost |\n|--|--|\n| Wires | 10 |\n\ntext\n\n| Other |\n|--|\n| x |')
    assert '<div class="table-scroll" role="region" tabindex="0" aria-label="Table 1: “Line”, Cost"><table>' in html
    assert 'aria-label="Table 2: Other"' in html
    assert html.count("</table></div>") == 2


def test_the_shallowest_heading_comes_out_at_the_level_asked_for() -> None:
    for text in ("# A\n\n## B", "## A\n\n### B", "#### A\n\n##### B"):
        assert '<h2 id="s-a">A</h2>' in render(text)
        assert '<h3 id="s-b">B</h3>' in render(text)
    assert '<h4 id="s-a">A</h4>' in render("# A", heading_level=4)


def test_no_heading_skips_a_level_or_goes_below_the_sixth() -> None:
    assert [heading.level for heading in headings("# A\n\n#### B\n\n##### C\n\n## D")] == [2, 3, 4, 3]
    assert [heading.level for heading in headings("### A\n\n# B")] == [2, 2]
    assert [heading.level for heading in headings("# A\n\n## B\n\n### C", heading_level=5)] == [5, 6, 6]


def test_headings_name_the_anchors_that_the_page_has() -> None:
    text = '## What we *heard*\n\n## What we heard\n\n## `x` & "y"\n\n## 日本'
    found = headings(text)
    assert found == [
        Heading(2, "What we heard", "s-what-we-heard"),
        Heading(2, "What we heard", "s-what-we-heard-2"),
        Heading(2, "x & “y”", "s-x-y"),
        Heading(2, "日本", "s-section"),
    ]
    assert re.findall(r'id="([^"]+)"', render(text)) == [heading.anchor for heading in found]


@given(st.text(alphabet=st.sampled_from("#*_[]()<>|-:\"'`!&=/\\ \nabstyle123."), max_size=120))
def test_whatever_is_typed_no_style_no_script_and_no_handler_comes_out(text: str) -> None:
    html = render(text)
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.search(r"\s(style|on\w+|src)\s*=|<(script|style|img|iframe)\b", tag)]
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert ids == [heading.anchor for heading in headings(text)]
