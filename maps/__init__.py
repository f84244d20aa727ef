"""What people look at: interactive pages, figures and reports; draws tables, computes nothing.

`maps.tables.CoverageTables` is the border: tables come in there and are checked. From them and the
run's result `maps.interactive.coverage_page` makes the page, `maps.static.coverage_figure` the map
for a document, `maps.charts` the charts and `maps.report.report_page` the report.
"""
