"""Formulas: one tree, three ways to write it."""

from __future__ import annotations

from lxml import etree

from maps import methods
from maps.formulas import over, row, size, total
from maps.word_xml import equation


def test_a_formula_reads_on_one_line() -> None:
    formula = row("S_z", "=", over(row(total("i ∈ z"), "a_i"), row(size("b", "−", "c"))))
    assert formula.plain() == "S_z = (Σ(i ∈ z) a_i) / (|b − c|)"


def test_signs_are_slanted_and_words_upright() -> None:
    html = row("T_i", "=", "min", "x").html()
    assert "<i>T</i><sub>i</sub>" in html
    assert '<span class="op">min</span>' in html


def test_text_in_formulas_is_escaped() -> None:
    html = row("a_<b>", "<script>").html()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_sum_in_word_holds_the_term_it_sums() -> None:
    xml = etree.tostring(equation(row(total("i"), "a_i", "T_i", "+", "b"), alone=True)).decode()
    inside, after = xml.split("</m:nary>")
    assert inside.count("<m:sSub>") == 2
    assert "b</m:t>" in after


def test_every_formula_of_the_methods_can_be_written_all_ways() -> None:
    for formula in (*methods.RESPONSE, *methods.AUDIT, methods.GAP, *methods.OBJECTIVES.values()):
        assert formula.plain()
        assert formula.html()
        assert len(equation(formula)) > 0
