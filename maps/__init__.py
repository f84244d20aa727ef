"""What people look at: interactive pages, figures and reports; draws tables, computes nothing.

`maps.tables.CoverageTables` is the border: tables come in there and are checked. From them and the
run's result `maps.interactive.coverage_page` makes the page, `maps.static.coverage_figure` the map
for a document, `maps.panels` several maps side by side and `maps.charts`, `maps.charts_plan` and
`maps.charts_audit` the charts. From a result and pictures alone `maps.report.page` makes the report
as a page and `maps.word.write` as a Word file.
"""
